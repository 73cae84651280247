//! Replies: every caller is told what the ledger says.

use std::collections::HashMap;

use super::Violation;
use crate::{
    history::{History, Verdict},
    truth::{Counted, Ledger, Recount},
};

pub(super) fn broken(history: &History, ledger: &Ledger, recount: &Recount<'_>) -> Vec<Violation> {
    let counted: HashMap<(&str, u32), &Counted> =
        ledger.answers.iter().map(|row| ((row.submission_id.as_str(), row.run), row)).collect();
    let false_verdicts = history.answers.iter().filter_map(|attempt| {
        let verdict = attempt.outcome.done()?;
        let run = ledger.run_at(verdict.version);
        let row = counted.get(&(attempt.request.submission_id.as_str(), run))?;
        let what = false_verdict(verdict, row, recount)?;
        Some(Violation::FalseVerdict { answer: attempt.request.clone(), what })
    });
    false_verdicts.collect()
}

fn false_verdict(verdict: &Verdict, row: &Counted, recount: &Recount<'_>) -> Option<String> {
    let totals = recount.steps(row.run, &row.participant);
    if (verdict.correct, verdict.points) != (row.correct, row.points) {
        Some(format!("correct {} with {} points, not {verdict:?}", row.correct, row.points))
    } else if verdict.version < row.seq {
        Some(format!("it counts from version {}, not {verdict:?}", row.seq))
    } else if !totals.iter().any(|step| step.seq >= row.seq && step.score == verdict.total) {
        Some(format!("the seat never had this total from version {} on: {verdict:?}", row.seq))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::{Game, assert_broken};
    use super::*;
    use crate::history::Outcome;

    #[test]
    fn a_false_verdict_is_caught() {
        let falsify: [fn(&mut Verdict); 4] = [
            |verdict| verdict.correct = false,
            |verdict| verdict.points = 20,
            |verdict| verdict.total = 15,
            |verdict| verdict.version = 1,
        ];
        for falsify in falsify {
            let mut game = Game::good();
            let Outcome::Done(verdict) = &mut game.attempts("a2")[0].outcome else { unreachable!() };
            falsify(verdict);
            assert_broken!(game, Violation::FalseVerdict { .. });
        }
    }
}
