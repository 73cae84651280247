//! Whose turn it is: the sockets in one room, by their slots, and who has yet to be shown the newest.

/// The sockets in one room.
#[derive(Default)]
pub(super) struct Round {
    members: Vec<usize>,
    /// Whose turn it is.
    turn: usize,
    /// How many turns are left until all have had one.
    turns_left: usize,
}

impl Round {
    /// Gives everybody a turn from now on.
    pub(super) fn begin(&mut self) {
        self.turns_left = self.members.len();
    }

    /// Whether somebody waits for its turn.
    pub(super) fn is_under_way(&self) -> bool {
        self.turns_left > 0
    }

    /// Whose turn it is; nobody's if all have had one.
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

    proptest! {
        /// Whoever leaves or comes in between, everybody who stays has its turn.
        #[test]
        fn nobody_misses_its_turn(
            before in 1..40_usize,
            events in vec((any::<prop::sample::Index>(), 0..3_u8), 0..60),
        ) {
            let mut round = Round::default();
            let mut places: Vec<Option<usize>> = (0..before).map(|slot| Some(round.enter(slot))).collect();
            round.begin();
            let mut shown = vec![false; before];
            for (who, what) in events {
                let here: Vec<usize> = (0..places.len()).filter(|slot| places[*slot].is_some()).collect();
                match what {
                    0 if here.len() > 1 => {
                        let slot = here[who.index(here.len())];
                        let place = places[slot].take().unwrap();
                        if let Some(moved) = round.leave(place) {
                            places[moved] = Some(place);
                        }
                    }
                    1 => {
                        places.push(Some(round.enter(places.len())));
                        // Whoever comes is shown the newest at once.
                        shown.push(true);
                    }
                    _ => if let Some(slot) = round.next_turn() { shown[slot] = true },
                }
            }
            while let Some(slot) = round.next_turn() {
                prop_assert!(places[slot].is_some(), "{slot} has left");
                shown[slot] = true;
            }
            prop_assert!((0..places.len()).all(|slot| places[slot].is_none() || shown[slot]));
        }
    }
}
