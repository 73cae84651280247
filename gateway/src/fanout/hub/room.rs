//! One board and the sockets that look at it: the newest state in one slot, and whose turn it is to
//! be shown it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use tokio::sync::watch;
use tokio_stream::{Stream as _, wrappers::WatchStream};

use crate::{boards::View, frame::Frame, socket::Close};

/// What a room has for those in it.
pub(super) enum Newest {
    /// Nothing yet.
    Nothing,
    /// This state.
    Frame(Arc<Frame>),
    /// The end.
    Over(Close),
}

/// One board and the sockets that look at it, by their slots.
pub(super) struct Room {
    view: WatchStream<View<Frame>>,
    bell: Waker,
    newest: View<Frame>,
    /// Whether somebody still follows the board.
    is_followed: bool,
    members: Vec<usize>,
    /// Whose turn it is.
    turn: usize,
    /// How many turns are left until all have been shown the newest.
    turns_left: usize,
}

impl Room {
    /// An empty room; the bell rings when there may be something new.
    pub(super) fn new(view: watch::Receiver<View<Frame>>, bell: Waker) -> Self {
        let mut room = Self {
            view: WatchStream::new(view),
            bell,
            newest: View::Waiting,
            is_followed: true,
            members: Vec::new(),
            turn: 0,
            turns_left: 0,
        };
        room.look();
        room
    }

    /// Takes the newest state, and begins to show it to all. From now on the bell rings again.
    pub(super) fn look(&mut self) {
        while self.is_followed {
            match Pin::new(&mut self.view).poll_next(&mut Context::from_waker(&self.bell)) {
                Poll::Ready(Some(view)) => self.newest = view,
                Poll::Ready(None) => self.is_followed = false,
                Poll::Pending => break,
            }
        }
        self.turns_left = self.members.len();
    }

    /// What there is to be shown.
    pub(super) fn newest(&self) -> Newest {
        match &self.newest {
            View::Deleted => Newest::Over(Close::Deleted),
            _ if !self.is_followed => Newest::Over(Close::Internal),
            View::Waiting => Newest::Nothing,
            View::Showing(frame) => Newest::Frame(Arc::clone(frame)),
        }
    }

    /// Whether somebody has not been shown the newest.
    pub(super) fn is_behind(&self) -> bool {
        self.turns_left > 0
    }

    /// Whose turn it is; nobody's if all have been shown the newest.
    pub(super) fn next_turn(&mut self) -> Option<usize> {
        self.turns_left = self.turns_left.checked_sub(1)?;
        let at = self.turn % self.members.len();
        self.turn = at + 1;
        Some(self.members[at])
    }

    /// Lets a socket in, and tells its place.
    pub(super) fn enter(&mut self, slot: usize) -> usize {
        self.members.push(slot);
        if self.turns_left > 0 {
            // It may come before somebody who has had no turn yet.
            self.turns_left += 1;
        }
        self.members.len() - 1
    }

    /// Lets the socket at a place go. Tells who has that place now, if somebody had to move.
    pub(super) fn leave(&mut self, place: usize) -> Option<usize> {
        self.members.swap_remove(place);
        if self.turns_left > 0 {
            // The one who moved may have missed its turn. Asking twice is harmless.
            self.turns_left = self.members.len();
        }
        self.members.get(place).copied()
    }

    /// Whether nobody is left.
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn room() -> (watch::Sender<View<Frame>>, Room) {
        let view = watch::Sender::default();
        let room = Room::new(view.subscribe(), Waker::noop().clone());
        (view, room)
    }

    #[test]
    fn a_board_that_nobody_follows_any_more_is_over() {
        let (view, mut room) = room();
        assert!(matches!(room.newest(), Newest::Nothing));
        drop(view);
        room.look();
        assert!(matches!(room.newest(), Newest::Over(Close::Internal)));
    }

    #[test]
    fn a_deleted_board_is_over_for_that_reason() {
        let (view, mut room) = room();
        view.send_replace(View::Deleted);
        drop(view);
        room.look();
        assert!(matches!(room.newest(), Newest::Over(Close::Deleted)));
    }

    proptest! {
        /// Whoever leaves or comes in between, everybody who stays is shown the newest.
        #[test]
        fn nobody_misses_its_turn(
            before in 1..40_usize,
            events in vec((any::<prop::sample::Index>(), 0..3_u8), 0..60),
        ) {
            let (_view, mut room) = room();
            let mut places: Vec<Option<usize>> = (0..before).map(|slot| Some(room.enter(slot))).collect();
            room.look();
            let mut shown = vec![false; before];
            for (who, what) in events {
                let here: Vec<usize> = (0..places.len()).filter(|slot| places[*slot].is_some()).collect();
                match what {
                    0 if here.len() > 1 => {
                        let slot = here[who.index(here.len())];
                        let place = places[slot].take().unwrap();
                        if let Some(moved) = room.leave(place) {
                            places[moved] = Some(place);
                        }
                    }
                    1 => {
                        places.push(Some(room.enter(places.len())));
                        // Whoever comes is shown the newest at once.
                        shown.push(true);
                    }
                    _ => if let Some(slot) = room.next_turn() { shown[slot] = true },
                }
            }
            while let Some(slot) = room.next_turn() {
                prop_assert!(places[slot].is_some(), "{slot} has left");
                shown[slot] = true;
            }
            prop_assert!((0..places.len()).all(|slot| places[slot].is_none() || shown[slot]));
        }
    }
}
