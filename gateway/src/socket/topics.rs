//! What one can subscribe to, and where it can be seen.

use bytes::Bytes;
use serde::Serialize;

use crate::{
    boards::{Boards, Subjects, Window},
    frame::{Form, Frame},
    ids::{Malformed, QuizId, SubjectCode},
};

/// What one can subscribe to, by its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Topic {
    /// `quiz_id`
    QuizId(String),
    /// `subject`
    Subject(String),
}

/// Where a topic can be seen.
pub(crate) enum Sight {
    Quiz(Window<Frame>),
    Subject(Window<Bytes>),
}

/// All that can be subscribed to.
pub(crate) struct Topics {
    boards: Boards,
    subjects: Subjects,
}

impl Topics {
    /// Takes the quizzes' boards and the subjects'.
    pub(crate) fn new(boards: Boards, subjects: Subjects) -> Self {
        Self { boards, subjects }
    }

    /// Looks at a topic, at quizzes in that form. Whether there is one of that name is seen later.
    ///
    /// # Errors
    /// If there can be none of that name.
    pub(crate) fn look(&self, topic: &Topic, form: Form) -> Result<Sight, Malformed> {
        match topic {
            Topic::QuizId(id) => Ok(Sight::Quiz(self.boards.window(id.parse()?, form))),
            Topic::Subject(code) => Ok(Sight::Subject(self.subjects.window(code.parse()?))),
        }
    }
}

impl Topic {
    /// Whether there can be something of that name.
    pub(crate) fn is_well_named(&self) -> bool {
        match self {
            Self::QuizId(id) => id.parse::<QuizId>().is_ok(),
            Self::Subject(code) => code.parse::<SubjectCode>().is_ok(),
        }
    }
}
