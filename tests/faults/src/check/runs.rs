//! The end of a run: obeyed at once, everywhere, and the result is whole.

use std::collections::{HashMap, HashSet};

use super::{
    Violation,
    rows::{misnamed, misranked, names},
    sent::Sent,
};
use crate::{
    history::{Ended, History, Moment},
    truth::{Ledger, Recount},
};

pub(super) fn broken(
    history: &History,
    ledger: &Ledger,
    recount: &Recount<'_>,
    sent: &Sent<'_>,
) -> Vec<Violation> {
    let names = names(history, ledger);
    let mut found = Vec::new();
    for end in &history.ends {
        if let Some(ended) = end.outcome.done() {
            found.extend(counted_after(end.ended, ended.run, ledger, sent));
            found.extend(
                wrong_result(ended, joined_before(end.began, history), ledger, recount, &names)
                    .map(|what| Violation::WrongResult { run: ended.run, what }),
            );
        }
    }
    found
}

/// Names the answers that were first sent after the end and count in the run all the same.
fn counted_after(end: Moment, run: u32, ledger: &Ledger, sent: &Sent<'_>) -> impl Iterator<Item = Violation> {
    let of_run = ledger.answers.iter().filter(move |row| row.run == run);
    let first = of_run.filter_map(move |row| sent.in_run(&row.submission_id, run).next());
    first
        .filter(move |first| first.began > end)
        .map(move |first| Violation::CountedAfterEnd { answer: first.request.clone(), run })
}

/// How many had their seat at a moment for sure.
fn joined_before(moment: Moment, history: &History) -> usize {
    let given = history.joins.iter().filter(|join| join.ended < moment);
    given.filter_map(|join| join.outcome.done()).map(|seat| &seat.participant).collect::<HashSet<_>>().len()
}

fn wrong_result(
    ended: &Ended,
    seats: usize,
    ledger: &Ledger,
    recount: &Recount<'_>,
    names: &HashMap<&str, &str>,
) -> Option<String> {
    let end = ledger.last_of(ended.run);
    let total = |participant: &str| recount.score(participant, end);
    if let Some(row) = ended.rows.iter().find(|row| row.score != total(&row.participant)) {
        return Some(format!("{row:?}, but the answers of the run sum up to {}", total(&row.participant)));
    }
    let mut totals: Vec<u32> = ledger.seats.iter().map(|seat| total(&seat.participant)).collect();
    totals.sort_unstable_by(|a, b| b.cmp(a));
    totals.truncate(100);
    let shown: Vec<u32> = ended.rows.iter().map(|row| row.score).collect();
    // Whoever came later has no points, and stands last.
    if shown.len() < seats.min(100) || !totals.starts_with(&shown) {
        return Some(format!("its scores are {shown:?} and should be {totals:?}"));
    }
    misnamed(&ended.rows, names).or_else(|| misranked(&ended.rows, |row| recount.time(&row.participant, end)))
}

#[cfg(test)]
mod tests {
    use super::super::example::{Game, assert_broken};
    use super::*;
    use crate::history::{Outcome, Row, Trouble};

    #[test]
    fn an_answer_that_counts_although_the_end_was_acknowledged_before_is_caught() {
        let mut game = Game::good();
        for attempt in game.attempts("late") {
            attempt.outcome = Outcome::Unknown(Trouble::new("CONNECTION_LOST"));
        }
        game.count("late", 10);
        assert_broken!(
            game,
            Violation::CountedAfterEnd { .. } | Violation::WrongResult { .. } | Violation::WrongSum { .. }
        );
    }

    #[test]
    fn a_final_result_without_an_acknowledged_answer_is_caught() {
        let mut game = Game::good();
        let Outcome::Done(ended) = &mut game.history.ends[0].outcome else { unreachable!() };
        ended.rows[0].score -= 10;
        assert_broken!(game, Violation::WrongResult { .. });
    }

    #[test]
    fn a_final_result_without_a_row_is_caught() {
        let mut game = Game::good();
        let Outcome::Done(ended) = &mut game.history.ends[0].outcome else { unreachable!() };
        ended.rows.pop();
        assert_broken!(game, Violation::WrongResult { .. });
    }

    #[test]
    fn a_final_result_with_the_score_of_another_is_caught() {
        let mut game = Game::good();
        let Outcome::Done(ended) = &mut game.history.ends[0].outcome else { unreachable!() };
        ended.rows[..2].rotate_left(1);
        for (row, (score, rank)) in ended.rows.iter_mut().zip([(20, 1), (10, 2)]) {
            (row.score, row.rank) = (score, rank);
        }
        assert_broken!(game, Violation::WrongResult { .. });
    }

    #[test]
    fn a_final_result_with_a_wrong_name_or_rank_is_caught() {
        let falsify: [fn(&mut Row); 2] = [|row| row.username = "c".to_owned(), |row| row.rank = 2];
        for falsify in falsify {
            let mut game = Game::good();
            let Outcome::Done(ended) = &mut game.history.ends[0].outcome else { unreachable!() };
            falsify(&mut ended.rows[0]);
            assert_broken!(game, Violation::WrongResult { .. });
        }
    }
}
