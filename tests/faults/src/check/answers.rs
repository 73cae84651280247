//! Answers: none lost, doubled, invented or counted out of order.

use std::collections::{HashMap, HashSet};

use super::Violation;
use crate::{
    history::{Answer, Call, History, Outcome, Verdict},
    truth::{Counted, Ledger},
};

type Attempt = Call<Answer, Verdict>;

pub(super) fn broken(history: &History, ledger: &Ledger) -> Vec<Violation> {
    let counted: HashMap<&str, &Counted> =
        ledger.answers.iter().map(|row| (row.submission_id.as_str(), row)).collect();
    let mut attempts: HashMap<&str, Vec<&Attempt>> = HashMap::new();
    for attempt in &history.answers {
        attempts.entry(&attempt.request.submission_id).or_default().push(attempt);
    }
    for of_one in attempts.values_mut() {
        of_one.sort_by_key(|attempt| attempt.began);
    }

    let mut found = doubled(ledger);
    found.extend(ledger.answers.iter().filter_map(|row| unasked(row, &attempts)));
    for (submission_id, attempts) in &attempts {
        match counted.get(submission_id) {
            None => found.extend(lost(attempts)),
            Some(row) => found.extend(refused_and_counted(attempts, row)),
        }
    }
    found.extend(out_of_order(&attempts, &counted));
    found
}

fn doubled(ledger: &Ledger) -> Vec<Violation> {
    let mut by_question: HashMap<(u32, &str, &str), usize> = HashMap::new();
    let mut by_submission: HashMap<&str, Vec<&Counted>> = HashMap::new();
    for row in &ledger.answers {
        *by_question.entry((row.run, &row.participant, &row.question)).or_default() += 1;
        by_submission.entry(&row.submission_id).or_default().push(row);
    }
    let twice = |run, participant: &str, question: &str, times| Violation::CountedTwice {
        participant: participant.to_owned(),
        question: question.to_owned(),
        run,
        times,
    };
    let questions = by_question
        .into_iter()
        .filter(|(_, times)| *times > 1)
        .map(|((run, participant, question), times)| twice(run, participant, question, times));
    let submissions = by_submission.into_values().filter_map(|rows| {
        let questions: HashSet<_> =
            rows.iter().map(|row| (row.run, &row.participant, &row.question)).collect();
        (questions.len() > 1)
            .then(|| twice(rows[0].run, &rows[0].participant, &rows[0].question, questions.len()))
    });
    questions.chain(submissions).collect()
}

fn unasked(row: &Counted, attempts: &HashMap<&str, Vec<&Attempt>>) -> Option<Violation> {
    let was_sent = attempts.get(row.submission_id.as_str()).is_some_and(|attempts| {
        attempts.iter().any(|Call { request, .. }| {
            (&request.participant, &request.question, request.choice)
                == (&row.participant, &row.question, row.choice)
        })
    });
    (!was_sent).then(|| Violation::Unasked {
        participant: row.participant.clone(),
        question: row.question.clone(),
        seq: row.seq,
    })
}

fn lost(attempts: &[&Attempt]) -> Option<Violation> {
    let acknowledged = attempts.iter().find(|attempt| attempt.outcome.done().is_some())?;
    Some(Violation::Lost { answer: acknowledged.request.clone(), at: acknowledged.ended })
}

/// What the caller was told last is what the caller believes. Only the door's "not so fast"
/// says nothing about the attempts before it.
fn refused_and_counted(attempts: &[&Attempt], row: &Counted) -> Option<Violation> {
    if attempts.iter().any(|attempt| attempt.outcome.done().is_some()) {
        return None;
    }
    let nothing_unknown = attempts.iter().all(|attempt| !matches!(attempt.outcome, Outcome::Unknown(_)));
    let last = attempts.last()?;
    match &last.outcome {
        Outcome::Refused(code) if nothing_unknown || code != "RATE_LIMITED" => {
            Some(Violation::CountedThoughRefused {
                answer: last.request.clone(),
                code: code.clone(),
                seq: row.seq,
            })
        }
        _ => None,
    }
}

/// An answer that was acknowledged before another was first sent counts before it.
fn out_of_order(
    attempts: &HashMap<&str, Vec<&Attempt>>,
    counted: &HashMap<&str, &Counted>,
) -> Vec<Violation> {
    let mut sent: Vec<(&Attempt, u64)> = Vec::new();
    let mut acknowledged = Vec::new();
    for (submission_id, attempts) in attempts {
        let Some(row) = counted.get(submission_id) else { continue };
        sent.push((attempts[0], row.seq));
        let done = attempts.iter().filter(|attempt| attempt.outcome.done().is_some());
        acknowledged.extend(done.map(|attempt| attempt.ended).min().map(|ended| (ended, row.seq)));
    }
    sent.sort_by_key(|(attempt, _)| attempt.began);
    acknowledged.sort_unstable();
    let mut acknowledged = acknowledged.into_iter().peekable();
    let mut before = 0;
    let mut found = Vec::new();
    for (attempt, seq) in sent {
        while let Some((_, earlier)) = acknowledged.next_if(|(ended, _)| *ended < attempt.began) {
            before = before.max(earlier);
        }
        if seq < before {
            found.push(Violation::OutOfOrder { later: attempt.request.clone(), seq, before });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::example::{Game, assert_broken, ms};
    use super::*;
    use crate::history::Trouble;

    #[test]
    fn a_good_history_passes() {
        assert_eq!(Game::good().check(), []);
    }

    #[test]
    fn an_acknowledged_answer_that_is_missing_is_caught() {
        let mut game = Game::good();
        game.ledger.answers.retain(|row| row.submission_id != "a2");
        assert_broken!(
            game,
            Violation::Lost { .. }
                | Violation::WrongSum { .. }
                | Violation::WrongResult { .. }
                | Violation::NotTheLedger { .. }
        );
    }

    #[test]
    fn an_answer_whose_outcome_is_unknown_may_count_or_not() {
        let mut game = Game::good();
        for attempt in game.attempts("b1") {
            attempt.outcome = Outcome::Unknown(Trouble::new("NO_ANSWER"));
        }
        assert_eq!(game.check(), []);
    }

    #[test]
    fn a_question_that_counts_twice_is_caught() {
        let mut game = Game::good();
        let mut again = game.row("b1").clone();
        again.submission_id = "b2".to_owned();
        again.seq = 8;
        game.ledger.answers.push(again);
        game.ledger.seats[1].answered = 2;
        assert_broken!(game, Violation::CountedTwice { .. } | Violation::Unasked { .. });
    }

    #[test]
    fn a_submission_that_counts_for_two_questions_is_caught() {
        let mut game = Game::good();
        let mut again = game.row("b1").clone();
        again.question = "q2".to_owned();
        game.ledger.answers.push(again);
        game.ledger.seats[1].answered = 2;
        assert_broken!(game, Violation::CountedTwice { .. } | Violation::Unasked { .. });
    }

    #[test]
    fn an_answer_that_nobody_sent_is_caught() {
        let mut game = Game::good();
        game.history.answers.retain(|attempt| attempt.request.submission_id != "b1");
        assert_broken!(game, Violation::Unasked { .. });
    }

    #[test]
    fn an_answer_that_counts_with_another_choice_than_was_sent_is_caught() {
        let mut game = Game::good();
        game.attempts("b1")[0].request.choice = 3;
        assert_broken!(game, Violation::Unasked { .. });
    }

    #[test]
    fn a_refused_answer_that_counts_is_caught() {
        let mut game = Game::good();
        game.attempts("b1")[0].outcome = Outcome::Refused("NOT_A_PARTICIPANT".to_owned());
        assert_broken!(game, Violation::CountedThoughRefused { .. });
    }

    #[test]
    fn a_refusal_by_the_door_takes_back_nothing_that_was_unknown_before() {
        let mut game = Game::good();
        let mut attempts = game.attempts("c1");
        attempts[1].outcome = Outcome::Refused("RATE_LIMITED".to_owned());
        assert_eq!(game.check(), []);
        game.attempts("c1")[1].outcome = Outcome::Refused("NOT_FOUND".to_owned());
        assert_broken!(game, Violation::CountedThoughRefused { .. });
    }

    #[test]
    fn an_answer_that_counts_before_one_acknowledged_before_it_was_sent_is_caught() {
        let mut game = Game::good();
        game.attempts("a1")[0].began = ms(61);
        assert_broken!(game, Violation::OutOfOrder { .. });
    }
}
