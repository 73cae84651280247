//! How sockets come: registered, seated, heard for what came with the handshake, and shown what there
//! is.

use std::{collections::hash_map::Entry, sync::Arc, task::Waker};

use mio::{Interest, Token};
use tokio::time::Instant;

use super::{
    super::{
        line::Line,
        mailbox::{Arrival, Bell},
        outbound::Outbound,
        role::Role,
        room::{Room, RoomId, Seat},
        spectator::Spectator,
        subscriber::Subscriber,
    },
    Engine,
};
use crate::{
    boards::Watcher,
    fanout::Guest,
    socket::{Close, Peer, leaderboard, quiz},
};

impl Engine {
    /// Takes a socket over, and shows it what there is.
    pub(super) fn welcome(&mut self, arrival: Arrival) {
        let Arrival { stream, mut early, guest, open } = arrival;
        let mut stream = mio::net::TcpStream::from_std(stream);
        let slot = self.lines.vacant_key();
        let interests = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(&mut stream, Token(slot), interests) {
            tracing::warn!(%error, "cannot poll a socket");
            return;
        }
        let peer = Peer::new(self.rules.allowance, Instant::now());
        self.generations = self.generations.wrapping_add(1);
        let role = self.seat(slot, guest);
        self.lines.insert(Line::new(Outbound::new(stream), role, peer, self.generations, open));
        self.watch(slot);
        if self.leaving.is_some() {
            return self.close(slot, Close::Leaving);
        }
        let heard = self.lines[slot].hear(&mut early, &mut self.asked);
        self.answer_all(slot);
        match heard {
            Ok(()) => self.catch_up(slot),
            Err(end) => self.end(slot, end),
        }
    }

    /// Gives a guest its seat.
    fn seat(&mut self, slot: usize, guest: Guest) -> Role {
        match guest {
            Guest::Spectator(quiz::Spectator { watcher, admission }) => {
                let (window, eyes) = Watcher::into_parts(watcher);
                let id = RoomId::Board(window.board);
                let seat = self.enter(slot, id, |bell| Room::of_quiz(window, bell));
                Role::Spectator(Spectator::new(eyes, seat, admission))
            }
            Guest::Subscriber(leaderboard::Subscriber { topics, form, activity, until, admission }) => {
                let heard = activity.heard;
                let seat = self.enter(slot, RoomId::Activity, |bell| Room::of_activity(activity, bell));
                Role::Subscriber(Box::new(Subscriber::new((topics, form), seat, heard, until, admission)))
            }
            #[cfg(feature = "conformance")]
            Guest::Echo => Role::Echo,
        }
    }

    /// Gives a socket a seat in a room, which is opened if nobody is in it yet.
    pub(super) fn enter(&mut self, slot: usize, id: RoomId, open: impl FnOnce(Waker) -> Room) -> Seat {
        let room = match self.rooms.entry(id) {
            Entry::Occupied(room) => room.into_mut(),
            Entry::Vacant(door) => {
                let bell = Bell { room: id, mailbox: Arc::clone(&self.mailbox) };
                door.insert(open(Arc::new(bell).into()))
            }
        };
        Seat { room: id, place: room.round.enter(slot) }
    }
}
