//! `POST /quizzes/{quiz_id}/sessions`: finished attempts from elsewhere, passed on to scoring as
//! they come. No more of them is held here than fits into a few messages.

mod elements;
mod row;
mod table;

use std::sync::Arc;

use axum::{
    Json as Reply,
    body::{BodyDataStream, Bytes, HttpBody as _},
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use proto::v1::{self, GetQuizRequest, SessionRow, UploadHeader, UploadSessionsResponse};
use serde::{Deserialize, Serialize};
use services::telemetry::limit_reached;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};
use tokio_stream::StreamExt as _;
use utoipa::{IntoParams, ToSchema};

use self::{
    elements::Elements,
    row::{Attempt, Unreadable},
    table::Table,
};
use super::{
    Gateway,
    credentials::SignedIn,
    error::{Code, Error},
    request::{InQuiz, Query, QuizPath, content_type, says_json},
    shapes::present,
};
use crate::{
    config::bounds::{UPLOAD_SILENCE, UPLOAD_STORED_WITHIN, UPLOAD_WITHIN, UPLOADS},
    ids::QuizId,
    upstream::Sender,
};

/// The largest body of an upload, and the most rows.
const MAX_BYTES: usize = 64 << 20;
const MAX_ROWS: usize = 500_000;

/// How many rows go into one message.
const BATCH: usize = 500;

/// Room for all uploads that may go on at once.
pub(crate) fn room_for_uploads() -> Semaphore {
    Semaphore::new(UPLOADS)
}

/// What an upload shall be.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Manner {
    /// Keep the good rows even if there are bad ones.
    #[serde(default)]
    partial: bool,
}

/// One session, or many.
#[derive(Deserialize, ToSchema)]
#[schema(as = Sessions)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used: bodies are read piece by piece")]
pub(crate) enum Attempts {
    One(Attempt),
    Many(Vec<Attempt>),
}

/// Takes finished attempts: from the quiz's host, or from users their own where it says `self_report`.
///
/// A row equal to a stored one is unchanged. If any row is an error nothing is kept, unless the upload
/// is `partial`; a single session is refused by its own code. CSV has a first line with headings, which
/// are the members of a session. At most 64 MiB and 500 000 rows, of a user's own 100.
#[utoipa::path(
    post,
    path = "/quizzes/{quiz_id}/sessions",
    operation_id = "upload_sessions",
    tag = "People across quizzes",
    params(QuizPath, Manner),
    request_body(content(
        (Attempts = "application/json", example = json!([{
            "user_id": "ada@school.example", "username": "ada", "score": 90, "duration_seconds": 312,
            "started_at": "2026-02-02T10:00:00Z", "ended_at": "2026-02-02T10:05:12Z",
        }])),
        (String = "text/csv", example = json!(
            "user_id,username,score,duration_seconds\r\nada@school.example,ada,90,312\r\n"
        )),
    )),
    responses(
        (status = 200, description = "Nothing is new", body = Uploaded),
        (status = 201, description = "Some are stored", body = Uploaded),
        (status = 400, description = "Nothing is kept", body = Refused),
        (status = 403, description = "Nothing is kept", body = Refused),
        (status = 409, description = "Nothing is kept", body = Refused),
    ),
    security(("user" = [])),
)]
pub(crate) async fn sessions(
    State(gateway): State<Arc<Gateway>>,
    InQuiz(quiz): InQuiz,
    user: SignedIn,
    Query(Manner { partial }): Query<Manner>,
    request: Request,
) -> Result<Response, Error> {
    let mut reader = Reader::of(request.headers())?;
    let body = request.into_body();
    if body.size_hint().lower() > MAX_BYTES as u64 {
        return Err(too_large());
    }
    let header = UploadHeader { partial, ..header(&gateway, quiz, user).await? };
    let _room = gateway.uploads.try_acquire().map_err(|_| {
        limit_reached("uploads");
        Error::new(Code::Unavailable, "too many uploads are under way, try again")
    })?;

    let (sender, call) = gateway.upstream.upload_sessions(header, UPLOAD_WITHIN + UPLOAD_STORED_WITHIN);
    let mut call = std::pin::pin!(call);
    let told = tokio::select! {
        passed = pass_on(body.into_data_stream(), &mut reader, sender) => {
            passed?;
            call.await
        }
        // It refuses before it has heard everything.
        told = &mut call => told,
    }?;
    Ok(answer(told, partial, reader.is_single()))
}

/// Who uploads, as scoring is to know it: the quiz's host, or a user for itself.
async fn header(gateway: &Gateway, quiz: QuizId, user: SignedIn) -> Result<UploadHeader, Error> {
    let request = GetQuizRequest { quiz_id: quiz.to_string(), acting_as: String::new() };
    let v1::Quiz { quiz_id, owner_id, self_report, .. } =
        present(gateway.upstream.get_quiz(request).await?.quiz)?;
    let to_quiz = UploadHeader { quiz_id, ..UploadHeader::default() };
    match user.host() {
        Some(host) if host.runs_quizzes_of(&owner_id) => {
            Ok(UploadHeader { acting_as: host.acting_as(), issuer: host.issuer(), ..to_quiz })
        }
        _ if self_report => Ok(UploadHeader { user: Some(user.into()), ..to_quiz }),
        Some(_) => Err(Error::quiz_not_found()),
        None => Err(Error::new(Code::Forbidden, "this quiz takes no sessions from participants")),
    }
}

/// Reads the body, and sends its rows as they come.
async fn pass_on(mut body: BodyDataStream, reader: &mut Reader, sender: Sender) -> Result<(), Error> {
    let deadline = Instant::now() + UPLOAD_WITHIN;
    let (mut bytes, mut sent, mut rows) = (0, 0, Vec::new());
    while let Some(chunk) = next(&mut body, deadline).await? {
        bytes += chunk.len();
        if bytes > MAX_BYTES {
            return Err(too_large());
        }
        reader.read(&chunk, &mut rows)?;
        if sent + rows.len() > MAX_ROWS {
            return Err(Error::new(Code::PayloadTooLarge, format!("an upload has at most {MAX_ROWS} rows")));
        }
        while rows.len() >= BATCH {
            let rest = rows.split_off(BATCH);
            sender.rows(std::mem::replace(&mut rows, rest)).await;
            sent += BATCH;
        }
    }
    reader.finish(&mut rows)?;
    sender.rows(rows).await;
    sender.all().await;
    Ok(())
}

/// The next piece of the body; none behind the last.
async fn next(body: &mut BodyDataStream, deadline: Instant) -> Result<Option<Bytes>, Error> {
    let late = |_| {
        limit_reached("body");
        Error::new(Code::DeadlineExceeded, "the body did not arrive in time, try again")
    };
    let chunk =
        timeout_at(deadline, timeout(UPLOAD_SILENCE, body.next())).await.map_err(late)?.map_err(late)?;
    chunk.transpose().map_err(|_| Error::new(Code::InvalidArgument, "the body broke off"))
}

fn too_large() -> Error {
    Error::new(Code::PayloadTooLarge, format!("an upload has at most {} MiB", MAX_BYTES >> 20))
}

/// Reads rows out of a body, however it is cut into pieces.
enum Reader {
    Json(Elements),
    Csv(Box<Table>),
}

impl Reader {
    /// Takes the one that the request names.
    fn of(headers: &HeaderMap) -> Result<Self, Error> {
        match content_type(headers).as_str() {
            "text/csv" => Ok(Self::Csv(Box::default())),
            _ if says_json(headers) => Ok(Self::Json(Elements::default())),
            _ => Err(Error::new(
                Code::UnsupportedMediaType,
                "send JSON or CSV, with the header Content-Type: application/json or text/csv",
            )),
        }
    }

    /// Reads a piece, and adds the rows that are complete with it.
    fn read(&mut self, piece: &[u8], rows: &mut Vec<SessionRow>) -> Result<(), Unreadable> {
        match self {
            Self::Json(elements) => elements.read(piece, rows),
            Self::Csv(table) => table.read(piece, rows),
        }
    }

    /// Adds what is complete now that nothing more comes.
    fn finish(&mut self, rows: &mut Vec<SessionRow>) -> Result<(), Unreadable> {
        match self {
            Self::Json(elements) => elements.finish(),
            Self::Csv(table) => table.finish(rows),
        }
    }

    /// Whether it is a session rather than a list of them.
    fn is_single(&self) -> bool {
        matches!(self, Self::Json(elements) if elements.is_single())
    }
}

/// Whether a body gives the same rows, or is refused for the same reason, whole and in pieces of so
/// many bytes; as CSV and as JSON.
#[cfg(any(test, fuzzing))]
pub(crate) fn is_read_alike(body: &[u8], piece_bytes: usize) -> bool {
    let read = |mut reader: Reader, bytes: usize| {
        let mut rows = Vec::new();
        body.chunks(bytes).try_for_each(|piece| reader.read(piece, &mut rows))?;
        reader.finish(&mut rows).map(|()| rows)
    };
    let readers: [fn() -> Reader; 2] = [|| Reader::Csv(Box::default()), || Reader::Json(Elements::default())];
    readers.iter().all(|reader| read(reader(), body.len().max(1)) == read(reader(), piece_bytes))
}

impl From<Unreadable> for Error {
    fn from(unreadable: Unreadable) -> Self {
        Self::new(Code::InvalidArgument, unreadable.to_string())
    }
}

/// What became of an upload.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"inserted": 1, "unchanged": 0, "errors": [], "error_count": 0}))]
struct Uploaded {
    inserted: u32,
    unchanged: u32,
    errors: Vec<LineError>,
    error_count: u32,
}

/// Why none of an upload was kept.
#[derive(Serialize, ToSchema)]
#[schema(as = RefusedUpload, example = json!({
    "error": "nothing was kept: 1 lines have errors", "code": "INVALID_ARGUMENT",
    "errors": [{"line": 3, "code": "SESSION_EXISTS", "error": "this user has another session of this quiz"}],
    "error_count": 1,
}))]
struct Refused {
    error: String,
    #[schema(value_type = Code)]
    code: &'static str,
    /// The first 100; absent if the upload could not be read.
    #[schema(required = false)]
    errors: Vec<LineError>,
    #[schema(required = false)]
    error_count: u32,
}

/// What is wrong with one row.
#[derive(Serialize, ToSchema)]
struct LineError {
    /// The line of a table, or the place in an array; from 1.
    line: u32,
    #[schema(value_type = Code)]
    code: String,
    error: String,
}

fn answer(told: UploadSessionsResponse, partial: bool, is_single: bool) -> Response {
    let UploadSessionsResponse { inserted, unchanged, errors, error_count } = told;
    let errors: Vec<_> = errors
        .into_iter()
        .map(|v1::SessionError { line, code, error }| LineError { line, code, error })
        .collect();
    match errors.first() {
        Some(first) if !partial => {
            let (code, error) = match Code::named(&first.code) {
                Some(code) if is_single => (code, first.error.clone()),
                _ => (Code::InvalidArgument, format!("nothing was kept: {error_count} lines have errors")),
            };
            (code.status(), Reply(Refused { error, code: code.name(), errors, error_count })).into_response()
        }
        _ => {
            let status = if inserted > 0 { StatusCode::CREATED } else { StatusCode::OK };
            (status, Reply(Uploaded { inserted, unchanged, errors, error_count })).into_response()
        }
    }
}
