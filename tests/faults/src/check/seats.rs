//! Seats: whoever was given one has it, and nobody else.

use std::collections::{HashMap, HashSet};

use super::Violation;
use crate::{history::History, truth::Ledger};

pub(super) fn broken(history: &History, ledger: &Ledger) -> Vec<Violation> {
    let known: HashSet<(&str, &str)> =
        ledger.seats.iter().map(|seat| (seat.participant.as_str(), seat.username.as_str())).collect();
    let lost = history.joins.iter().filter_map(|join| {
        let seat = join.outcome.done()?;
        let username = &join.request.username;
        (!known.contains(&(seat.participant.as_str(), username.as_str()))).then(|| Violation::LostSeat {
            participant: seat.participant.clone(),
            username: username.clone(),
        })
    });

    let mut asked: HashMap<&str, usize> = HashMap::new();
    for join in &history.joins {
        asked.insert(&join.request.username, 1);
    }
    let unasked = ledger.seats.iter().filter_map(|seat| {
        let left = asked.get_mut(seat.username.as_str());
        let is_asked = left.is_some_and(|left| std::mem::replace(left, 0) > 0);
        (!is_asked).then(|| Violation::UnaskedSeat {
            participant: seat.participant.clone(),
            username: seat.username.clone(),
        })
    });
    lost.chain(unasked).collect()
}

#[cfg(test)]
mod tests {
    use super::super::example::{Game, assert_broken};
    use super::*;

    #[test]
    fn a_seat_that_was_given_and_is_missing_is_caught() {
        let mut game = Game::good();
        game.ledger.seats.remove(1);
        game.board.rows.remove(2);
        assert_broken!(
            game,
            Violation::LostSeat { .. } | Violation::WrongResult { .. } | Violation::NeverSettled { .. }
        );
    }

    #[test]
    fn a_seat_that_nobody_asked_for_is_caught() {
        let mut game = Game::good();
        game.history.joins.remove(1);
        assert_broken!(game, Violation::UnaskedSeat { .. });
    }

    #[test]
    fn a_name_that_has_two_seats_is_caught() {
        let mut game = Game::good();
        let mut again = game.ledger.seats[1].clone();
        (again.participant, again.answered) = ("p_x".to_owned(), 0);
        game.ledger.seats.push(again);
        assert_broken!(
            game,
            Violation::UnaskedSeat { .. } | Violation::WrongBoard { .. } | Violation::WrongResult { .. }
        );
    }
}
