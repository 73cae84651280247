//! How sockets end: each in order, and all of them spread over time when the service stops.

use std::time::Duration;

use rand::seq::SliceRandom as _;
use tokio::time::Instant;

use super::super::{
    line::{End, echo, words},
    room::Seat,
};
use super::{Engine, Key};
use crate::{metrics, socket::Close};

/// Stands for a close without a code (RFC 6455 §7.1.5).
const NO_CODE: u16 = 1005;

/// The sockets that are sent away, in the order of their turns.
pub(super) struct Leaving {
    order: Vec<Key>,
    sockets: usize,
    since: Instant,
    within: Duration,
}

impl Engine {
    /// Begins to send all sockets away, in any order.
    pub(super) fn send_away(&mut self) {
        let keys =
            self.lines.iter().map(|(slot, line)| Key { slot: slot as u32, generation: line.generation });
        let mut order: Vec<Key> = keys.collect();
        order.shuffle(&mut rand::rng());
        let (sockets, within) = (order.len(), self.rules.departure.within());
        self.leaving = Some(Leaving { order, sockets, since: Instant::now(), within });
    }

    /// Sends those away whose turn it is.
    pub(super) fn send_some_away(&mut self) {
        while let Some(leaving) = &mut self.leaving {
            let passed = leaving.since.elapsed().as_secs_f64() / leaving.within.as_secs_f64();
            let gone = leaving.sockets - leaving.order.len();
            if passed < 1.0 && gone as f64 > passed * leaving.sockets as f64 {
                return;
            }
            let Some(key) = leaving.order.pop() else { return };
            if let Some(slot) = self.find(key) {
                self.close(slot, Close::Leaving);
            }
        }
    }

    /// Ends a socket, if it is still there, as is proper for how it came about.
    pub(super) fn end(&mut self, slot: usize, end: End) {
        let Some(line) = self.lines.get(slot) else { return };
        match end {
            End::Gone => {
                if line.closing_until.is_none() {
                    metrics::left(None);
                }
                self.leave_rooms(slot);
                self.lines.remove(slot);
            }
            End::Close(close) => self.close(slot, close),
            End::Farewell(code) => {
                metrics::left(Some(code.map_or(NO_CODE, u16::from)));
                self.say_farewell(slot, &echo(code));
            }
        }
    }

    pub(super) fn close(&mut self, slot: usize, close: Close) {
        if self.lines[slot].closing_until.is_none() {
            metrics::closed(close);
            self.say_farewell(slot, &words(close));
        }
    }

    /// Begins the closing of a socket.
    fn say_farewell(&mut self, slot: usize, payload: &[u8]) {
        self.leave_rooms(slot);
        match self.lines[slot].close(payload, Instant::now() + self.rules.farewell) {
            Ok(()) => self.watch(slot),
            Err(gone) => self.end(slot, gone.into()),
        }
    }

    /// Takes a socket out of its rooms.
    fn leave_rooms(&mut self, slot: usize) {
        while let Some(seat) = self.lines[slot].role.stand_up() {
            self.leave(seat);
        }
    }

    /// Gives a seat back; the last one closes the door.
    pub(super) fn leave(&mut self, seat: Seat) {
        let room = self.rooms.get_mut(&seat.room).expect("a room is there as long as somebody is in it");
        if let Some(moved) = room.round.leave(seat.place) {
            self.lines[moved].role.move_to(seat);
        }
        if room.round.is_empty() {
            self.rooms.remove(&seat.room);
        }
    }
}
