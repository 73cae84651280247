//! Seats by the hundred thousand: uploaded, because joining one by one would take longer than what
//! is measured.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::stream;
use proto::v1::{
    GetLeaderboardRequest, GetLeaderboardResponse, Leaderboard, SessionRow, UploadHeader, UploadRows,
    UploadSessionsRequest, get_leaderboard_request::Board, quiz_service_client::QuizServiceClient,
    scoring_service_client::ScoringServiceClient, upload_sessions_request::Part,
};
use tonic::transport::Channel;

/// The most rows of one upload.
const UPLOAD_ROWS: usize = 250_000;
/// Rows of one message.
const MESSAGE_ROWS: usize = 2000;
/// How long the board may take to show an upload.
const PATIENCE: Duration = Duration::from_secs(60);

/// Uploads so many finished attempts at a quiz whose questions are worth 1000 points, and waits
/// until its board shows them.
pub(crate) async fn upload(scoring: &Channel, quiz_id: &str, seats: usize) -> anyhow::Result<()> {
    let mut quizzes = QuizServiceClient::new(scoring.clone());
    let before = top(scoring, quiz_id, 1).await?.total as usize;
    for first in (0..seats).step_by(UPLOAD_ROWS) {
        let (quiz_id, issuer) = (quiz_id.to_owned(), "bench".to_owned());
        let header = UploadHeader { quiz_id, issuer, ..UploadHeader::default() };
        let last = seats.min(first + UPLOAD_ROWS);
        let parts = (first..last).step_by(MESSAGE_ROWS).map(move |row| {
            Part::Rows(UploadRows { rows: (row..last.min(row + MESSAGE_ROWS)).map(attempt).collect() })
        });
        let parts = std::iter::once(Part::Header(header)).chain(parts);
        let messages = parts.map(|part| UploadSessionsRequest { part: Some(part) });
        let kept = quizzes.upload_sessions(stream::iter(messages)).await?.into_inner();
        ensure!(
            kept.inserted as usize == last - first,
            "{} rows were kept: {:?}",
            kept.inserted,
            kept.errors.first()
        );
    }
    let deadline = Instant::now() + PATIENCE;
    while (top(scoring, quiz_id, 1).await?.total as usize) < before + seats {
        ensure!(Instant::now() < deadline, "the board does not show the upload");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// The first rows of a board.
pub(crate) async fn top(scoring: &Channel, quiz_id: &str, rows: u32) -> anyhow::Result<Leaderboard> {
    let board = Some(Board::QuizId(quiz_id.to_owned()));
    let request = GetLeaderboardRequest { board, limit: Some(rows), ..GetLeaderboardRequest::default() };
    let mut scoring = ScoringServiceClient::new(scoring.clone());
    let GetLeaderboardResponse { leaderboard } = scoring.get_leaderboard(request).await?.into_inner();
    leaderboard.context("an answer has a board")
}

/// Attempts with scores all over the board.
fn attempt(number: usize) -> SessionRow {
    let milliseconds = 60_000 + number as i64 % 600_000;
    SessionRow {
        line: u32::try_from(number + 1).unwrap_or(u32::MAX),
        subject: format!("person-{number}"),
        username: format!("person {number}"),
        score: Some((number * 7919 % 100 * 10) as u32),
        duration: Some(prost_types::Duration {
            seconds: milliseconds / 1000,
            nanos: (milliseconds % 1000 * 1_000_000) as i32,
        }),
        ..SessionRow::default()
    }
}
