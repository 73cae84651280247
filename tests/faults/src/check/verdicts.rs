//! Replies: every caller is told what the ledger says.

use std::collections::{HashMap, HashSet};

use super::Violation;
use crate::{
    history::{Answer, Call, History, Verdict},
    truth::{Counted, Ledger, Recount},
};

pub(super) fn broken(history: &History, ledger: &Ledger, recount: &Recount<'_>) -> Vec<Violation> {
    let counted: HashMap<&str, &Counted> =
        ledger.answers.iter().map(|row| (row.submission_id.as_str(), row)).collect();
    let row = |attempt: &Call<Answer, Verdict>| counted.get(attempt.request.submission_id.as_str()).copied();
    let verdicts =
        history.answers.iter().filter_map(|attempt| false_verdict(attempt, row(attempt)?, recount));
    verdicts.chain(false_duplicates(history, ledger)).collect()
}

fn false_verdict(attempt: &Call<Answer, Verdict>, row: &Counted, recount: &Recount<'_>) -> Option<Violation> {
    let verdict = attempt.outcome.done()?;
    let totals = recount.steps(row.run, &row.participant);
    let what = if (verdict.correct, verdict.points) != (row.correct, row.points) {
        format!("correct {} with {} points, not {verdict:?}", row.correct, row.points)
    } else if verdict.version < row.seq {
        format!("it counts from version {}, not {verdict:?}", row.seq)
    } else if !totals.iter().any(|(seq, total)| *seq >= row.seq && *total == verdict.total) {
        format!("the seat never had this total from version {} on: {verdict:?}", row.seq)
    } else {
        return None;
    };
    Some(Violation::FalseVerdict { answer: attempt.request.clone(), what })
}

/// "Already answered" is true only if another submission counts.
fn false_duplicates<'a>(
    history: &'a History,
    ledger: &'a Ledger,
) -> impl Iterator<Item = Violation> + use<'a> {
    let mut counted: HashMap<(&str, &str), HashSet<&str>> = HashMap::new();
    for row in &ledger.answers {
        counted.entry((&row.participant, &row.question)).or_default().insert(&row.submission_id);
    }
    let has_another = move |answer: &Answer| {
        counted
            .get(&(answer.participant.as_str(), answer.question.as_str()))
            .is_some_and(|ids| ids.iter().any(|id| *id != answer.submission_id))
    };
    history
        .answers
        .iter()
        .filter(|attempt| attempt.outcome.is_refused_as("ALREADY_ANSWERED"))
        .filter(move |attempt| !has_another(&attempt.request))
        .map(|attempt| Violation::FalseRefusal {
            answer: attempt.request.clone(),
            code: "ALREADY_ANSWERED".to_owned(),
            at: attempt.ended,
        })
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

    #[test]
    fn a_refusal_as_already_answered_without_another_answer_is_caught() {
        let mut game = Game::good();
        game.attempts("never")[0].outcome = Outcome::Refused("ALREADY_ANSWERED".to_owned());
        assert_broken!(game, Violation::FalseRefusal { .. });
    }
}
