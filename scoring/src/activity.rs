//! What happens across quizzes, as events that are told once and in order. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{QuizId, SessionId, UserId},
    quiz::Subject,
};

/// An event with its place among all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Its number: one more than that of the event before.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// Sessions of one quiz came in, by an upload or because it ended.
    SessionsUploaded {
        /// The first of them.
        #[serde(with = "text")]
        session_id: SessionId,
        /// Whose it is.
        #[serde(with = "text")]
        user_id: UserId,
        /// The name to show.
        username: String,
        /// The quiz of all of them.
        #[serde(with = "text")]
        quiz_id: QuizId,
        /// The subject of the quiz; empty if it has none.
        subject: String,
        /// The score of the first.
        score: u32,
        /// The duration of the first.
        duration_ms: u32,
        /// How many they are.
        count: u32,
    },
    /// The board of a subject changed.
    SubjectChanged {
        /// The subject.
        #[serde(with = "text")]
        subject: Subject,
        /// The quiz whose sessions came or went.
        #[serde(with = "text")]
        quiz_id: QuizId,
        /// The version from which on readers of the board see it.
        version: u64,
    },
}

/// Values that stand as their text.
mod text {
    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<T: Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(super) fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_back_from_its_json() {
        let event = Event::SubjectChanged {
            subject: "BIO".parse().unwrap(),
            quiz_id: "quiz_a1b2c3d4e5f6".parse().unwrap(),
            version: 17,
        };
        let json = r#"{"kind":"subject_changed","subject":"BIO","quiz_id":"quiz_a1b2c3d4e5f6","version":17}"#;
        assert_eq!(serde_json::to_string(&event).unwrap(), json);
        assert_eq!(serde_json::from_str::<Event>(json).unwrap(), event);
        assert!(serde_json::from_str::<Event>(&json.replace("BIO", "bio")).is_err());
    }
}
