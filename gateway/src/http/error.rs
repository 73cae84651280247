//! What goes wrong, as callers see it: `{"error": "quiz not found", "code": "QUIZ_NOT_FOUND"}`.
//!
//! Every refusal of the gateway and every status of scoring becomes one [`Error`] here, and
//! nowhere else. A caller learns what it did wrong or that it may try again, never more.

use std::{borrow::Cow, error::Error as _, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tonic_types::StatusExt as _;
use utoipa::ToSchema;

pub(crate) use super::code::Code;
use crate::{config::bounds::RETRY_AFTER, door, socket::NotAnUpgrade, tokens::BadJwt};

/// A request that is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Error {
    code: Code,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
}

/// Why a request is not carried out.
#[derive(Serialize, ToSchema)]
#[schema(as = Error, example = json!({"error": "quiz not found", "code": "QUIZ_NOT_FOUND"}))]
pub(crate) struct Body<'a> {
    /// A sentence for people.
    error: &'a str,
    /// A word for programs.
    #[schema(value_type = Code)]
    code: &'static str,
}

impl Error {
    /// Says what is wrong and what to do, in one sentence without a full stop.
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }

    /// No such quiz.
    pub(crate) fn quiz_not_found() -> Self {
        Self::new(Code::QuizNotFound, "quiz not found")
    }

    /// No such seat in this quiz.
    pub(crate) fn not_a_participant() -> Self {
        Self::new(Code::NotAParticipant, "participant not in quiz")
    }

    /// Our own fault; what it was stands in the log.
    pub(crate) fn internal() -> Self {
        Self::new(Code::Internal, "something went wrong on our side, try again")
    }

    /// What went wrong.
    pub(crate) fn code(&self) -> Code {
        self.code
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let body = Body { error: &self.message, code: self.code.name() };
        let mut response = (self.code.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        let retry_after = self.retry_after.or(match self.code {
            Code::Unavailable | Code::RateLimited => Some(RETRY_AFTER),
            _ => None,
        });
        if let Some(retry_after) = retry_after {
            let seconds = retry_after.as_millis().div_ceil(1000).max(1).to_string();
            headers.insert(header::RETRY_AFTER, seconds.parse().expect("digits are a header value"));
        }
        match self.code.status() {
            // RFC 9110 §11.6.1 and §15.5.22, RFC 6455 §4.4.
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::UPGRADE_REQUIRED => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            _ => {}
        }
        response
    }
}

impl From<door::Refused> for Error {
    fn from(refused: door::Refused) -> Self {
        let (code, retry_after) = match refused {
            // Spread, so that those who were refused together do not come back together.
            door::Refused::Leaving | door::Refused::Full => {
                (Code::Unavailable, Some(rand::random_range(RETRY_AFTER..RETRY_AFTER * 5)))
            }
            door::Refused::TooOften { retry_after } => (Code::RateLimited, Some(retry_after)),
            door::Refused::Origin => (Code::Forbidden, None),
        };
        Self { retry_after, ..Self::new(code, refused.to_string()) }
    }
}

impl From<BadJwt> for Error {
    fn from(bad: BadJwt) -> Self {
        let code = match bad {
            BadJwt::Expired => Code::TokenExpired,
            BadJwt::SwitchedOff | BadJwt::Invalid => Code::Unauthenticated,
            BadJwt::OutOfReach => Code::Unavailable,
        };
        Self::new(code, bad.to_string())
    }
}

impl From<NotAnUpgrade> for Error {
    fn from(not: NotAnUpgrade) -> Self {
        Self::new(Code::UpgradeRequired, not.to_string())
    }
}

impl From<tonic::Status> for Error {
    /// Scoring's own refusals carry their code and a sentence to show; what the way there makes
    /// up carries neither, and what went wrong inside is not told.
    fn from(status: tonic::Status) -> Self {
        use tonic::Code as Grpc;

        let details = status.get_error_details();
        let reason = details.error_info().and_then(|info| Code::named(&info.reason));
        let message = status.message().to_owned();
        match (status.code(), reason) {
            (
                Grpc::InvalidArgument
                | Grpc::Unauthenticated
                | Grpc::PermissionDenied
                | Grpc::NotFound
                | Grpc::AlreadyExists
                | Grpc::FailedPrecondition,
                Some(code),
            ) => Self::new(code, message),
            (Grpc::Unavailable | Grpc::ResourceExhausted, Some(code)) => {
                let retry_after = details.retry_info().and_then(|info| info.retry_delay);
                Self { retry_after, ..Self::new(code, message) }
            }
            (Grpc::Unavailable | Grpc::ResourceExhausted, None) | (Grpc::Cancelled, _) => {
                Self::out_of_reach(&status)
            }
            // Only what the connection itself reports has a source.
            (Grpc::Unknown, _) if status.source().is_some() => Self::out_of_reach(&status),
            (Grpc::DeadlineExceeded, _) => {
                Self::new(Code::DeadlineExceeded, "the scoring service did not answer in time, try again")
            }
            (
                Grpc::Ok
                | Grpc::Unknown
                | Grpc::Internal
                | Grpc::Unimplemented
                | Grpc::Aborted
                | Grpc::OutOfRange
                | Grpc::DataLoss
                | Grpc::InvalidArgument
                | Grpc::Unauthenticated
                | Grpc::PermissionDenied
                | Grpc::NotFound
                | Grpc::AlreadyExists
                | Grpc::FailedPrecondition,
                _,
            ) => {
                tracing::error!(%status, "scoring failed");
                Self::internal()
            }
        }
    }
}

impl Error {
    fn out_of_reach(status: &tonic::Status) -> Self {
        tracing::warn!(%status, "scoring is out of reach");
        Self::new(Code::Unavailable, "the scoring service is out of reach, try again")
    }
}

#[cfg(test)]
mod tests {
    use tonic::{Code as Grpc, Status};
    use tonic_types::ErrorDetails;

    use super::*;

    fn refused(code: Grpc, reason: &str) -> Error {
        let details = ErrorDetails::with_error_info(reason, "scorecast", []);
        Status::with_error_details(code, "a sentence to show", details).into()
    }

    #[test]
    fn every_code_has_the_status_of_the_contract() {
        for (grpc, status, names) in [
            (Grpc::InvalidArgument, 400, "INVALID_ARGUMENT MISSING_PARTICIPANT_ID INVALID_ANSWER_INDEX"),
            (Grpc::Unauthenticated, 401, "UNAUTHENTICATED TOKEN_EXPIRED"),
            (Grpc::PermissionDenied, 403, "FORBIDDEN NOT_A_PARTICIPANT"),
            (Grpc::NotFound, 404, "NOT_FOUND QUIZ_NOT_FOUND QUESTION_NOT_FOUND SUBJECT_NOT_FOUND"),
            (Grpc::NotFound, 404, "PARTICIPANT_NOT_FOUND"),
            (Grpc::AlreadyExists, 409, "ALREADY_ANSWERED USERNAME_TAKEN SESSION_EXISTS"),
            (Grpc::FailedPrecondition, 409, "QUIZ_NOT_STARTED QUIZ_ENDED QUIZ_ACTIVE NO_QUESTIONS"),
            (Grpc::ResourceExhausted, 413, "PAYLOAD_TOO_LARGE"),
            (Grpc::ResourceExhausted, 429, "RATE_LIMITED"),
            (Grpc::Unavailable, 503, "UNAVAILABLE"),
        ] {
            for name in names.split(' ') {
                let error = refused(grpc, name);
                assert_eq!((error.code.name(), error.code.status().as_u16()), (name, status));
                assert_eq!(error.message, "a sentence to show");
            }
        }
    }

    #[test]
    fn what_went_wrong_inside_is_never_told() {
        for grpc in [Grpc::Internal, Grpc::Unknown, Grpc::DataLoss, Grpc::Unimplemented, Grpc::Aborted] {
            for status in [
                Status::new(grpc, "password is hunter2"),
                Status::with_error_details(
                    grpc,
                    "password is hunter2",
                    ErrorDetails::with_error_info("INTERNAL", "scorecast", []),
                ),
            ] {
                assert_eq!(Error::from(status), Error::internal());
            }
        }
    }

    #[test]
    fn what_the_way_to_scoring_makes_up_is_not_shown() {
        for (grpc, code) in [
            (Grpc::Unavailable, Code::Unavailable),
            (Grpc::Cancelled, Code::Unavailable),
            (Grpc::ResourceExhausted, Code::Unavailable),
            (Grpc::DeadlineExceeded, Code::DeadlineExceeded),
        ] {
            let error = Error::from(Status::new(grpc, "tcp connect error: 10.0.0.7:50051"));
            assert_eq!(error.code, code);
            assert!(!error.message.contains("10.0.0.7"), "{}", error.message);
        }
    }

    #[test]
    fn whoever_may_try_again_is_told_when_in_whole_seconds() {
        let mut details = ErrorDetails::with_error_info("UNAVAILABLE", "scorecast", []);
        details.set_retry_info(Some(Duration::from_millis(2_100)));
        let error = Error::from(Status::with_error_details(Grpc::Unavailable, "later", details));
        assert_eq!(error.into_response().headers()[header::RETRY_AFTER], "3");

        let refused = door::Refused::TooOften { retry_after: Duration::from_millis(5) };
        assert_eq!(Error::from(refused).into_response().headers()[header::RETRY_AFTER], "1");
    }
}
