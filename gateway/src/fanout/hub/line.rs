//! One socket: its stream both ways, and the rules of conduct. What it shows it is given, and whom
//! it belongs to it does not know.

use std::io::{ErrorKind, Read as _};

use bytes::Bytes;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{
    inbound::{Heard, Inbound},
    outbound::{Gone, Outbound},
    scratch::{self, Scratch},
    wheel::Tick,
};
use crate::{
    boards::{BoardId, Eyes},
    door::Admission,
    frame::Frame,
    socket::{Close, Due, Open, Peer, STALL},
};

/// One socket.
pub(super) struct Line {
    pub(super) outbound: Outbound,
    inbound: Inbound,
    peer: Peer,
    eyes: Eyes,
    /// The board that it looks at, and its place among those who do; none once it is closing.
    pub(super) seat: Option<(BoardId, usize)>,
    /// Until when the peer may take its leave, once the closing has begun.
    pub(super) closing_until: Option<Instant>,
    /// When it is looked at again.
    pub(super) next_look: Tick,
    /// Whether it waits to be read on.
    pub(super) is_unread: bool,
    /// Tells this socket from an earlier one in the same slot.
    pub(super) generation: u32,
    _admission: Admission,
    _open: Open,
}

/// How a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The peer is gone.
    Gone,
    /// We close it.
    Close(Close),
    /// The peer closes it.
    Farewell(Option<CloseCode>),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

impl From<Gone> for End {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

impl Line {
    /// A socket whose handshake is done.
    pub(super) fn new(
        outbound: Outbound,
        peer: Peer,
        eyes: Eyes,
        generation: u32,
        (admission, open): (Admission, Open),
    ) -> Self {
        Self {
            outbound,
            inbound: Inbound::default(),
            peer,
            eyes,
            seat: None,
            closing_until: None,
            next_look: Tick::NEVER,
            is_unread: false,
            generation,
            _admission: admission,
            _open: open,
        }
    }

    /// Shows a state, unless the stream is full: then it is left out, and the newest is shown when
    /// there is room. Tells whether the stream has become full.
    pub(super) fn show(&mut self, frame: &Frame, scratch: &mut Scratch) -> Result<bool, Gone> {
        if self.outbound.full_since().is_some() {
            return Ok(false);
        }
        let Some(glance) = self.eyes.look(frame) else { return Ok(false) };
        scratch.load(frame.shared());
        let text = scratch.text(|out| frame.write_end(glance.participant, &glance.standing, out));
        let (length, written) = (text.len(), self.outbound.write(text)?);
        if written == 0 {
            self.outbound.keep([], None);
            return Ok(true);
        }
        self.eyes.remember(&glance);
        if written < length {
            self.outbound.keep(scratch.rest(written), glance.news(frame).cloned());
            return Ok(true);
        }
        if let Some(news) = glance.news(frame) {
            news.written();
        }
        Ok(false)
    }

    /// Reads once, and keeps to the rules. Tells whether there may be more.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<bool, End> {
        match self.outbound.stream.read(buffer) {
            Ok(0) => Err(End::Gone),
            // Whatever comes after the farewell is of no interest, but it must be read.
            Ok(_) if self.closing_until.is_some() => Ok(true),
            Ok(length) => self.hear(&mut buffer[..length]).map(|()| true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(_) => Err(End::Gone),
        }
    }

    /// Hears what was read. What a participant says is of no interest, apart from the limits.
    pub(super) fn hear(&mut self, read: &mut [u8]) -> Result<(), End> {
        let (outbound, peer, now) = (&mut self.outbound, &mut self.peer, Instant::now());
        self.inbound.read(read, |heard| match heard {
            Heard::Message(message) => Ok(peer.said(message.len(), now)?),
            Heard::Nothing | Heard::Pong => Ok(peer.said(0, now)?),
            Heard::Ping(payload) => {
                peer.said(payload.len(), now)?;
                if outbound.has_room() {
                    outbound.say(scratch::control(scratch::PONG, payload))?;
                }
                Ok(())
            }
            Heard::Close(code) => Err(End::Farewell(code)),
        })
    }

    /// When something is due, if nothing happens before.
    pub(super) fn due(&self) -> Instant {
        let stalled = self.outbound.full_since().map(|since| since + STALL);
        let open = || stalled.map_or(self.peer.next_tick(), |stalled| stalled.min(self.peer.next_tick()));
        self.closing_until.unwrap_or_else(open)
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Instant) -> Result<(), End> {
        if let Some(until) = self.closing_until {
            return if now >= until { Err(End::Gone) } else { Ok(()) };
        }
        if self.outbound.full_since().is_some_and(|since| now >= since + STALL) {
            return Err(End::Close(Close::Stalled));
        }
        match self.peer.tick(now) {
            Due::Ping => Ok(self.outbound.say(scratch::control(scratch::PING, b""))?),
            Due::Drop => Err(End::Gone),
            Due::Nothing => Ok(()),
        }
    }

    /// Begins the closing: the words, then nothing more. The peer has until then to hang up.
    pub(super) fn close(&mut self, payload: &[u8], until: Instant) -> Result<(), Gone> {
        self.closing_until = Some(until);
        self.inbound = Inbound::default();
        self.outbound.say(scratch::control(scratch::CLOSE, payload))?;
        self.flush().map(drop)
    }

    /// Writes what is unsent. Tells whether the stream takes frames.
    pub(super) fn flush(&mut self) -> Result<bool, Gone> {
        let is_clear = self.outbound.flush()?;
        if is_clear && self.closing_until.is_some() {
            self.outbound.finish();
        }
        Ok(is_clear && self.closing_until.is_none())
    }
}

/// What a close frame says (RFC 6455 §5.5.1).
pub(super) fn words(close: Close) -> Bytes {
    [&close.code().to_be_bytes(), close.reason().as_bytes()].concat().into()
}

/// What answers a peer that closes.
pub(super) fn echo(code: Option<CloseCode>) -> Bytes {
    code.map(|code| Bytes::copy_from_slice(&u16::from(code).to_be_bytes())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Cursor, Read as _, Write as _},
        net::{TcpListener, TcpStream},
        num::NonZeroU32,
        sync::Arc,
        time::Duration,
    };

    use proto::v1;
    use tokio::sync::Semaphore;
    use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;

    use super::*;
    use crate::{
        config::{self, RateSettings},
        socket::{Allowance, Departure},
    };

    const ALICE: &str = "p_aaaaaaaaaaaa";

    /// A socket and the peer on its other side.
    fn line() -> (Line, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let outbound = Outbound::new(mio::net::TcpStream::from_std(stream));
        let rates = RateSettings { message_burst: NonZeroU32::MAX, ..config::tests::rates() };
        let conduct = Peer::new(Allowance::new(&rates), Instant::now());
        let admission = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let open = Arc::new(Departure::new(Duration::ZERO)).open();
        let eyes = Eyes::of(ALICE.parse().unwrap());
        (Line::new(outbound, conduct, eyes, 0, (admission, open)), peer)
    }

    /// A state in which Alice leads before so many others.
    fn frame(shown: Option<&Frame>, version: u64, others: usize) -> Frame {
        let entry = |(at, id): (usize, String)| v1::Entry {
            id: Some(v1::entry::Id::ParticipantId(id)),
            username: "somebody".to_owned(),
            score: version as u32,
            rank: at as u32 + 1,
            ..v1::Entry::default()
        };
        let others = (0..others).map(|number| format!("p_{number:012}"));
        let frame = Frame::encode(&v1::Leaderboard {
            board: Some(v1::leaderboard::Board::QuizId("quiz_a1b2c3d4e5f6".to_owned())),
            entries: std::iter::once(ALICE.to_owned()).chain(others).enumerate().map(entry).collect(),
            version,
            ..v1::Leaderboard::default()
        });
        shown.map_or(frame.clone(), |shown| frame.after(shown))
    }

    /// What arrives at a peer, until there is nothing for a moment.
    fn arrived(peer: &mut TcpStream) -> Vec<u8> {
        let (mut arrived, mut some) = (Vec::new(), [0; 64 << 10]);
        peer.set_nonblocking(true).unwrap();
        while let Ok(read @ 1..) = peer.read(&mut some) {
            arrived.extend_from_slice(&some[..read]);
        }
        arrived
    }

    /// The versions of the frames in these bytes, which hold nothing else.
    fn versions(mut bytes: &[u8]) -> Vec<u64> {
        let mut versions = Vec::new();
        while !bytes.is_empty() {
            let mut cursor = Cursor::new(bytes);
            let (_, length) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
            let (text, rest) = bytes[cursor.position() as usize..].split_at(length as usize);
            let text: serde_json::Value = serde_json::from_slice(text).unwrap();
            assert_eq!(text["you"]["version"], text["version"], "{text}");
            versions.push(text["version"].as_u64().unwrap());
            bytes = rest;
        }
        versions
    }

    #[test]
    fn a_frame_that_a_socket_has_room_for_costs_no_allocation() {
        let ((mut line, mut peer), mut scratch) = (line(), Scratch::new());
        let mut frames = vec![frame(None, 1, 99)];
        for version in 2..50 {
            frames.push(frame(frames.last(), version, 99));
        }
        let (mut allocations, mut seen) = (0, Vec::new());
        for (number, frame) in frames.iter().enumerate() {
            let counted =
                allocation_counter::measure(|| assert_eq!(line.show(frame, &mut scratch), Ok(false)));
            // The first one finds no room laid out.
            allocations += if number == 0 { 0 } else { counted.count_total };
            seen.extend(arrived(&mut peer));
        }
        assert_eq!(allocations, 0);
        assert_eq!(versions(&seen), (1..50).collect::<Vec<_>>());
    }

    #[test]
    fn a_slow_peer_gets_what_was_begun_and_then_the_newest() {
        let ((mut line, mut peer), mut scratch) = (line(), Scratch::new());
        let mut newest = frame(None, 1, 999);
        while !line.show(&newest, &mut scratch).unwrap() {
            newest = frame(Some(&newest), newest.version().number + 1, 999);
        }
        let full = newest.version().number;
        for _ in 0..5 {
            newest = frame(Some(&newest), newest.version().number + 1, 999);
            assert_eq!(line.show(&newest, &mut scratch), Ok(false), "it is left out");
        }
        let mut seen = Vec::new();
        while line.outbound.full_since().is_some() {
            seen.extend(arrived(&mut peer));
            line.flush().unwrap();
        }
        line.show(&newest, &mut scratch).unwrap();
        while versions_so_far(&seen).last() != Some(&newest.version().number) {
            line.flush().unwrap();
            seen.extend(arrived(&mut peer));
        }
        let seen = versions(&seen);
        assert!(seen.is_sorted_by(|one, next| one < next), "{seen:?}");
        assert!(
            seen.iter().all(|version| *version <= full || *version == newest.version().number),
            "{seen:?}"
        );
    }

    /// The versions of the whole frames in these bytes.
    fn versions_so_far(bytes: &[u8]) -> Vec<u64> {
        let mut end = 0;
        loop {
            let mut cursor = Cursor::new(&bytes[end..]);
            match FrameHeader::parse(&mut cursor).unwrap() {
                Some((_, length)) if cursor.position() + length <= (bytes.len() - end) as u64 => {
                    end += (cursor.position() + length) as usize;
                }
                _ => return versions(&bytes[..end]),
            }
        }
    }

    #[test]
    fn a_socket_that_stands_still_for_five_seconds_is_closed() {
        let ((mut line, _peer), mut scratch) = (line(), Scratch::new());
        let mut newest = frame(None, 1, 999);
        while !line.show(&newest, &mut scratch).unwrap() {
            newest = frame(Some(&newest), newest.version().number + 1, 999);
        }
        let since = line.outbound.full_since().unwrap();
        assert_eq!(line.due(), since + STALL);
        assert_eq!(line.tick(since + STALL - Duration::from_millis(1)), Ok(()));
        assert_eq!(line.tick(since + STALL), Err(End::Close(Close::Stalled)));
    }

    #[test]
    fn pings_of_a_peer_that_reads_nothing_do_not_pile_up() {
        let ((mut line, mut peer), mut scratch) = (line(), Scratch::new());
        let mut newest = frame(None, 1, 999);
        while !line.show(&newest, &mut scratch).unwrap() {
            newest = frame(Some(&newest), newest.version().number + 1, 999);
        }
        let ping = [&[0x89, 0x80 | 125, 0, 0, 0, 0][..], &[b'x'; 125]].concat();
        let mut buffer = vec![0; 16 << 10];
        for _ in 0..100 {
            peer.write_all(&ping).unwrap();
            while !line.read(&mut buffer).unwrap() {}
        }
        assert!(!line.outbound.has_room());
        assert!(line.outbound.waiting_bytes() < 128 << 10, "{}", line.outbound.waiting_bytes());
    }
}
