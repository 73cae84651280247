//! One socket: its stream both ways, and the rules of conduct. What it is for is its role's matter.

use std::io::{ErrorKind, Read as _};

use bytes::Bytes;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, OpCode};

use super::{
    inbound::{Heard, Inbound},
    outbound::{Gone, Outbound},
    role::Role,
    room::{Room, RoomId},
    scratch::{self, Scratch},
    wheel::Tick,
};
use crate::{
    config::bounds::STALL,
    socket::{
        Close, Due, Open, Peer,
        words::{self, Asked, Said},
    },
};

/// One socket.
pub(super) struct Line {
    pub(super) outbound: Outbound,
    pub(super) role: Role,
    inbound: Inbound,
    peer: Peer,
    /// Until when the peer may take its leave, once the closing has begun.
    pub(super) closing_until: Option<Instant>,
    /// When it is looked at again.
    pub(super) next_look: Tick,
    /// Which of its rooms is shown first when its stream takes frames again.
    pub(super) first_room: usize,
    /// Whether it waits to be read on.
    pub(super) is_unread: bool,
    /// Tells this socket from an earlier one in the same slot.
    pub(super) generation: u32,
    _open: Open,
}

/// What a peer asks for, or what to answer instead.
pub(super) type Question = Result<Asked, Said>;

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

/// How a socket's turn went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It has been shown what there is, or will be once its stream takes frames.
    Done,
    /// Its stream has become full.
    Full,
    /// There is more for it in this room.
    More,
    /// What it looks at there is over.
    Over,
}

impl Turn {
    /// Of one that has been shown all, as far as its stream has taken it.
    pub(super) fn on(outbound: &Outbound) -> Self {
        if outbound.full_since().is_some() { Self::Full } else { Self::Done }
    }
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
    pub(super) fn new(outbound: Outbound, role: Role, peer: Peer, generation: u32, open: Open) -> Self {
        Self {
            outbound,
            role,
            inbound: Inbound::default(),
            peer,
            closing_until: None,
            next_look: Tick::NEVER,
            first_room: 0,
            is_unread: false,
            generation,
            _open: open,
        }
    }

    /// Shows what is new in a room.
    pub(super) fn show(&mut self, id: RoomId, room: &mut Room, scratch: &mut Scratch) -> Result<Turn, End> {
        self.role.show(id, room, &mut self.outbound, scratch)
    }

    /// Whether what its peer says has to be answered.
    pub(super) fn asks(&self) -> bool {
        matches!(self.role, Role::Subscriber(_))
    }

    /// Whether it is to be read. One that asks and does not read the answers waits until it does.
    pub(super) fn listens(&self) -> bool {
        !self.asks() || self.outbound.has_room() || self.closing_until.is_some()
    }

    /// Reads once, and keeps to the rules. Tells whether there may be more. What is asked for goes
    /// behind what was.
    pub(super) fn read(&mut self, buffer: &mut [u8], asked: &mut Vec<Question>) -> Result<bool, End> {
        match self.outbound.stream.read(buffer) {
            Ok(0) => Err(End::Gone),
            // Whatever comes after the farewell is of no interest, but it must be read.
            Ok(_) if self.closing_until.is_some() => Ok(true),
            Ok(length) => self.hear(&mut buffer[..length], asked).map(|()| true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(_) => Err(End::Gone),
        }
    }

    /// Hears what was read. What a participant says is of no interest, apart from the limits.
    pub(super) fn hear(&mut self, read: &mut [u8], asked: &mut Vec<Question>) -> Result<(), End> {
        let (outbound, peer, now) = (&mut self.outbound, &mut self.peer, Instant::now());
        self.inbound.read(read, peer.message_bytes(), |heard| match heard {
            Heard::Message(kind, message) => {
                peer.said(message.len(), now)?;
                match (&self.role, kind) {
                    (Role::Spectator(_), _) => {}
                    (Role::Subscriber(_), _) => asked.push(words::read(&String::from_utf8_lossy(message))),
                    #[cfg(feature = "conformance")]
                    (Role::Echo, kind) => outbound.say(scratch::frame(OpCode::Data(kind), message))?,
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
        let open = || stalled.into_iter().chain(self.role.due()).fold(self.peer.next_tick(), Instant::min);
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
        self.role.tick(now, &mut self.outbound)?;
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
