//! The projection of a quiz: its board as Redis holds it, whole or torn.

use std::{collections::HashMap, time::Duration};

use crate::truth::{Ledger, Seat};

/// The members of a sorted set, with their numbers, lowest first.
pub(super) type Places = Vec<(String, f64)>;

/// Who is named how.
pub(super) type Names = HashMap<String, String>;

/// A board as Redis holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    /// The epoch of its version.
    pub epoch: u64,
    /// The last change that it shows.
    pub version: u64,
    /// The rows that have both a place and a name, best first.
    pub rows: Vec<Place>,
    /// How many have only one of the two: it is not whole.
    pub torn: usize,
}

/// One row of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whose.
    pub participant: String,
    /// The name to show.
    pub username: String,
    /// Points in this run.
    pub score: u32,
    /// Of equal scores the shorter one is better.
    pub time: Duration,
}

/// Whether a board shows exactly what the ledger holds.
#[must_use]
pub fn equal(board: &Projection, ledger: &Ledger) -> bool {
    let rows: HashMap<&str, &Place> = board.rows.iter().map(|row| (row.participant.as_str(), row)).collect();
    let is_shown = |seat: &Seat| {
        rows.get(seat.participant.as_str()).is_some_and(|row| {
            (&row.username, row.score, row.time) == (&seat.username, seat.score, seat.time)
        })
    };
    (board.epoch, board.version) == (ledger.epoch, ledger.last_seq)
        && (board.rows.len(), board.torn) == (ledger.seats.len(), 0)
        && ledger.seats.iter().all(is_shown)
}

/// The rows of a sorted set that holds the negated keys, and of the hash with the names; and how
/// many stand in one of them alone.
pub(super) fn rows(places: Places, mut names: Names) -> (Vec<Place>, usize) {
    let placed = places.len();
    let named = places.into_iter().filter_map(|(participant, place)| {
        let username = names.remove(&participant)?;
        // The key is score · 2^31 + (2^31 − 1 − time), below 2^53 and so exact.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is whole and below 2^53"
        )]
        let key = -place as u64;
        let score = u32::try_from(key >> 31).expect("a score is below 2^22");
        let time = Duration::from_millis(TIME_MAX_MS - (key & TIME_MAX_MS));
        Some(Place { participant, username, score, time })
    });
    let rows: Vec<_> = named.collect();
    let torn = placed - rows.len() + names.len();
    (rows, torn)
}

/// The longest time that ranks.
const TIME_MAX_MS: u64 = (1 << 31) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(score: f64, time: f64) -> f64 {
        -(score * 2_f64.powi(31) + (2_f64.powi(31) - 1.0 - time))
    }

    fn names(of: &[&str]) -> Names {
        of.iter().map(|name| ((*name).to_owned(), name.to_uppercase())).collect()
    }

    #[test]
    fn a_sorted_set_of_negated_keys_and_a_hash_of_names_read_as_rows() {
        let longest = 2_f64.powi(31) - 1.0;
        let places = [("a", key(30.0, 5.0)), ("b", key(20.0, 0.0)), ("c", key(0.0, longest))];
        let (rows, torn) =
            rows(places.map(|(name, place)| (name.to_owned(), place)).into(), names(&["a", "b", "c"]));
        let read: Vec<_> =
            rows.iter().map(|row| (row.username.as_str(), row.score, row.time.as_millis())).collect();
        assert_eq!(read, [("A", 30, 5), ("B", 20, 0), ("C", 0, (1 << 31) - 1)]);
        assert_eq!(torn, 0);
    }

    #[test]
    fn what_has_only_a_place_or_only_a_name_is_no_row() {
        let places = ["a", "b"].map(|name| (name.to_owned(), key(1.0, 0.0)));
        let (rows, torn) = rows(places.into(), names(&["b", "c", "d"]));
        assert_eq!((rows.len(), rows[0].participant.as_str(), torn), (1, "b", 3));
    }

    #[test]
    fn a_board_is_equal_to_a_ledger_only_in_all_that_it_shows() {
        let time = Duration::from_millis(7);
        let (participant, username) = ("a".to_owned(), "A".to_owned());
        let seat = Seat { participant, username, score: 3, answered: 1, correct: 1, time };
        let ledger = Ledger { epoch: 1, last_seq: 9, seats: vec![seat], ..Ledger::default() };
        let (rows, torn) = rows(vec![("a".to_owned(), key(3.0, 7.0))], names(&["a"]));
        let board = Projection { epoch: 1, version: 9, rows, torn };
        assert!(equal(&board, &ledger));
        let falsify: [fn(&mut Projection); 8] = [
            |board| board.epoch = 2,
            |board| board.version = 8,
            |board| board.torn = 1,
            |board| board.rows.push(Place { participant: "b".to_owned(), ..board.rows[0].clone() }),
            |board| board.rows[0].participant = "b".to_owned(),
            |board| board.rows[0].username.clear(),
            |board| board.rows[0].score = 4,
            |board| board.rows[0].time = Duration::ZERO,
        ];
        for falsify in falsify {
            let mut board = board.clone();
            falsify(&mut board);
            assert!(!equal(&board, &ledger), "{board:?}");
        }
    }
}
