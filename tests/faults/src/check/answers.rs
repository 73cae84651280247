//! Answers: none lost, doubled, invented or counted out of order.

use std::collections::{HashMap, HashSet};

use super::{
    Violation,
    sent::{Attempt, Sent},
};
use crate::{
    history::{Call, History, Outcome},
    truth::{Counted, Ledger},
};

pub(super) fn broken(history: &History, ledger: &Ledger, sent: &Sent<'_>) -> Vec<Violation> {
    let mut found = doubled(ledger);
    found.extend(ledger.answers.iter().filter_map(|row| unasked(row, sent)));
    found.extend(lost(history, ledger, sent));
    found.extend(ledger.answers.iter().filter_map(|row| refused_and_counted(row, sent)));
    found.extend(out_of_order(ledger, sent));
    found
}

/// In each run a seat answers a question once, and a submission counts for one question.
fn doubled(ledger: &Ledger) -> Vec<Violation> {
    let mut by_question: HashMap<(u32, &str, &str), usize> = HashMap::new();
    let mut by_submission: HashMap<(u32, &str), Vec<&Counted>> = HashMap::new();
    for row in &ledger.answers {
        *by_question.entry((row.run, &row.participant, &row.question)).or_default() += 1;
        by_submission.entry((row.run, &row.submission_id)).or_default().push(row);
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
        let questions: HashSet<_> = rows.iter().map(|row| (&row.participant, &row.question)).collect();
        (questions.len() > 1)
            .then(|| twice(rows[0].run, &rows[0].participant, &rows[0].question, questions.len()))
    });
    questions.chain(submissions).collect()
}

fn unasked(row: &Counted, sent: &Sent<'_>) -> Option<Violation> {
    let was_sent = sent.in_run(&row.submission_id, row.run).any(|Call { request, .. }| {
        (&request.participant, &request.question, request.choice)
            == (&row.participant, &row.question, row.choice)
    });
    (!was_sent).then(|| Violation::Unasked {
        participant: row.participant.clone(),
        question: row.question.clone(),
        seq: row.seq,
    })
}

/// Names each submission that was acknowledged in a run and does not count in it, once.
fn lost(history: &History, ledger: &Ledger, sent: &Sent<'_>) -> Vec<Violation> {
    let mut known: HashSet<(&str, u32)> =
        ledger.answers.iter().map(|row| (row.submission_id.as_str(), row.run)).collect();
    let lost = history.answers.iter().filter(|attempt| {
        let run = sent.run_of(attempt);
        run.is_some_and(|run| known.insert((&attempt.request.submission_id, run)))
    });
    lost.map(|attempt| Violation::Lost { answer: attempt.request.clone(), at: attempt.ended }).collect()
}

/// What the caller was told last of a run is what the caller believes: the same answer again gets
/// the same verdict. Only the door's "not so fast" says nothing about the attempts before it.
fn refused_and_counted(row: &Counted, sent: &Sent<'_>) -> Option<Violation> {
    let attempts = || sent.in_run(&row.submission_id, row.run);
    let last = attempts().last().filter(|last| !sent.is_unclear(last, row.run))?;
    let Outcome::Refused(code) = &last.outcome else { return None };
    let all_refused = attempts().all(|attempt| matches!(attempt.outcome, Outcome::Refused(_)));
    (all_refused || code != "RATE_LIMITED").then(|| Violation::CountedThoughRefused {
        answer: last.request.clone(),
        code: code.clone(),
        seq: row.seq,
    })
}

/// An answer that was acknowledged before another was first sent counts before it.
fn out_of_order(ledger: &Ledger, sent: &Sent<'_>) -> Vec<Violation> {
    let mut first: Vec<(&Attempt, u64)> = Vec::new();
    let mut acknowledged = Vec::new();
    for row in &ledger.answers {
        first.extend(sent.in_run(&row.submission_id, row.run).next().map(|attempt| (attempt, row.seq)));
        acknowledged
            .extend(sent.acknowledged(&row.submission_id, row.run).map(|attempt| (attempt.ended, row.seq)));
    }
    first.sort_by_key(|(attempt, _)| attempt.began);
    acknowledged.sort_unstable();
    let mut acknowledged = acknowledged.into_iter().peekable();
    let mut before = 0;
    let mut found = Vec::new();
    for (attempt, seq) in first {
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
    fn a_second_run_may_count_what_the_first_has_counted() {
        assert_eq!(Game::restarted().check(), []);
    }

    #[test]
    fn an_acknowledged_answer_that_is_missing_in_one_run_only_is_caught() {
        for run in [1, 2] {
            let mut game = Game::restarted();
            game.ledger.answers.retain(|row| (row.submission_id.as_str(), row.run) != ("a1", run));
            assert_broken!(
                game,
                Violation::Lost { .. }
                    | Violation::WrongSum { .. }
                    | Violation::WrongResult { .. }
                    | Violation::FalseRefusal { .. }
                    | Violation::FalseVerdict { .. }
                    | Violation::NotTheLedger { .. }
            );
        }
    }

    #[test]
    fn an_answer_that_counts_in_a_run_in_which_nobody_sent_it_is_caught() {
        let mut game = Game::restarted();
        let again = Counted { run: 2, seq: 11, points: 0, correct: false, ..game.row("b1").clone() };
        game.ledger.answers.push(again);
        game.ledger.seats[1].answered = 1;
        assert_broken!(game, Violation::Unasked { .. });
    }

    #[test]
    fn a_refusal_in_a_later_run_takes_back_nothing_of_an_earlier_one() {
        let mut game = Game::restarted();
        let mut attempts = game.attempts("c1");
        let mut later = attempts[1].clone();
        attempts[1].outcome = Outcome::Unknown(Trouble::new("NO_ANSWER"));
        (later.began, later.ended) = (ms(156), ms(160));
        later.outcome = Outcome::Refused("QUIZ_ENDED".to_owned());
        game.history.answers.push(later);
        assert_eq!(game.check(), []);
        // While the second run began, it may have met either.
        let later = game.history.answers.last_mut().unwrap();
        (later.began, later.ended) = (ms(128), ms(136));
        assert_eq!(game.check(), []);
        // Before the second run, it would have been one of the first.
        let later = game.history.answers.last_mut().unwrap();
        (later.began, later.ended) = (ms(110), ms(114));
        assert_broken!(game, Violation::CountedThoughRefused { .. });
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
        assert_broken!(game, Violation::CountedThoughRefused { .. } | Violation::FalseRefusal { .. });
    }

    #[test]
    fn an_acknowledged_answer_that_is_refused_when_it_is_sent_again_is_caught() {
        let mut game = Game::good();
        let mut again = game.attempts("a1")[0].clone();
        (again.began, again.ended) = (ms(110), ms(114));
        again.outcome = Outcome::Refused("QUIZ_ENDED".to_owned());
        game.history.answers.push(again);
        assert_broken!(game, Violation::CountedThoughRefused { .. });
    }

    #[test]
    fn a_refusal_by_the_door_alone_that_counts_is_caught() {
        let mut game = Game::good();
        game.attempts("b1")[0].outcome = Outcome::Refused("RATE_LIMITED".to_owned());
        assert_broken!(game, Violation::CountedThoughRefused { .. });
    }

    #[test]
    fn a_refusal_by_the_door_takes_back_nothing_that_was_unknown_before() {
        let mut game = Game::good();
        let mut attempts = game.attempts("c1");
        attempts[1].outcome = Outcome::Refused("RATE_LIMITED".to_owned());
        assert_eq!(game.check(), []);
        game.attempts("c1")[1].outcome = Outcome::Refused("NOT_FOUND".to_owned());
        assert_broken!(game, Violation::CountedThoughRefused { .. } | Violation::FalseRefusal { .. });
    }

    #[test]
    fn an_answer_that_counts_before_one_acknowledged_before_it_was_sent_is_caught() {
        let mut game = Game::good();
        game.attempts("a1")[0].began = ms(61);
        assert_broken!(game, Violation::OutOfOrder { .. });
    }
}
