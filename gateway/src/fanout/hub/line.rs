//! One socket: its stream both ways, and the rules of conduct. What it shows it is given, and whom
//! it belongs to it does not know.

use std::io::{ErrorKind, Read as _};

use bytes::Bytes;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, OpCode};

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
    /// Look at that board; none if the socket only echoes.
    eyes: Option<Eyes>,
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
    _admission: Option<Admission>,
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
        eyes: Option<Eyes>,
        generation: u32,
        (admission, open): (Option<Admission>, Open),
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
        let Some(eyes) = &mut self.eyes else { return Ok(false) };
        let Some(glance) = eyes.look(frame) else { return Ok(false) };
        scratch.load(glance.part(frame).bytes());
        let text = scratch.text(|out| glance.write_end(frame, out));
        let (length, written) = (text.len(), self.outbound.write(text)?);
        if written == 0 {
            self.outbound.keep([], None);
            return Ok(true);
        }
        eyes.remember(&glance);
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

    /// Hears what was read. What a participant says is of no interest, apart from the limits; an echo
    /// says it, too.
    pub(super) fn hear(&mut self, read: &mut [u8]) -> Result<(), End> {
        let (outbound, peer, now) = (&mut self.outbound, &mut self.peer, Instant::now());
        let is_echo = self.eyes.is_none();
        self.inbound.read(read, peer.message_bytes(), |heard| match heard {
            Heard::Message(kind, message) => {
                peer.said(message.len(), now)?;
                if is_echo {
                    outbound.say(scratch::frame(OpCode::Data(kind), message))?;
                }
                Ok(())
            }
            Heard::Nothing | Heard::Pong => Ok(peer.said(0, now)?),
            Heard::Ping(payload) => {
                peer.said(payload.len(), now)?;
                if outbound.has_room() {
                    outbound.say(scratch::frame(OpCode::Control(Control::Pong), payload))?;
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
            Due::Ping => Ok(self.outbound.say(scratch::frame(OpCode::Control(Control::Ping), b""))?),
            Due::Drop => Err(End::Gone),
            Due::Nothing => Ok(()),
        }
    }

    /// Begins the closing: the words, then nothing more. The peer has until then to hang up.
    pub(super) fn close(&mut self, payload: &[u8], until: Instant) -> Result<(), Gone> {
        self.closing_until = Some(until);
        self.inbound = Inbound::default();
        self.outbound.say(scratch::frame(OpCode::Control(Control::Close), payload))?;
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
mod tests;
