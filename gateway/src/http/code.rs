//! The words for what goes wrong, and the HTTP status of each: a table of the contract.

use axum::http::StatusCode;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

macro_rules! codes {
    ($($variant:ident = $status:literal $name:literal,)*) => {
        /// What went wrong, in a word that programs can rely on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code { $($variant),* }

        impl PartialSchema for Code {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some([$($name),*])).into()
            }
        }

        impl ToSchema for Code {}

        impl Code {
            /// The word.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The HTTP status that goes with it.
            pub(crate) fn status(self) -> StatusCode {
                let status = match self { $(Self::$variant => $status),* };
                StatusCode::from_u16(status).expect("the table holds valid statuses")
            }

            /// The code of a word.
            pub(super) fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    InvalidArgument = 400 "INVALID_ARGUMENT",
    MissingParticipantId = 400 "MISSING_PARTICIPANT_ID",
    InvalidAnswerIndex = 400 "INVALID_ANSWER_INDEX",
    Unauthenticated = 401 "UNAUTHENTICATED",
    TokenExpired = 401 "TOKEN_EXPIRED",
    Forbidden = 403 "FORBIDDEN",
    NotAParticipant = 403 "NOT_A_PARTICIPANT",
    NotFound = 404 "NOT_FOUND",
    QuizNotFound = 404 "QUIZ_NOT_FOUND",
    QuestionNotFound = 404 "QUESTION_NOT_FOUND",
    SubjectNotFound = 404 "SUBJECT_NOT_FOUND",
    ParticipantNotFound = 404 "PARTICIPANT_NOT_FOUND",
    MethodNotAllowed = 405 "METHOD_NOT_ALLOWED",
    AlreadyAnswered = 409 "ALREADY_ANSWERED",
    UsernameTaken = 409 "USERNAME_TAKEN",
    SessionExists = 409 "SESSION_EXISTS",
    QuizNotStarted = 409 "QUIZ_NOT_STARTED",
    QuizEnded = 409 "QUIZ_ENDED",
    QuizActive = 409 "QUIZ_ACTIVE",
    NoQuestions = 409 "NO_QUESTIONS",
    PayloadTooLarge = 413 "PAYLOAD_TOO_LARGE",
    UnsupportedMediaType = 415 "UNSUPPORTED_MEDIA_TYPE",
    UpgradeRequired = 426 "UPGRADE_REQUIRED",
    RateLimited = 429 "RATE_LIMITED",
    Internal = 500 "INTERNAL",
    Unavailable = 503 "UNAVAILABLE",
    DeadlineExceeded = 504 "DEADLINE_EXCEEDED",
}
