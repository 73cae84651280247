//! Letters to the hub's thread: left by anybody, fetched all at once. The thread is woken only by
//! the first one that lies there.

use std::{
    net::TcpStream,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Wake,
};

use mio::Waker;

use super::room::RoomId;
use crate::{fanout::Guest, socket::Open};

/// What the hub is told.
pub(super) enum Letter {
    /// Take this socket over.
    Arrived(Box<Arrival>),
    /// There may be something new in a room. At most one of each lies there: a room rings once and
    /// then waits until it has been looked at.
    Rang(RoomId),
    /// The service stops: let the sockets go, spread over time.
    Leave,
    /// Nobody is left who could want anything.
    Abandoned,
}

/// A socket whose handshake is done.
pub(super) struct Arrival {
    pub(super) stream: TcpStream,
    /// What was read behind the handshake.
    pub(super) early: Vec<u8>,
    pub(super) guest: Guest,
    pub(super) open: Open,
}

/// Where letters lie until they are fetched. There are no more of them than sockets under way and
/// rooms, so the room is bounded by what the door lets in.
pub(super) struct Mailbox {
    /// Nothing once the thread has ended.
    letters: Mutex<Option<Vec<Letter>>>,
    waker: Waker,
}

impl Mailbox {
    /// An empty one; the waker wakes the thread.
    pub(super) fn new(waker: Waker) -> Self {
        Self { letters: Mutex::new(Some(Vec::new())), waker }
    }

    /// Leaves a letter; if nobody fetches letters any more, it is dropped.
    pub(super) fn post(&self, letter: Letter) {
        let mut letters = self.letters();
        let Some(waiting) = letters.as_mut() else { return };
        waiting.push(letter);
        let is_first = waiting.len() == 1;
        drop(letters);
        if is_first && let Err(error) = self.waker.wake() {
            tracing::error!(%error, "cannot wake the fan-out");
        }
    }

    /// Fetches all letters, and leaves the room of `fetched` for the next ones.
    pub(super) fn fetch(&self, fetched: &mut Vec<Letter>) {
        if let Some(letters) = self.letters().as_mut() {
            std::mem::swap(letters, fetched);
        }
    }

    /// Takes no more letters.
    pub(super) fn close(&self) {
        *self.letters() = None;
    }

    /// Whether letters are still fetched.
    pub(super) fn is_open(&self) -> bool {
        self.letters().is_some()
    }

    fn letters(&self) -> MutexGuard<'_, Option<Vec<Letter>>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rings for one room.
pub(super) struct Bell {
    pub(super) room: RoomId,
    pub(super) mailbox: Arc<Mailbox>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.mailbox.post(Letter::Rang(self.room));
    }
}
