//! Where a quiz is in its life, as JSON names it.

use proto::v1;
use serde::Serialize;

/// Where a quiz is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "QuizStatus"))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Pending,
    Started,
    Ended,
    /// Scoring always says which; this is for the wire, where nothing is mandatory.
    #[cfg_attr(test, ts(skip))]
    Unknown,
}

impl From<v1::QuizStatus> for Status {
    fn from(status: v1::QuizStatus) -> Self {
        match status {
            v1::QuizStatus::Unspecified => Self::Unknown,
            v1::QuizStatus::Pending => Self::Pending,
            v1::QuizStatus::Started => Self::Started,
            v1::QuizStatus::Ended => Self::Ended,
        }
    }
}
