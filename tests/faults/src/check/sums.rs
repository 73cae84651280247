//! Sums: answers add up to seats, seats add up to the board.

use std::{collections::HashMap, time::Duration};

use super::{Violation, rows::misranked};
use crate::{
    history::Row,
    truth::{Board, Ledger, Recount, Seat},
};

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
        recount.time(&seat.participant, u64::MAX),
    );
    let summed = (seat.score, seat.answered as usize, seat.correct as usize, Some(seat.time));
    (summed != counted).then(|| Violation::WrongSum {
        participant: seat.participant.clone(),
        summed: format!("score, answered, correct, time {summed:?}"),
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
    let shown: HashMap<&str, &Row> = board.rows.iter().map(|row| (row.participant.as_str(), row)).collect();
    for seat in &ledger.seats {
        let row = shown.get(seat.participant.as_str());
        if row.is_none_or(|row| (row.score, &row.username) != (seat.score, &seat.username)) {
            return Some(format!("it shows {row:?} for {seat:?}"));
        }
    }
    if board.rows.len() != ledger.seats.len() {
        return Some(format!("it has {} rows for {} seats", board.rows.len(), ledger.seats.len()));
    }
    let times: HashMap<&str, Duration> =
        ledger.seats.iter().map(|seat| (seat.participant.as_str(), seat.time)).collect();
    misranked(&board.rows, |row| times.get(row.participant.as_str()).copied())
}

#[cfg(test)]
mod tests {
    use super::super::example::{Game, assert_broken, ms, row};
    use super::*;

    #[test]
    fn a_seat_whose_sums_are_not_those_of_its_answers_is_caught() {
        let falsify: [fn(&mut Seat); 3] =
            [|seat| seat.answered += 1, |seat| seat.correct -= 1, |seat| seat.time += ms(1)];
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
        game.board.rows.push(row("p_x", 0, 4));
        assert_broken!(game, Violation::WrongBoard { .. });
        game.board.rows.truncate(2);
        assert_broken!(game, Violation::WrongBoard { .. } | Violation::NeverSettled { .. });
        game.board.rows.push(game.board.rows[1].clone());
        assert_broken!(game, Violation::WrongBoard { .. } | Violation::NeverSettled { .. });
    }

    #[test]
    fn a_board_with_another_name_is_caught() {
        let mut game = Game::good();
        game.board.rows[1].username.clear();
        assert_broken!(game, Violation::WrongBoard { .. } | Violation::NeverSettled { .. });
    }

    #[test]
    fn a_board_that_ranks_equal_scores_other_than_by_time_is_caught() {
        let Game { ledger, board, .. } = Game::good();
        let wrong = |times: [u64; 2], ranks: [u32; 2]| {
            let seats = ledger.seats[..2].iter().zip(times);
            let seats =
                seats.map(|(seat, time)| Seat { score: 10, time: ms(time), ..seat.clone() }).collect();
            let rows = vec![row("p_a", 10, ranks[0]), row("p_b", 10, ranks[1])];
            wrong_board(&Ledger { seats, ..ledger.clone() }, &Board { rows, ..board.clone() })
        };
        assert_eq!([wrong([1, 2], [1, 2]), wrong([2, 2], [1, 1])], [None, None]);
        assert!(
            [wrong([2, 1], [1, 2]), wrong([2, 2], [1, 2]), wrong([1, 2], [1, 1])].iter().all(Option::is_some)
        );
    }
}
