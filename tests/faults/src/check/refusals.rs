//! Refusals: the reason is true, and nothing that breaks is called a fault of the program.

use std::{collections::HashSet, fmt};

use super::{
    Violation,
    sent::{Attempt, Sent},
};
use crate::{
    history::{Call, History, Outcome},
    truth::Ledger,
};

pub(super) fn broken(history: &History, ledger: &Ledger, sent: &Sent<'_>) -> Vec<Violation> {
    let seats: HashSet<&str> = ledger.seats.iter().map(|seat| seat.participant.as_str()).collect();
    let is_true = |code: &str, call: &Attempt| match code {
        "QUIZ_NOT_STARTED" => !has_started(call, history),
        "QUIZ_ENDED" => was_to_end(call, history),
        "ALREADY_ANSWERED" => was_answered(call, history, ledger, sent),
        // The door says so to whoever asks too often.
        "RATE_LIMITED" => true,
        // Players ask for nothing that they have no right to, except without a seat.
        _ => !seats.contains(call.request.participant.as_str()),
    };
    let false_refusals = history.answers.iter().filter_map(|call| match &call.outcome {
        Outcome::Refused(code) if !is_true(code, call) => {
            Some(Violation::FalseRefusal { answer: call.request.clone(), code: code.clone(), at: call.ended })
        }
        _ => None,
    });
    let mut found: Vec<_> = false_refusals.collect();
    found.extend(internal_errors(&history.joins));
    found.extend(internal_errors(&history.starts));
    found.extend(internal_errors(&history.answers));
    found.extend(internal_errors(&history.ends));
    found
}

/// Whether a start was acknowledged before the call began.
fn has_started(call: &Attempt, history: &History) -> bool {
    history.starts.iter().any(|start| start.outcome.done().is_some() && start.ended < call.began)
}

/// Whether somebody has asked for the end, since the last start that was acknowledged before the
/// call.
fn was_to_end(call: &Attempt, history: &History) -> bool {
    let starts = history.starts.iter().filter(|start| start.outcome.done().is_some());
    let start = starts.filter(|start| start.ended < call.began).max_by_key(|start| start.ended);
    let since = start.map(|start| start.began);
    history.ends.iter().any(|end| end.began < call.ended && since.is_none_or(|since| end.ended > since))
}

/// Whether another submission counts that was sent before the call was over.
fn was_answered(call: &Attempt, history: &History, ledger: &Ledger, sent: &Sent<'_>) -> bool {
    let asked = &call.request;
    let others = ledger.answers.iter().filter(|row| {
        (&row.participant, &row.question) == (&asked.participant, &asked.question)
            && row.submission_id != asked.submission_id
            && history.may_be_of(row.run, call)
    });
    let mut attempts = others.flat_map(|row| sent.in_run(&row.submission_id, row.run));
    attempts.any(|other| other.began < call.ended)
}

fn internal_errors<Q: fmt::Debug, A>(calls: &[Call<Q, A>]) -> impl Iterator<Item = Violation> {
    calls.iter().filter_map(|call| match &call.outcome {
        Outcome::Unknown(trouble) if trouble.code == "INTERNAL" => {
            Some(Violation::InternalError { call: format!("{:?}", call.request), at: call.ended })
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::example::{Game, assert_broken, ms};
    use super::*;
    use crate::history::Trouble;

    fn refused(code: &str) -> Game {
        let mut game = Game::good();
        game.attempts("never")[0].outcome = Outcome::Refused(code.to_owned());
        game
    }

    #[test]
    fn a_refusal_as_not_started_after_the_start_was_acknowledged_is_caught() {
        assert_broken!(refused("QUIZ_NOT_STARTED"), Violation::FalseRefusal { .. });
    }

    #[test]
    fn a_refusal_as_not_started_while_the_start_is_on_its_way_is_true() {
        let mut game = refused("QUIZ_NOT_STARTED");
        game.attempts("never")[0].began = ms(23);
        assert_eq!(game.check(), []);
    }

    #[test]
    fn a_refusal_as_ended_before_anybody_asked_for_the_end_is_caught() {
        assert_broken!(refused("QUIZ_ENDED"), Violation::FalseRefusal { .. });
        let mut game = refused("QUIZ_ENDED");
        let before_the_start = &mut game.attempts("never")[0];
        (before_the_start.began, before_the_start.ended) = (ms(10), ms(14));
        assert_broken!(game, Violation::FalseRefusal { .. });
    }

    #[test]
    fn a_refusal_as_ended_while_the_end_is_on_its_way_is_true() {
        let mut game = refused("QUIZ_ENDED");
        game.attempts("never")[0].ended = ms(95);
        assert_eq!(game.check(), []);
    }

    #[test]
    fn a_refusal_as_ended_after_another_run_has_begun_is_caught() {
        let mut game = Game::restarted();
        let late = &mut game.attempts("late")[0];
        (late.began, late.ended) = (ms(136), ms(140));
        assert_broken!(game, Violation::FalseRefusal { .. });
    }

    #[test]
    fn a_refusal_as_already_answered_without_another_answer_is_caught() {
        assert_broken!(refused("ALREADY_ANSWERED"), Violation::FalseRefusal { .. });
    }

    #[test]
    fn a_refusal_as_already_answered_for_the_same_submission_is_caught() {
        let mut game = Game::good();
        game.attempts("c1")[1].outcome = Outcome::Refused("ALREADY_ANSWERED".to_owned());
        assert_broken!(game, Violation::FalseRefusal { .. } | Violation::CountedThoughRefused { .. });
    }

    #[test]
    fn a_refusal_as_already_answered_before_the_other_answer_was_sent_is_caught() {
        let mut game = Game::good();
        let again = &mut game.attempts("again")[0];
        (again.began, again.ended) = (ms(26), ms(30));
        assert_broken!(game, Violation::FalseRefusal { .. });
    }

    #[test]
    fn a_refusal_as_already_answered_for_an_answer_of_an_earlier_run_is_caught() {
        let mut game = Game::restarted();
        let again = &mut game.attempts("again")[0];
        (again.began, again.ended) = (ms(136), ms(139));
        assert_broken!(game, Violation::FalseRefusal { .. });
        game.attempts("again")[0].ended = ms(141);
        assert_eq!(game.check(), []);
    }

    #[test]
    fn a_refusal_of_a_seat_that_is_there_is_caught_whatever_the_reason() {
        for code in ["NOT_A_PARTICIPANT", "QUIZ_NOT_FOUND", "UNAUTHENTICATED", "INVALID_ARGUMENT"] {
            assert_broken!(refused(code), Violation::FalseRefusal { .. });
        }
    }

    #[test]
    fn whoever_has_no_seat_or_asks_too_often_may_be_told_so() {
        let mut game = refused("NOT_A_PARTICIPANT");
        game.attempts("never")[0].request.participant = "p_x".to_owned();
        assert_eq!(game.check(), []);
        assert_eq!(refused("RATE_LIMITED").check(), []);
    }

    #[test]
    fn a_call_that_is_said_to_have_met_a_fault_of_the_program_is_caught() {
        fn fail<Q, A>(call: &mut Call<Q, A>) {
            call.outcome = Outcome::Unknown(Trouble::new("INTERNAL"));
        }
        let fail: [fn(&mut Game); 4] = [
            |game| fail(&mut game.history.joins[0]),
            |game| {
                let failed = game.history.starts[0].clone();
                game.history.starts.push(failed);
                fail(&mut game.history.starts[1]);
            },
            |game| fail(game.attempts("never")[0]),
            |game| fail(&mut game.history.ends[1]),
        ];
        for fail in fail {
            let mut game = Game::good();
            fail(&mut game);
            assert_broken!(game, Violation::InternalError { .. });
        }
    }
}
