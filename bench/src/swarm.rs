//! Many browsers in one thread: each reads its frames and remembers the newest version that it has
//! seen. It does as little as possible, for it shares the machine with what is measured.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    ops::Range,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use socket2::{Domain, Socket, Type};

use crate::http::Answer;

/// Sockets come from so many addresses, for each has no more than about 28 000 ports.
const SOURCES: u8 = 8;

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sockets of any number of boards, and one caller for each board.
pub(crate) struct Swarm {
    poll: Poll,
    events: Events,
    browsers: Vec<Browser>,
    boards: Vec<Board>,
    /// So many of the first browsers do not read.
    deaf: usize,
    buffer: Vec<u8>,
    tally: Tally,
}

/// What arrived.
pub(crate) struct Tally {
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
    /// From giving an answer to each socket's having its frame, in microseconds.
    pub(crate) delays: Histogram<u64>,
}

impl Tally {
    fn new() -> Self {
        let delays = Histogram::new_with_bounds(1, 60_000_000, 3).expect("these bounds are fine");
        Self { frames: 0, bytes: 0, delays }
    }
}

struct Browser {
    stream: TcpStream,
    board: usize,
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
    given: Instant,
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
            poll: Poll::new()?,
            events: Events::with_capacity(4096),
            browsers: Vec::new(),
            boards: Vec::new(),
            deaf: 0,
            buffer: vec![0; 256 << 10],
            tally: Tally::new(),
        };
        for (board, paths) in boards.iter().enumerate() {
            let caller = std::net::TcpStream::connect(gateway)?;
            caller.set_nodelay(true)?;
            caller.set_nonblocking(true)?;
            let mut caller = TcpStream::from_std(caller);
            let token = Token(usize::MAX - board);
            swarm.poll.registry().register(&mut caller, token, Interest::READABLE)?;
            swarm.boards.push(Board {
                caller,
                answered: Vec::new(),
                sockets: swarm.browsers.len()..swarm.browsers.len() + paths.len(),
                given: Instant::now(),
                wanted: None,
                behind: 0,
                is_busy: false,
            });
            for path in paths {
                swarm.open(gateway, board, path)?;
            }
        }
        let deadline = Instant::now() + PATIENCE;
        while swarm.browsers.iter().any(|browser| browser.version == 0) {
            ensure!(Instant::now() < deadline, "some sockets did not get a first frame");
            swarm.turn(Duration::from_millis(100))?;
        }
        swarm.tally = Tally::new();
        Ok(swarm)
    }

    /// How many sockets there are.
    pub(crate) fn len(&self) -> usize {
        self.browsers.len()
    }

    /// What arrived since this was asked last.
    pub(crate) fn take_tally(&mut self) -> Tally {
        std::mem::replace(&mut self.tally, Tally::new())
    }

    /// Lets so many of the first browsers read nothing from now on; nobody waits for them.
    pub(crate) fn deafen(&mut self, browsers: usize) {
        self.deaf = browsers;
    }

    /// Lets all browsers read again, and first what they have not read.
    pub(crate) fn listen(&mut self) -> anyhow::Result<()> {
        let deaf = std::mem::take(&mut self.deaf);
        (0..deaf).try_for_each(|number| self.read(number))?;
        // What comes meanwhile is of no round.
        self.tally = Tally::new();
        Ok(())
    }

    fn open(&mut self, gateway: SocketAddr, board: usize, path: &str) -> anyhow::Result<()> {
        let number = self.browsers.len();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        let source = Ipv4Addr::new(127, 0, 1, (number % usize::from(SOURCES)) as u8 + 1);
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        socket.connect(&gateway.into()).with_context(|| format!("socket {number} cannot connect"))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut stream = std::net::TcpStream::from(socket);
        stream.write_all(
            format!(
                "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            .as_bytes(),
        )?;
        let mut read = Vec::new();
        let end = loop {
            if let Some(answer) = Answer::read(&read)? {
                ensure!(answer.status == 101, "socket {number} was refused: {}", answer.status);
                break answer.length;
            }
            match stream.read(&mut self.buffer)? {
                0 => bail!("socket {number} was closed"),
                length => read.extend_from_slice(&self.buffer[..length]),
            }
        };
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
        self.browsers.push(Browser { stream, board, cut: Vec::new(), version: 0 });
        self.hear(number, &read[end..])
    }

    /// Gives an answer on a board that is not busy.
    pub(crate) fn give(&mut self, board: usize, answer: &[u8]) -> anyhow::Result<()> {
        let board = &mut self.boards[board];
        board.caller.write_all(answer)?;
        (board.given, board.wanted, board.is_busy) = (Instant::now(), None, true);
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
            if number < self.deaf {
                continue;
            } else if number < self.browsers.len() {
                self.read(number)?;
            } else {
                self.read_answer(usize::MAX - number)?;
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
        let board = &mut self.boards[browser.board];
        if let Some(wanted) = board.wanted.filter(|_| board.is_busy)
            && before < wanted
            && version >= wanted
        {
            self.tally.delays.saturating_record(board.given.elapsed().as_micros() as u64);
            board.behind -= 1;
            board.is_busy = board.behind > 0;
        }
        Ok(())
    }

    fn read_answer(&mut self, number: usize) -> anyhow::Result<()> {
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
        let sockets = &self.browsers[board.sockets.start.max(self.deaf)..board.sockets.end.max(self.deaf)];
        board.behind = sockets.iter().filter(|browser| browser.version < wanted).count();
        board.is_busy = board.behind > 0;
        // Frames that came before the answer's own reply are as late as the reply, at most.
        let delay = board.given.elapsed().as_micros() as u64;
        self.tally.delays.saturating_record_n(delay, (sockets.len() - board.behind) as u64);
        Ok(())
    }
}

/// The first frame of these bytes: its first byte, its payload, and what comes after it.
fn frame(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        126 => {
            rest.split_first_chunk().map(|(length, rest)| (u64::from(u16::from_be_bytes(*length)), rest))?
        }
        127 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), rest))?,
        length => (u64::from(length), rest),
    };
    let (payload, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((first, payload, after))
}

/// The version of a board's frame: it stands before the epoch, near the end.
fn version(text: &[u8]) -> Option<u64> {
    const BEFORE: &[u8] = br#","epoch":"#;
    let at = text.windows(BEFORE.len()).rposition(|window| window == BEFORE)?;
    let digits = text[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[at - digits..at]).ok()?.parse().ok()
}
