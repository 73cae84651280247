//! What callers learn when a call fails: a code, a sentence, and whether to try again.
//!
//! Every error carries `google.rpc.ErrorInfo`; bad input also `BadRequest`, what may be tried
//! again also `RetryInfo`.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::{config::bounds::RETRY_AFTER, ledger, refusal::Refusal};

const DOMAIN: &str = "scorecast";

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let (code, reason) = code_and_reason(&refusal);
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
        match &refusal {
            Refusal::Invalid { field, problem } => {
                details.add_bad_request_violation(*field, problem);
            }
            Refusal::InvalidAnswerIndex { .. } => {
                details.add_bad_request_violation("answer_index", refusal.to_string());
            }
            _ => {}
        }
        Status::with_error_details(code, refusal.to_string(), details)
    }
}

/// The code of the contract, and the gRPC status that it comes with.
pub(super) fn code_and_reason(refusal: &Refusal) -> (Code, &'static str) {
    match refusal {
        Refusal::Invalid { .. } | Refusal::Unreadable(_) => (Code::InvalidArgument, "INVALID_ARGUMENT"),
        Refusal::InvalidAnswerIndex { .. } => (Code::InvalidArgument, "INVALID_ANSWER_INDEX"),
        Refusal::QuizNotFound => (Code::NotFound, "QUIZ_NOT_FOUND"),
        Refusal::QuestionNotFound => (Code::NotFound, "QUESTION_NOT_FOUND"),
        Refusal::SubjectNotFound => (Code::NotFound, "SUBJECT_NOT_FOUND"),
        Refusal::ParticipantNotFound => (Code::NotFound, "PARTICIPANT_NOT_FOUND"),
        Refusal::NotAParticipant => (Code::PermissionDenied, "NOT_A_PARTICIPANT"),
        Refusal::Forbidden(_) => (Code::PermissionDenied, "FORBIDDEN"),
        Refusal::AlreadyAnswered => (Code::AlreadyExists, "ALREADY_ANSWERED"),
        Refusal::UsernameTaken => (Code::AlreadyExists, "USERNAME_TAKEN"),
        Refusal::SessionExists => (Code::AlreadyExists, "SESSION_EXISTS"),
        Refusal::QuizNotStarted => (Code::FailedPrecondition, "QUIZ_NOT_STARTED"),
        Refusal::QuizEnded => (Code::FailedPrecondition, "QUIZ_ENDED"),
        Refusal::QuizActive => (Code::FailedPrecondition, "QUIZ_ACTIVE"),
        Refusal::NoQuestions => (Code::FailedPrecondition, "NO_QUESTIONS"),
        Refusal::TooLarge(_) => (Code::ResourceExhausted, "PAYLOAD_TOO_LARGE"),
    }
}

impl From<ledger::Error> for Status {
    fn from(error: ledger::Error) -> Self {
        match error {
            ledger::Error::Refused(refusal) => refusal.into(),
            ledger::Error::Unavailable(source) => {
                tracing::debug!(error = %format_args!("{source:#}"), "a call found the ledger unavailable");
                unavailable("this cannot be stored or read right now, try again")
            }
            ledger::Error::NewerSchema | ledger::Error::Failed(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a call failed");
                let details = ErrorDetails::with_error_info("INTERNAL", DOMAIN, HashMap::new());
                Status::with_error_details(Code::Internal, "something went wrong on our side", details)
            }
        }
    }
}

/// Not now: try again in a second.
pub(super) fn unavailable(sentence: &str) -> Status {
    let mut details = ErrorDetails::with_error_info("UNAVAILABLE", DOMAIN, HashMap::new());
    details.set_retry_info(Some(RETRY_AFTER));
    Status::with_error_details(Code::Unavailable, sentence, details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_finds_the_ledger_away_is_told_when_to_try_again_and_nothing_of_what_it_did_not_ask() {
        let status = Status::from(ledger::Error::Unavailable(anyhow::anyhow!("connection refused")));
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(RETRY_AFTER));
        for word in ["answer", "connection"] {
            assert!(!status.message().contains(word), "{}", status.message());
        }
    }
}
