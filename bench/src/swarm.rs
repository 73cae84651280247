//! Many browsers in one thread: each reads its frames and remembers the newest version that it has
//! seen. It does as little as possible, for it shares the machine with what is measured.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::SocketAddr,
    ops::Range,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::{
    http::Answer,
    tally::Tally,
    wire::{self, frame, version},
};

/// How long all sockets may take to have a first frame.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sockets of any number of boards, and one caller for each board.
pub(crate) struct Swarm {
    gateway: SocketAddr,
    poll: Poll,
    events: Events,
    browsers: Vec<Browser>,
    boards: Vec<Board>,
    buffer: Vec<u8>,
    tally: Tally,
}

struct Browser {
    stream: TcpStream,
    /// Whose answers wait for it, if any do.
    board: Option<usize>,
    /// The beginning of a frame.
    cut: Vec<u8>,
    version: u64,
}

/// One board, and the answer that is under way.
struct Board {
    caller: TcpStream,
    answered: Vec<u8>,
    /// Its sockets, which stand side by side.
    sockets: Range<usize>,
    /// When it was given, or should have been.
    given: Instant,
    acknowledged: Instant,
    /// The version of the answer, once it is known.
    wanted: Option<u64>,
    /// How many of its sockets have not seen that version.
    behind: usize,
    is_busy: bool,
}

impl Swarm {
    /// Opens the sockets of each board, and waits for the first frame of each.
    pub(crate) fn connect(gateway: SocketAddr, boards: &[Vec<String>]) -> anyhow::Result<Self> {
        let mut swarm = Self {
            gateway,
            poll: Poll::new()?,
            events: Events::with_capacity(4096),
            browsers: Vec::new(),
            boards: Vec::new(),
            buffer: vec![0; 256 << 10],
            tally: Tally::new(),
        };
        for (board, paths) in boards.iter().enumerate() {
            let caller = swarm.call(board)?;
            swarm.boards.push(Board {
                caller,
                answered: Vec::new(),
                sockets: swarm.browsers.len()..swarm.browsers.len() + paths.len(),
                given: Instant::now(),
                acknowledged: Instant::now(),
                wanted: None,
                behind: 0,
                is_busy: false,
            });
            for path in paths {
                swarm.open(Some(board), path)?;
            }
        }
        swarm.begin()?;
        Ok(swarm)
    }

    /// Opens more sockets, which read, but no answer waits for them.
    pub(crate) fn open_beside(&mut self, paths: &[String]) -> anyhow::Result<()> {
        for path in paths {
            self.open(None, path)?;
        }
        self.begin()
    }

    /// Closes those.
    pub(crate) fn close_beside(&mut self) {
        self.browsers.retain(|browser| browser.board.is_some());
    }

    /// Waits for the first frame of each socket.
    fn begin(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.browsers.iter().any(|browser| browser.version == 0) {
            ensure!(Instant::now() < deadline, "some sockets did not get a first frame");
            self.turn(Duration::from_millis(100))?;
        }
        self.tally = Tally::new();
        Ok(())
    }

    /// A connection for the answers of a board.
    fn call(&self, board: usize) -> anyhow::Result<TcpStream> {
        let caller = std::net::TcpStream::connect(self.gateway)?;
        caller.set_nodelay(true)?;
        caller.set_nonblocking(true)?;
        let mut caller = TcpStream::from_std(caller);
        self.poll.registry().register(&mut caller, Token(usize::MAX - board), Interest::READABLE)?;
        Ok(caller)
    }

    /// How many sockets there are.
    pub(crate) fn len(&self) -> usize {
        self.browsers.len()
    }

    /// What arrived since this was asked last.
    pub(crate) fn take_tally(&mut self) -> Tally {
        std::mem::replace(&mut self.tally, Tally::new())
    }

    fn open(&mut self, board: Option<usize>, path: &str) -> anyhow::Result<()> {
        let number = self.browsers.len();
        let (stream, early) = wire::open(self.gateway, number, path, None)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
        self.browsers.push(Browser { stream, board, cut: Vec::new(), version: 0 });
        self.hear(number, &early)
    }

    /// Gives an answer on a board that is not busy, and counts its delay from some moment.
    pub(crate) fn give(&mut self, board: usize, answer: &[u8], since: Instant) -> anyhow::Result<()> {
        let board = &mut self.boards[board];
        board.caller.write_all(answer)?;
        (board.given, board.wanted, board.is_busy) = (since, None, true);
        Ok(())
    }

    /// Whether the last answer of a board is not yet on all its sockets.
    pub(crate) fn is_busy(&self, board: usize) -> bool {
        self.boards[board].is_busy
    }

    /// Since when the longest answer is under way.
    pub(crate) fn waits_since(&self) -> Option<Instant> {
        self.boards.iter().filter(|board| board.is_busy).map(|board| board.given).min()
    }

    /// Reads whatever comes within a time.
    pub(crate) fn turn(&mut self, at_most: Duration) -> anyhow::Result<()> {
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        match self.poll.poll(&mut events, Some(at_most)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            polled => polled?,
        }
        for event in &events {
            let Token(number) = event.token();
            if number < self.browsers.len() {
                self.read(number)?
            } else {
                self.read_answer(usize::MAX - number)?
            }
        }
        self.events = events;
        Ok(())
    }

    fn read(&mut self, number: usize) -> anyhow::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let ended = loop {
            match self.browsers[number].stream.read(&mut buffer) {
                Ok(0) => break Err(anyhow::anyhow!("socket {number} was closed")),
                Ok(length) => {
                    if let Err(error) = self.hear(number, &buffer[..length]) {
                        break Err(error);
                    }
                    // An edge follows if more comes.
                    if length < buffer.len() {
                        break Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(()),
                Err(error) => break Err(error.into()),
            }
        };
        self.buffer = buffer;
        ended
    }

    /// Takes frames apart, of which a server masks none.
    fn hear(&mut self, number: usize, read: &[u8]) -> anyhow::Result<()> {
        let mut cut = std::mem::take(&mut self.browsers[number].cut);
        let mut rest: &[u8] = if cut.is_empty() {
            read
        } else {
            cut.extend_from_slice(read);
            &cut
        };
        while let Some((first, payload, after)) = frame(rest) {
            match first {
                0x81 => self.see(number, payload)?,
                0x88 => bail!("socket {number} was closed: {}", String::from_utf8_lossy(payload)),
                // A ping without words, answered without words.
                0x89 => self.browsers[number].stream.write_all(&[0x8a, 0x80, 0, 0, 0, 0])?,
                _ => {}
            }
            rest = after;
        }
        self.browsers[number].cut = rest.to_vec();
        Ok(())
    }

    fn see(&mut self, number: usize, text: &[u8]) -> anyhow::Result<()> {
        let version = version(text).context("a frame without a version")?;
        self.tally.frames += 1;
        self.tally.bytes += text.len() as u64;
        let browser = &mut self.browsers[number];
        ensure!(
            version >= browser.version,
            "socket {number} went back from {} to {version}",
            browser.version
        );
        let before = std::mem::replace(&mut browser.version, version);
        let Some(board) = browser.board else { return Ok(()) };
        let board = &mut self.boards[board];
        if let Some(wanted) = board.wanted
            && before < wanted
            && version >= wanted
        {
            self.tally.delays.saturating_record(board.given.elapsed().as_micros() as u64);
            board.behind -= 1;
            board.is_busy = board.behind > 0;
            if !board.is_busy {
                self.tally.lasts.saturating_record(board.acknowledged.elapsed().as_micros() as u64);
            }
        }
        Ok(())
    }

    fn read_answer(&mut self, number: usize) -> anyhow::Result<()> {
        if self.boards[number].caller.peek(&mut [0]).is_ok_and(|length| length == 0) {
            // A server may close a connection that nobody uses.
            ensure!(!self.is_busy(number), "an answer's connection was closed");
            self.boards[number].caller = self.call(number)?;
            return Ok(());
        }
        let board = &mut self.boards[number];
        loop {
            match board.caller.read(&mut self.buffer) {
                Ok(0) => bail!("an answer's connection was closed"),
                Ok(length) => board.answered.extend_from_slice(&self.buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        let Some(answer) = Answer::read(&board.answered)? else { return Ok(()) };
        let body: serde_json::Value = serde_json::from_slice(answer.body)?;
        ensure!(answer.status == 200, "an answer was refused: {body}");
        let wanted = body["version"].as_u64().context("an answer without a version")?;
        board.answered.clear();
        board.wanted = Some(wanted);
        let sockets = &self.browsers[board.sockets.clone()];
        board.behind = sockets.iter().filter(|browser| browser.version < wanted).count();
        board.is_busy = board.behind > 0;
        board.acknowledged = Instant::now();
        if !board.is_busy {
            self.tally.lasts.saturating_record(1);
        }
        // Frames that came before the answer's own reply are as late as the reply, at most.
        let delay = board.given.elapsed().as_micros() as u64;
        self.tally.delays.saturating_record_n(delay, (sockets.len() - board.behind) as u64);
        Ok(())
    }
}
