//! Subjects: list them, name them, look at their boards.

use std::sync::Arc;

use axum::{
    Json as Reply,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use proto::v1::{
    self, GetLeaderboardRequest, ListSubjectsRequest, PutSubjectRequest, get_leaderboard_request,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Gateway,
    credentials::{Host, SignedIn},
    error::{Code, Error},
    request::{Json, Query},
    shapes::present,
};
use crate::frame::SubjectBoard;

/// A field that quizzes belong to.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"subject": "BIO", "name": "Biology"}))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Subject {
    subject: String,
    name: String,
}

impl From<v1::Subject> for Subject {
    fn from(subject: v1::Subject) -> Self {
        Self { subject: subject.code, name: subject.name }
    }
}

/// All subjects.
#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Subjects {
    subjects: Vec<Subject>,
}

/// Lists the subjects by their codes.
#[utoipa::path(
    get,
    path = "/subjects",
    operation_id = "list_subjects",
    tag = "People across quizzes",
    responses((status = 200, description = "All of them", body = Subjects)),
)]
pub(crate) async fn list(State(gateway): State<Arc<Gateway>>) -> Result<Reply<Subjects>, Error> {
    let found = gateway.upstream.list_subjects(ListSubjectsRequest::default()).await?;
    Ok(Reply(Subjects { subjects: found.subjects.into_iter().map(Subject::from).collect() }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SubjectPath {
    /// 1 to 16 characters A-Z, 0-9, _ and -.
    #[param(example = "BIO")]
    code: String,
}

/// What a subject is called.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"name": "Biology"}))]
pub(crate) struct Naming {
    /// 1 to 200 characters.
    name: String,
}

/// Makes a subject, or names it anew.
#[utoipa::path(
    put,
    path = "/admin/subjects/{code}",
    operation_id = "put_subject",
    tag = "Running quizzes",
    params(SubjectPath),
    request_body = Naming,
    responses((status = 200, description = "It is named anew", body = Subject),
        (status = 201, description = "It is made", body = Subject)),
    security(("user" = [])),
)]
pub(crate) async fn put(
    State(gateway): State<Arc<Gateway>>,
    _: Host,
    path: Result<Path<SubjectPath>, PathRejection>,
    Json(body): Json<Naming>,
) -> Result<(StatusCode, Reply<Subject>), Error> {
    let not_text = |_| Error::new(Code::InvalidArgument, "code: must be text");
    let Path(SubjectPath { code }) = path.map_err(not_text)?;
    let known = gateway.upstream.list_subjects(ListSubjectsRequest { codes: vec![code.clone()] }).await?;
    let status = if known.subjects.is_empty() { StatusCode::CREATED } else { StatusCode::OK };
    let put = gateway.upstream.put_subject(PutSubjectRequest { code, name: body.name }).await?;
    Ok((status, Reply(present(put.subject)?.into())))
}

/// Which rows of a board.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Ranking {
    /// How many rows, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// How many rows to pass over.
    #[param(maximum = 1_000_000)]
    offset: Option<u32>,
    /// Instead: the user whose row stands in the middle; `me` is the one whose token the request brings.
    around: Option<String>,
}

/// Around whose row a page is wanted: `me` is the user whose token the request brings.
const ME: &str = "me";

/// Shows the ranking of a subject's users.
#[utoipa::path(
    get,
    path = "/subjects/{code}/leaderboard",
    operation_id = "get_subject_leaderboard",
    tag = "People across quizzes",
    params(SubjectPath, Ranking),
    responses((status = 200, description = "Its present state", body = SubjectBoard)),
    security((), ("user" = [])),
)]
pub(crate) async fn leaderboard(
    State(gateway): State<Arc<Gateway>>,
    path: Result<Path<SubjectPath>, PathRejection>,
    headers: HeaderMap,
    Query(ranking): Query<Ranking>,
) -> Result<Response, Error> {
    let not_found = || Error::new(Code::SubjectNotFound, "subject not found");
    let Path(SubjectPath { code }) = path.map_err(|_| not_found())?;
    let (around, around_user) = match ranking.around {
        Some(me) if me == ME => (None, Some(SignedIn::read(&headers, &gateway).await?.into())),
        around => (around, None),
    };
    let board = gateway.upstream.get_leaderboard(GetLeaderboardRequest {
        board: Some(get_leaderboard_request::Board::Subject(code.clone())),
        limit: ranking.limit,
        offset: ranking.offset.unwrap_or_default(),
        around: around.unwrap_or_default(),
        around_user,
    });
    let named = gateway.upstream.list_subjects(ListSubjectsRequest { codes: vec![code] });
    let (board, named) = tokio::try_join!(board, named)?;
    let subject = named.subjects.first().ok_or_else(not_found)?;
    let board = present(board.leaderboard)?;
    Ok(Reply(SubjectBoard::new(&board, &subject.name)).into_response())
}
