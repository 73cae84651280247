//! A host's quiz in its run: start it, look at it, end it.

use std::sync::Arc;

use axum::{Json as Reply, extract::State};
use jiff::Timestamp;
use proto::v1::{self, EndQuizRequest, GetQuizRequest, QuizStatus, StartQuizRequest, entry};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Gateway,
    credentials::Host,
    error::Error,
    request::{InQuiz, QuizPath},
    shapes::{minutes, present},
};
use crate::{frame, timestamp};

/// How long a quiz still runs.
#[derive(Serialize, ToSchema)]
#[schema(as = QuizStatus, example = json!({
    "quiz_id": "quiz_a1b2c3d4e5f6", "status": "started", "started_at": "2026-02-02T10:00:00.000Z",
    "end_time": "2026-02-02T10:30:00.000Z", "duration_minutes": 30, "time_remaining_seconds": 900,
    "is_active": true,
}))]
pub(crate) struct Status {
    quiz_id: String,
    status: frame::Status,
    started_at: Option<String>,
    end_time: Option<String>,
    duration_minutes: i64,
    time_remaining_seconds: i64,
    is_active: bool,
}

/// Tells how long a quiz still runs.
#[utoipa::path(
    get,
    path = "/admin/quizzes/{quiz_id}/status",
    operation_id = "get_quiz_status",
    tag = "Running quizzes",
    params(QuizPath),
    responses((status = 200, description = "Where it is in its life", body = Status)),
    security(("user" = [])),
)]
pub(crate) async fn status(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    InQuiz(quiz): InQuiz,
) -> Result<Reply<Status>, Error> {
    let request = GetQuizRequest { quiz_id: quiz.to_string(), acting_as: host.acting_as() };
    let quiz = present(gateway.upstream.get_quiz(request).await?.quiz)?;
    let remaining = match (quiz.status(), timestamp::parse(quiz.end_time.as_ref())) {
        (QuizStatus::Started, Some(end)) => seconds_until(end, Timestamp::now()),
        _ => 0,
    };
    Ok(Reply(Status {
        status: quiz.status().into(),
        started_at: timestamp::rfc3339(quiz.started_at.as_ref()),
        end_time: timestamp::rfc3339(quiz.end_time.as_ref()),
        duration_minutes: minutes(&quiz),
        time_remaining_seconds: remaining,
        is_active: remaining > 0,
        quiz_id: quiz.quiz_id,
    }))
}

/// Rounded up, so that a quiz that still runs never has 0 seconds left.
fn seconds_until(end: Timestamp, now: Timestamp) -> i64 {
    (end.as_millisecond() - now.as_millisecond() + 999).max(0) / 1000
}

/// A quiz that has started.
#[derive(Serialize, ToSchema)]
#[schema(as = StartedQuiz, example = json!({
    "quiz_id": "quiz_a1b2c3d4e5f6", "status": "started", "start_time": "2026-02-02T10:00:00.000Z",
    "end_time": "2026-02-02T10:30:00.000Z", "questions": 10,
}))]
pub(crate) struct Started {
    quiz_id: String,
    status: frame::Status,
    start_time: Option<String>,
    end_time: Option<String>,
    questions: u32,
}

/// Starts a quiz, or one that has ended again: then scores begin at 0.
#[utoipa::path(
    post,
    path = "/admin/quizzes/{quiz_id}/init",
    operation_id = "start_quiz",
    tag = "Running quizzes",
    params(QuizPath),
    responses((status = 200, description = "It runs", body = Started)),
    security(("user" = [])),
)]
pub(crate) async fn start(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    InQuiz(quiz): InQuiz,
) -> Result<Reply<Started>, Error> {
    let request = StartQuizRequest { quiz_id: quiz.to_string(), acting_as: host.acting_as() };
    let quiz = present(gateway.upstream.start_quiz(request).await?.quiz)?;
    Ok(Reply(Started {
        status: quiz.status().into(),
        start_time: timestamp::rfc3339(quiz.started_at.as_ref()),
        end_time: timestamp::rfc3339(quiz.end_time.as_ref()),
        questions: quiz.total_questions,
        quiz_id: quiz.quiz_id,
    }))
}

/// A quiz that has ended, with the first 100 results.
#[derive(Serialize, ToSchema)]
#[schema(as = EndedQuiz, example = json!({
    "quiz_id": "quiz_a1b2c3d4e5f6", "status": "ended", "ended_at": "2026-02-02T10:30:00.000Z",
    "final_results": [{"participant_id": "p_1234567890ab", "username": "ada", "score": 100, "rank": 1}],
    "total_participants": 3,
}))]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "FinalResults"))]
pub(crate) struct Ended {
    quiz_id: String,
    status: frame::Status,
    ended_at: Option<String>,
    final_results: Vec<FinalResult>,
    total_participants: u32,
}

#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
struct FinalResult {
    participant_id: String,
    username: String,
    score: u32,
    rank: u32,
}

impl FinalResult {
    fn of(row: v1::Entry) -> Option<Self> {
        match row.id {
            Some(entry::Id::ParticipantId(participant_id)) => {
                Some(Self { participant_id, username: row.username, score: row.score, rank: row.rank })
            }
            Some(entry::Id::UserId(_)) | None => None,
        }
    }
}

/// Ends a quiz; of one that has ended it tells the same again.
#[utoipa::path(
    post,
    path = "/admin/quizzes/{quiz_id}/end",
    operation_id = "end_quiz",
    tag = "Running quizzes",
    params(QuizPath),
    responses((status = 200, description = "How it ended", body = Ended)),
    security(("user" = [])),
)]
pub(crate) async fn end(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    InQuiz(quiz): InQuiz,
) -> Result<Reply<Ended>, Error> {
    let request = EndQuizRequest { quiz_id: quiz.to_string(), acting_as: host.acting_as() };
    let ended = gateway.upstream.end_quiz(request).await?;
    let quiz = present(ended.quiz)?;
    Ok(Reply(Ended {
        status: quiz.status().into(),
        ended_at: timestamp::rfc3339(quiz.ended_at.as_ref()),
        final_results: ended.final_results.into_iter().filter_map(FinalResult::of).collect(),
        total_participants: quiz.total_participants,
        quiz_id: quiz.quiz_id,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remaining_time_is_rounded_up_to_seconds() {
        let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        for (end, now, expected) in [(900_000, 0, 900), (900_000, 1, 900), (1, 0, 1), (5, 5, 0), (5, 6, 0)] {
            assert_eq!(seconds_until(at(end), at(now)), expected, "{end} {now}");
        }
    }
}
