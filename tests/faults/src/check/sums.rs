//! Sums: answers add up to seats, seats add up to the board.

use std::collections::HashMap;

use super::{Violation, frames};
use crate::truth::{Board, Ledger, Recount, Seat};

pub(super) fn broken(ledger: &Ledger, board: &Board, recount: &Recount<'_>) -> Vec<Violation> {
    let mut found: Vec<_> = ledger.seats.iter().filter_map(|seat| wrong_sum(seat, ledger, recount)).collect();
    found.extend(wrong_board(ledger, board).map(|what| Violation::WrongBoard { what }));
    found
}

fn wrong_sum(seat: &Seat, ledger: &Ledger, recount: &Recount<'_>) -> Option<Violation> {
    let run = ledger.last_run();
    let of_seat =
        || ledger.answers.iter().filter(|row| row.run == run && row.participant == seat.participant);
    let counted = (
        recount.score(&seat.participant, u64::MAX),
        recount.steps(run, &seat.participant).len(),
        of_seat().filter(|row| row.correct).count(),
    );
    let summed = (seat.score, seat.answered as usize, seat.correct as usize);
    (summed != counted).then(|| Violation::WrongSum {
        participant: seat.participant.clone(),
        summed: format!("score, answered, correct {summed:?}"),
        counted: format!("{counted:?}"),
    })
}

fn wrong_board(ledger: &Ledger, board: &Board) -> Option<String> {
    if (board.epoch, board.version) != (ledger.epoch, ledger.last_seq) {
        return Some(format!(
            "it stands at version {} of epoch {}, the ledger at {} of {}",
            board.version, board.epoch, ledger.last_seq, ledger.epoch
        ));
    }
    let shown: HashMap<&str, u32> =
        board.rows.iter().map(|row| (row.participant.as_str(), row.score)).collect();
    if let Some(seat) =
        ledger.seats.iter().find(|seat| shown.get(seat.participant.as_str()) != Some(&seat.score))
    {
        let score = shown.get(seat.participant.as_str());
        return Some(format!("{} has {}, the board shows {score:?}", seat.participant, seat.score));
    }
    if board.rows.len() != ledger.seats.len() {
        return Some(format!("it has {} rows for {} seats", board.rows.len(), ledger.seats.len()));
    }
    frames::misranked(&board.rows)
}

#[cfg(test)]
mod tests {
    use super::super::example::{Game, assert_broken};
    use super::*;

    #[test]
    fn a_seat_whose_sums_are_not_those_of_its_answers_is_caught() {
        let falsify: [fn(&mut Seat); 2] = [|seat| seat.answered += 1, |seat| seat.correct -= 1];
        for falsify in falsify {
            let mut game = Game::good();
            falsify(&mut game.ledger.seats[0]);
            assert_broken!(game, Violation::WrongSum { .. });
        }
        let mut game = Game::good();
        game.ledger.seats[0].score += 1;
        assert_broken!(game, Violation::WrongSum { .. } | Violation::WrongBoard { .. });
    }

    #[test]
    fn a_board_behind_the_ledger_is_caught() {
        let mut game = Game::good();
        game.board.version -= 1;
        assert_broken!(game, Violation::WrongBoard { .. });
    }

    #[test]
    fn a_board_with_another_score_is_caught() {
        let mut game = Game::good();
        game.board.rows[0].score += 1;
        assert_broken!(game, Violation::WrongBoard { .. } | Violation::NeverSettled { .. });
    }

    #[test]
    fn a_board_with_a_row_too_many_or_too_few_is_caught() {
        let mut game = Game::good();
        let row = game.board.rows[2].clone();
        game.board.rows.push(crate::history::Row { participant: "p_x".to_owned(), rank: 4, ..row });
        assert_broken!(game, Violation::WrongBoard { .. });
        game.board.rows.truncate(2);
        assert_broken!(game, Violation::WrongBoard { .. } | Violation::NeverSettled { .. });
    }
}
