//! A host's quizzes: make, list, show and delete them.

use std::sync::Arc;

use axum::{Json as Reply, extract::State, http::StatusCode};
use proto::v1::{CreateQuizRequest, DeleteQuizRequest, GetQuizRequest, ListQuizzesRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Gateway,
    credentials::Host,
    error::Error,
    quizzes::Page,
    request::{InQuiz, Json, Query, QuizPath},
    shapes::{NewQuiz, OwnQuiz, Quizzes, present},
};

/// A quiz to make.
#[derive(Deserialize, ToSchema)]
#[schema(as = QuizToMake, example = json!({
    "title": "Home Cleaning Quiz", "description": "", "subject": null, "duration_minutes": 30,
    "listed": false, "self_report": false,
}))]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "QuizPlan", optional_fields = nullable))]
pub(crate) struct Create {
    /// 1 to 200 characters.
    title: String,
    /// At most 1000 characters.
    #[serde(default)]
    description: Option<String>,
    /// The code of a subject that there is.
    subject: Option<String>,
    /// 5 to 180; 30 if absent.
    duration_minutes: Option<u32>,
    /// Whether anyone finds it before it has started.
    #[serde(default)]
    listed: bool,
    /// Whether users may upload their own sessions.
    #[serde(default)]
    self_report: bool,
}

/// Makes a quiz without questions.
#[utoipa::path(
    post,
    path = "/admin/quizzes",
    operation_id = "create_quiz",
    tag = "Running quizzes",
    request_body = Create,
    responses((status = 201, description = "The new quiz", body = NewQuiz)),
    security(("user" = [])),
)]
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

/// Lists one's own quizzes, newest first; an admin's are all.
#[utoipa::path(
    get,
    path = "/admin/quizzes",
    operation_id = "list_own_quizzes",
    tag = "Running quizzes",
    params(Page),
    responses((status = 200, description = "One page of them", body = Quizzes<OwnQuiz>)),
    security(("user" = [])),
)]
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

/// Shows a quiz.
#[utoipa::path(
    get,
    path = "/admin/quizzes/{quiz_id}",
    operation_id = "get_own_quiz",
    tag = "Running quizzes",
    params(QuizPath),
    responses((status = 200, description = "The quiz", body = OwnQuiz)),
    security(("user" = [])),
)]
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
#[derive(Serialize, ToSchema)]
#[schema(as = DeletedQuiz, example = json!({"quiz_id": "quiz_a1b2c3d4e5f6"}))]
pub(crate) struct Deleted {
    quiz_id: String,
}

/// Deletes a quiz with all that belongs to it, but not while it runs.
#[utoipa::path(
    delete,
    path = "/admin/quizzes/{quiz_id}",
    operation_id = "delete_quiz",
    tag = "Running quizzes",
    params(QuizPath),
    responses((status = 200, description = "It is gone", body = Deleted)),
    security(("user" = [])),
)]
pub(crate) async fn delete(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    InQuiz(quiz): InQuiz,
) -> Result<Reply<Deleted>, Error> {
    let request = DeleteQuizRequest { quiz_id: quiz.to_string(), acting_as: host.acting_as() };
    gateway.upstream.delete_quiz(request).await?;
    Ok(Reply(Deleted { quiz_id: quiz.to_string() }))
}
