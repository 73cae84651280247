//! A host's quizzes: make, list, show and delete them.

use std::sync::Arc;

use axum::{Json as Reply, extract::State, http::StatusCode};
use proto::v1::{CreateQuizRequest, DeleteQuizRequest, GetQuizRequest, ListQuizzesRequest};
use serde::{Deserialize, Serialize};

use super::{
    Gateway,
    credentials::Host,
    error::Error,
    quizzes::Page,
    request::{InQuiz, Json, Query},
    shapes::{NewQuiz, OwnQuiz, Quizzes, present},
};

#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "QuizPlan", optional_fields = nullable))]
pub(crate) struct Create {
    title: String,
    #[serde(default)]
    description: Option<String>,
    subject: Option<String>,
    duration_minutes: Option<u32>,
    #[serde(default)]
    listed: bool,
    #[serde(default)]
    self_report: bool,
}

/// `POST /admin/quizzes`
pub(crate) async fn create(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    Json(body): Json<Create>,
) -> Result<(StatusCode, Reply<NewQuiz>), Error> {
    let minutes = body.duration_minutes.map(i64::from);
    let request = CreateQuizRequest {
        owner_id: host.owner_id(),
        title: body.title,
        description: body.description.unwrap_or_default(),
        subject: body.subject.unwrap_or_default(),
        duration: minutes.map(|minutes| prost_types::Duration { seconds: minutes * 60, nanos: 0 }),
        listed: body.listed,
        self_report: body.self_report,
    };
    let quiz = present(gateway.upstream.create_quiz(request).await?.quiz)?;
    Ok((StatusCode::CREATED, Reply(quiz.into())))
}

/// `GET /admin/quizzes`
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    Query(page): Query<Page>,
) -> Result<Reply<Quizzes<OwnQuiz>>, Error> {
    let request = ListQuizzesRequest {
        owner_id: host.acting_as(),
        status: page.status.into(),
        public_only: false,
        limit: Some(page.limit),
        offset: page.offset,
    };
    let found = gateway.upstream.list_quizzes(request).await?;
    let quizzes = found.quizzes.into_iter().map(OwnQuiz::from).collect();
    Ok(Reply(Quizzes { quizzes, total: found.total, limit: page.limit, offset: page.offset }))
}

/// `GET /admin/quizzes/{quiz_id}`
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    InQuiz(quiz): InQuiz,
) -> Result<Reply<OwnQuiz>, Error> {
    let request = GetQuizRequest { quiz_id: quiz.to_string(), acting_as: host.acting_as() };
    let quiz = present(gateway.upstream.get_quiz(request).await?.quiz)?;
    Ok(Reply(quiz.into()))
}

/// What was deleted.
#[derive(Serialize)]
pub(crate) struct Deleted {
    quiz_id: String,
}

/// `DELETE /admin/quizzes/{quiz_id}`
pub(crate) async fn delete(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    InQuiz(quiz): InQuiz,
) -> Result<Reply<Deleted>, Error> {
    let request = DeleteQuizRequest { quiz_id: quiz.to_string(), acting_as: host.acting_as() };
    gateway.upstream.delete_quiz(request).await?;
    Ok(Reply(Deleted { quiz_id: quiz.to_string() }))
}
