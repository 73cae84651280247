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

use super::{
    Gateway,
    credentials::{Host, SignedIn},
    error::{Code, Error},
    request::{Json, Query},
    shapes::present,
};
use crate::frame::SubjectBoard;

/// A field that quizzes belong to.
#[derive(Serialize)]
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
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Subjects {
    subjects: Vec<Subject>,
}

/// `GET /subjects`
pub(crate) async fn list(State(gateway): State<Arc<Gateway>>) -> Result<Reply<Subjects>, Error> {
    let found = gateway.upstream.list_subjects(ListSubjectsRequest::default()).await?;
    Ok(Reply(Subjects { subjects: found.subjects.into_iter().map(Subject::from).collect() }))
}

#[derive(Deserialize)]
pub(crate) struct Naming {
    name: String,
}

/// `PUT /admin/subjects/{code}`
pub(crate) async fn put(
    State(gateway): State<Arc<Gateway>>,
    _: Host,
    code: Result<Path<String>, PathRejection>,
    Json(body): Json<Naming>,
) -> Result<(StatusCode, Reply<Subject>), Error> {
    let Path(code) = code.map_err(|_| Error::new(Code::InvalidArgument, "code: must be text"))?;
    let known = gateway.upstream.list_subjects(ListSubjectsRequest { codes: vec![code.clone()] }).await?;
    let status = if known.subjects.is_empty() { StatusCode::CREATED } else { StatusCode::OK };
    let put = gateway.upstream.put_subject(PutSubjectRequest { code, name: body.name }).await?;
    Ok((status, Reply(present(put.subject)?.into())))
}

#[derive(Deserialize)]
pub(crate) struct Ranking {
    limit: Option<u32>,
    offset: Option<u32>,
    around: Option<String>,
}

/// Around whose row a page is wanted: `me` is the user whose token the request brings.
const ME: &str = "me";

/// `GET /subjects/{code}/leaderboard`
pub(crate) async fn leaderboard(
    State(gateway): State<Arc<Gateway>>,
    code: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    Query(ranking): Query<Ranking>,
) -> Result<Response, Error> {
    let not_found = || Error::new(Code::SubjectNotFound, "subject not found");
    let Path(code) = code.map_err(|_| not_found())?;
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
