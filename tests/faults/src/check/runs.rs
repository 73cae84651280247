//! The beginning and the end of a run: obeyed at once, everywhere, and the result is whole.

use std::collections::{HashMap, HashSet};

use super::Violation;
use crate::{
    history::{Answer, Call, Ended, History, Moment, Verdict},
    truth::{Ledger, Recount},
};

pub(super) fn broken(history: &History, ledger: &Ledger, recount: &Recount<'_>) -> Vec<Violation> {
    let mut found: Vec<_> = history.answers.iter().filter_map(|call| false_refusal(call, history)).collect();
    for end in &history.ends {
        if let Some(ended) = end.outcome.done() {
            found.extend(counted_after(end.ended, ended.run, history, ledger));
            found.extend(
                wrong_result(ended, ledger, recount)
                    .map(|what| Violation::WrongResult { run: ended.run, what }),
            );
        }
    }
    found
}

/// "Not started" is false once a start was acknowledged; "ended" is false as long as nobody has
/// asked for the end since.
fn false_refusal(call: &Call<Answer, Verdict>, history: &History) -> Option<Violation> {
    let start = history
        .starts
        .iter()
        .filter(|start| start.outcome.done().is_some() && start.ended < call.began)
        .max_by_key(|start| start.ended)?;
    let end_was_asked = || history.ends.iter().any(|end| end.began < call.ended && end.ended > start.began);
    let code = if call.outcome.is_refused_as("QUIZ_NOT_STARTED") {
        "QUIZ_NOT_STARTED"
    } else if call.outcome.is_refused_as("QUIZ_ENDED") && !end_was_asked() {
        "QUIZ_ENDED"
    } else {
        return None;
    };
    Some(Violation::FalseRefusal { answer: call.request.clone(), code: code.to_owned(), at: call.ended })
}

/// Names the answers that were first sent after the end and count in the run all the same.
fn counted_after<'a>(
    end: Moment,
    run: u32,
    history: &'a History,
    ledger: &'a Ledger,
) -> impl Iterator<Item = Violation> + use<'a> {
    let in_run: HashSet<&str> =
        ledger.answers.iter().filter(|row| row.run == run).map(|row| row.submission_id.as_str()).collect();
    let mut first: HashMap<&str, &Call<Answer, Verdict>> = HashMap::new();
    for call in &history.answers {
        let earliest = first.entry(&call.request.submission_id).or_insert(call);
        if call.began < earliest.began {
            *earliest = call;
        }
    }
    first
        .into_values()
        .filter(move |call| call.began > end && in_run.contains(call.request.submission_id.as_str()))
        .map(move |call| Violation::CountedAfterEnd { answer: call.request.clone(), run })
}

fn wrong_result(ended: &Ended, ledger: &Ledger, recount: &Recount<'_>) -> Option<String> {
    let total = |participant: &str| recount.steps(ended.run, participant).last().map_or(0, |step| step.1);
    if let Some(row) = ended.rows.iter().find(|row| row.score != total(&row.participant)) {
        return Some(format!("{row:?}, but the answers of the run sum up to {}", total(&row.participant)));
    }
    let mut totals: Vec<u32> = ledger.seats.iter().map(|seat| total(&seat.participant)).collect();
    totals.sort_unstable_by(|a, b| b.cmp(a));
    totals.truncate(100);
    let shown: Vec<u32> = ended.rows.iter().map(|row| row.score).collect();
    (shown != totals).then(|| format!("its scores are {shown:?} and should be {totals:?}"))
}

#[cfg(test)]
mod tests {
    use super::super::example::{Game, assert_broken, ms};
    use super::*;
    use crate::history::{Outcome, Trouble};

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
    fn a_refusal_as_not_started_after_the_start_was_acknowledged_is_caught() {
        let mut game = Game::good();
        game.attempts("never")[0].outcome = Outcome::Refused("QUIZ_NOT_STARTED".to_owned());
        assert_broken!(game, Violation::FalseRefusal { .. });
    }

    #[test]
    fn a_refusal_as_ended_before_anybody_asked_for_the_end_is_caught() {
        let mut game = Game::good();
        game.attempts("never")[0].outcome = Outcome::Refused("QUIZ_ENDED".to_owned());
        assert_broken!(game, Violation::FalseRefusal { .. });
    }

    #[test]
    fn a_refusal_as_ended_while_the_end_is_on_its_way_is_true() {
        let mut game = Game::good();
        let attempt = &mut game.attempts("never")[0];
        attempt.outcome = Outcome::Refused("QUIZ_ENDED".to_owned());
        attempt.ended = ms(95);
        assert_eq!(game.check(), []);
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
        ended.rows.remove(1);
        assert_broken!(game, Violation::WrongResult { .. });
    }
}
