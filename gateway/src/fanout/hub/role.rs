//! What a socket is for: the kinds of guests, and what the hub does with each.

use tokio::time::Instant;

use super::{
    line::{End, Turn},
    outbound::Outbound,
    room::{Room, RoomId, Seat},
    scratch::Scratch,
    spectator::Spectator,
    subscriber::Subscriber,
};

/// What a socket is for.
pub(super) enum Role {
    /// A participant follows one quiz.
    Spectator(Spectator),
    /// A user follows what it subscribes to.
    Subscriber(Box<Subscriber>),
    /// Whatever is said is said back.
    #[cfg(feature = "conformance")]
    Echo,
}

impl Role {
    /// Shows what is new in a room.
    pub(super) fn show(
        &mut self,
        id: RoomId,
        room: &mut Room,
        outbound: &mut Outbound,
        scratch: &mut Scratch,
    ) -> Result<Turn, End> {
        match self {
            Self::Spectator(spectator) => spectator.show(room, outbound, scratch),
            Self::Subscriber(subscriber) => subscriber.show(id, room, outbound),
            #[cfg(feature = "conformance")]
            Self::Echo => Ok(Turn::Done),
        }
    }

    /// When something is due, if anything is.
    pub(super) fn due(&self) -> Option<Instant> {
        match self {
            Self::Subscriber(subscriber) => Some(subscriber.due()),
            Self::Spectator(_) => None,
            #[cfg(feature = "conformance")]
            Self::Echo => None,
        }
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Instant, outbound: &mut Outbound) -> Result<(), End> {
        match self {
            Self::Subscriber(subscriber) => subscriber.tick(now, outbound),
            Self::Spectator(_) => Ok(()),
            #[cfg(feature = "conformance")]
            Self::Echo => Ok(()),
        }
    }

    /// The rooms that it is in.
    pub(super) fn rooms(&self) -> Vec<RoomId> {
        match self {
            Self::Spectator(spectator) => spectator.seat.iter().map(|seat| seat.room).collect(),
            Self::Subscriber(subscriber) => subscriber.rooms().collect(),
            #[cfg(feature = "conformance")]
            Self::Echo => Vec::new(),
        }
    }

    /// Has another place in a room from now on.
    pub(super) fn move_to(&mut self, seat: Seat) {
        match self {
            Self::Spectator(spectator) => spectator.seat = Some(seat),
            Self::Subscriber(subscriber) => subscriber.move_to(seat),
            #[cfg(feature = "conformance")]
            Self::Echo => {}
        }
    }

    /// Gives one of its seats back, as long as it has any.
    pub(super) fn stand_up(&mut self) -> Option<Seat> {
        match self {
            Self::Spectator(spectator) => spectator.seat.take(),
            Self::Subscriber(subscriber) => subscriber.stand_up(),
            #[cfg(feature = "conformance")]
            Self::Echo => None,
        }
    }
}
