//! Quizzes, questions and answers as JSON: from the wire's messages, member by member.

use proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Error;
use crate::{frame::Status, timestamp};

/// What anyone may know of a quiz.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "quiz_id": "quiz_a1b2c3d4e5f6", "join_code": "402913", "title": "Home Cleaning Quiz",
    "description": "", "subject": "BIO", "status": "started", "started_at": "2026-02-02T10:00:00.000Z",
    "end_time": "2026-02-02T10:30:00.000Z", "total_questions": 10, "total_participants": 2,
}))]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "QuizInfo"))]
pub(crate) struct Info {
    quiz_id: String,
    join_code: String,
    title: String,
    description: String,
    subject: Option<String>,
    status: Status,
    started_at: Option<String>,
    end_time: Option<String>,
    total_questions: u32,
    total_participants: u32,
}

impl From<v1::Quiz> for Info {
    fn from(quiz: v1::Quiz) -> Self {
        Self {
            status: quiz.status().into(),
            started_at: timestamp::rfc3339(quiz.started_at.as_ref()),
            end_time: timestamp::rfc3339(quiz.end_time.as_ref()),
            subject: named(quiz.subject),
            quiz_id: quiz.quiz_id,
            join_code: quiz.join_code,
            title: quiz.title,
            description: quiz.description,
            total_questions: quiz.total_questions,
            total_participants: quiz.total_participants,
        }
    }
}

/// A quiz as it was made.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "quiz_id": "quiz_a1b2c3d4e5f6", "join_code": "402913", "title": "Home Cleaning Quiz",
    "description": "", "subject": "BIO", "status": "pending", "duration_minutes": 30,
    "created_at": "2026-02-02T09:00:00.000Z",
}))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct NewQuiz {
    quiz_id: String,
    join_code: String,
    title: String,
    description: String,
    subject: Option<String>,
    status: Status,
    duration_minutes: i64,
    created_at: Option<String>,
}

impl From<v1::Quiz> for NewQuiz {
    fn from(quiz: v1::Quiz) -> Self {
        Self {
            status: quiz.status().into(),
            duration_minutes: minutes(&quiz),
            created_at: timestamp::rfc3339(quiz.created_at.as_ref()),
            subject: named(quiz.subject),
            quiz_id: quiz.quiz_id,
            join_code: quiz.join_code,
            title: quiz.title,
            description: quiz.description,
        }
    }
}

/// All that its host may know of a quiz.
#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct OwnQuiz {
    #[serde(flatten)]
    quiz: NewQuiz,
    started_at: Option<String>,
    ended_at: Option<String>,
    total_questions: u32,
    total_participants: u32,
    end_time: Option<String>,
    listed: bool,
    self_report: bool,
}

impl From<v1::Quiz> for OwnQuiz {
    fn from(quiz: v1::Quiz) -> Self {
        Self {
            started_at: timestamp::rfc3339(quiz.started_at.as_ref()),
            ended_at: timestamp::rfc3339(quiz.ended_at.as_ref()),
            total_questions: quiz.total_questions,
            total_participants: quiz.total_participants,
            end_time: timestamp::rfc3339(quiz.end_time.as_ref()),
            listed: quiz.listed,
            self_report: quiz.self_report,
            quiz: quiz.into(),
        }
    }
}

/// One page of quizzes.
#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Quizzes<Q> {
    pub(crate) quizzes: Vec<Q>,
    pub(crate) total: u32,
    pub(crate) limit: u32,
    pub(crate) offset: u32,
}

/// A question; participants never see which option is correct.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "question_id": "q_000000000001", "quiz_id": "quiz_a1b2c3d4e5f6", "text": "Which is longer?",
    "options": ["Rhine", "Nile"], "correct_answer": 1, "points": 10,
}))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Question {
    question_id: String,
    quiz_id: String,
    text: String,
    options: Vec<String>,
    /// The index of the right option; only to the quiz's host, when it adds the question and once the
    /// quiz has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    correct_answer: Option<u32>,
    points: u32,
}

impl Question {
    /// With the correct answer, if scoring gives it.
    pub(crate) fn for_host(question: v1::Question) -> Self {
        Self {
            question_id: question.question_id,
            quiz_id: question.quiz_id,
            text: question.text,
            options: question.options,
            correct_answer: question.correct_answer,
            points: question.points,
        }
    }

    /// Without the correct answer.
    pub(crate) fn for_participant(question: v1::Question) -> Self {
        Self { correct_answer: None, ..Self::for_host(question) }
    }
}

/// The questions of a quiz.
#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Questions {
    pub(crate) quiz_id: String,
    pub(crate) questions: Vec<Question>,
}

/// The part of a reply that scoring always sends.
pub(crate) fn present<T>(part: Option<T>) -> Result<T, Error> {
    part.ok_or_else(|| {
        tracing::error!(part = std::any::type_name::<T>(), "scoring left out a part of its reply");
        Error::internal()
    })
}

/// How long a quiz runs, in minutes.
pub(crate) fn minutes(quiz: &v1::Quiz) -> i64 {
    quiz.duration.map_or(0, |duration| duration.seconds / 60)
}

/// The subject of a quiz that has one.
pub(crate) fn named(subject: String) -> Option<String> {
    Some(subject).filter(|subject| !subject.is_empty())
}
