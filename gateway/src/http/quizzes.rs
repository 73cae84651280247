//! Finding quizzes, for anyone: listed ones, one by its id, one by its join code.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use proto::v1::{GetQuizByCodeRequest, GetQuizRequest, ListQuizzesRequest, QuizStatus};
use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::IntoParams;

use super::{
    Gateway,
    error::{Code, Error},
    request::{Client, InQuiz, Query, QuizPath},
    shapes::{Info, Quizzes, present},
};

/// Which page of which quizzes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Only those in this status.
    #[serde(default, deserialize_with = "status")]
    #[param(value_type = Option<String>, pattern = "^(pending|started|ended)$", example = "started")]
    pub(crate) status: QuizStatus,
    /// How many, 50 by default.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 100)]
    pub(crate) limit: u32,
    /// How many to pass over.
    #[serde(default)]
    #[param(maximum = 1_000_000)]
    pub(crate) offset: u32,
}

fn fifty() -> u32 {
    50
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<QuizStatus, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "pending" => Ok(QuizStatus::Pending),
        "started" => Ok(QuizStatus::Started),
        "ended" => Ok(QuizStatus::Ended),
        _ => Err(D::Error::custom("expected pending, started or ended")),
    }
}

/// Lists quizzes that have started, and others that are `listed`, newest first.
#[utoipa::path(
    get,
    path = "/quizzes",
    operation_id = "list_quizzes",
    tag = "Finding quizzes",
    params(Page),
    responses((status = 200, description = "One page of them", body = Quizzes<Info>)),
)]
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    Query(page): Query<Page>,
) -> Result<Json<Quizzes<Info>>, Error> {
    let request = ListQuizzesRequest {
        owner_id: String::new(),
        status: page.status.into(),
        public_only: true,
        limit: Some(page.limit),
        offset: page.offset,
    };
    let found = gateway.upstream.list_quizzes(request).await?;
    let quizzes = found.quizzes.into_iter().map(Info::from).collect();
    Ok(Json(Quizzes { quizzes, total: found.total, limit: page.limit, offset: page.offset }))
}

/// Finds a quiz by its id.
#[utoipa::path(
    get,
    path = "/quizzes/{quiz_id}/info",
    operation_id = "get_quiz",
    tag = "Finding quizzes",
    params(QuizPath),
    responses((status = 200, description = "The quiz", body = Info)),
)]
pub(crate) async fn info(
    State(gateway): State<Arc<Gateway>>,
    InQuiz(quiz): InQuiz,
) -> Result<Json<Info>, Error> {
    let request = GetQuizRequest { quiz_id: quiz.to_string(), acting_as: String::new() };
    let found = gateway.upstream.get_quiz(request).await?;
    Ok(Json(present(found.quiz)?.into()))
}

/// Finds a quiz that has not ended by its join code.
#[utoipa::path(
    get,
    path = "/join/{code}",
    operation_id = "get_quiz_by_code",
    tag = "Finding quizzes",
    params(("code" = String, Path, description = "6 digits", example = "402913")),
    responses((status = 200, description = "The quiz", body = Info)),
)]
pub(crate) async fn by_code(
    State(gateway): State<Arc<Gateway>>,
    Client(client): Client,
    code: Result<Path<String>, PathRejection>,
) -> Result<Json<Info>, Error> {
    let guess = gateway.door.rates.codes.begin(client).await?;
    let Ok(Path(join_code)) = code else { return Err(Error::quiz_not_found()) };
    match gateway.upstream.get_quiz_by_code(GetQuizByCodeRequest { join_code }).await.map_err(Error::from) {
        Ok(found) => Ok(Json(present(found.quiz)?.into())),
        Err(error) if matches!(error.code(), Code::QuizNotFound | Code::InvalidArgument) => {
            guess.was_wrong();
            Err(Error::quiz_not_found())
        }
        Err(error) => Err(error),
    }
}
