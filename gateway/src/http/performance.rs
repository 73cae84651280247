//! How somebody did: in one quiz, and in all of them.

use std::sync::Arc;

use axum::{Json as Reply, extract::State};
use proto::v1::{self, GetPerformanceRequest, get_performance_request};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Gateway,
    credentials::{Answerer, SignedIn},
    error::Error,
    request::{InQuiz, QuizPath},
    shapes::{named, present},
};
use crate::seconds::Seconds;

/// How somebody did in one quiz.
#[derive(Serialize, ToSchema)]
#[schema(as = QuizPerformance, example = json!({
    "quiz_id": "quiz_a1b2c3d4e5f6", "participant_id": "p_1234567890ab", "username": "ada", "score": 50,
    "rank": 2, "total_participants": 40, "percentile": 97.5, "answered": 6, "correct": 5,
    "duration_seconds": 312, "title": "Cells", "subject": "BIO",
}))]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "QuizPerformance"))]
pub(crate) struct InOneQuiz {
    quiz_id: String,
    participant_id: String,
    username: String,
    score: u32,
    rank: u32,
    total_participants: u32,
    percentile: f64,
    answered: u32,
    correct: u32,
    duration_seconds: Seconds,
    title: String,
    subject: Option<String>,
}

impl From<v1::QuizPerformance> for InOneQuiz {
    fn from(told: v1::QuizPerformance) -> Self {
        Self {
            quiz_id: told.quiz_id,
            participant_id: told.participant_id,
            username: told.username,
            score: told.score,
            rank: told.rank,
            total_participants: told.total,
            percentile: told.percentile,
            answered: told.answered,
            correct: told.correct,
            duration_seconds: told.duration.into(),
            title: told.title,
            subject: named(told.subject),
        }
    }
}

/// How a user did in one subject.
#[derive(Serialize, ToSchema)]
#[schema(as = SubjectPerformance, example = json!({
    "subject": "BIO", "subject_name": "Biology", "rank": 2, "total_users": 120, "percentile": 99.17,
    "quiz_count": 4, "best_score": 100, "average_score": 85.0, "total_score": 340,
    "total_duration_seconds": 1290, "average_duration_seconds": 323,
}))]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "SubjectPerformance"))]
struct InOneSubject {
    subject: String,
    subject_name: String,
    rank: u32,
    total_users: u32,
    percentile: f64,
    quiz_count: u32,
    best_score: u32,
    average_score: f64,
    total_score: u32,
    total_duration_seconds: Seconds,
    average_duration_seconds: Seconds,
}

impl From<v1::SubjectPerformance> for InOneSubject {
    fn from(told: v1::SubjectPerformance) -> Self {
        Self {
            subject: told.subject,
            subject_name: told.subject_name,
            rank: told.rank,
            total_users: told.total,
            percentile: told.percentile,
            quiz_count: told.quiz_count,
            best_score: told.best_score,
            average_score: told.average_score,
            total_score: told.total_score,
            total_duration_seconds: told.total_duration.into(),
            average_duration_seconds: told.average_duration.into(),
        }
    }
}

/// How a user did everywhere: by quiz, newest first, and by subject.
#[derive(Serialize, ToSchema)]
#[schema(as = Performance)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "OwnPerformance"))]
pub(crate) struct Everywhere {
    quizzes: Vec<InOneQuiz>,
    subjects: Vec<InOneSubject>,
}

/// Tells how one did, by quiz and by subject.
#[utoipa::path(
    get,
    path = "/users/me/performance",
    operation_id = "get_performance",
    tag = "People across quizzes",
    responses((status = 200, description = "Quizzes newest first, subjects by code", body = Everywhere)),
    security(("user" = [])),
)]
pub(crate) async fn everywhere(
    State(gateway): State<Arc<Gateway>>,
    user: SignedIn,
) -> Result<Reply<Everywhere>, Error> {
    let who = Some(get_performance_request::Who::User(user.into()));
    let told =
        gateway.upstream.get_performance(GetPerformanceRequest { quiz_id: String::new(), who }).await?;
    Ok(Reply(Everywhere {
        quizzes: told.quizzes.into_iter().map(InOneQuiz::from).collect(),
        subjects: told.subjects.into_iter().map(InOneSubject::from).collect(),
    }))
}

/// Tells how one does, or did, in one quiz.
#[utoipa::path(
    get,
    path = "/quizzes/{quiz_id}/performance",
    operation_id = "get_quiz_performance",
    tag = "Taking part",
    params(QuizPath),
    responses((status = 200, description = "Standing and statistics", body = InOneQuiz)),
    security(("participant" = []), ("user" = [])),
)]
pub(crate) async fn in_one_quiz(
    State(gateway): State<Arc<Gateway>>,
    InQuiz(quiz): InQuiz,
    answerer: Answerer,
) -> Result<Reply<InOneQuiz>, Error> {
    let who = match answerer {
        Answerer::Participant(id) => get_performance_request::Who::ParticipantId(id.to_string()),
        Answerer::User(user) => get_performance_request::Who::User(user),
    };
    let request = GetPerformanceRequest { quiz_id: quiz.to_string(), who: Some(who) };
    let told = gateway.upstream.get_performance(request).await?;
    Ok(Reply(present(told.quizzes.into_iter().next())?.into()))
}
