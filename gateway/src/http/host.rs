//! Running quizzes: make, list, start, end and delete them, and remove participants.

use std::sync::Arc;

use axum::{Json as Reply, extract::State, http::StatusCode};
use jiff::Timestamp;
use proto::v1::{
    CreateQuizRequest, DeleteQuizRequest, EndQuizRequest, GetQuizRequest, ListQuizzesRequest, QuizStatus,
    StartQuizRequest, entry,
};
use serde::{Deserialize, Serialize};

use super::{
    Gateway,
    credentials::Host,
    error::Error,
    quizzes::Page,
    request::{InQuiz, Json, Query},
    shapes::{NewQuiz, OwnQuiz, Quizzes, minutes, present},
};
use crate::{frame, timestamp};

#[derive(Deserialize)]
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

#[derive(Serialize)]
pub(crate) struct Status {
    quiz_id: String,
    status: &'static str,
    started_at: Option<String>,
    end_time: Option<String>,
    duration_minutes: i64,
    time_remaining_seconds: i64,
    is_active: bool,
}

/// `GET /admin/quizzes/{quiz_id}/status`
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
        status: frame::status(quiz.status()),
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

#[derive(Serialize)]
pub(crate) struct Started {
    quiz_id: String,
    status: &'static str,
    start_time: Option<String>,
    end_time: Option<String>,
    questions: u32,
}

/// `POST /admin/quizzes/{quiz_id}/init`
pub(crate) async fn start(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    InQuiz(quiz): InQuiz,
) -> Result<Reply<Started>, Error> {
    let request = StartQuizRequest { quiz_id: quiz.to_string(), acting_as: host.acting_as() };
    let quiz = present(gateway.upstream.start_quiz(request).await?.quiz)?;
    Ok(Reply(Started {
        status: frame::status(quiz.status()),
        start_time: timestamp::rfc3339(quiz.started_at.as_ref()),
        end_time: timestamp::rfc3339(quiz.end_time.as_ref()),
        questions: quiz.total_questions,
        quiz_id: quiz.quiz_id,
    }))
}

#[derive(Serialize)]
pub(crate) struct Ended {
    quiz_id: String,
    status: &'static str,
    ended_at: Option<String>,
    final_results: Vec<FinalResult>,
    total_participants: u32,
}

#[derive(Serialize)]
struct FinalResult {
    participant_id: String,
    username: String,
    score: u32,
    rank: u32,
}

impl FinalResult {
    fn of(row: proto::v1::Entry) -> Option<Self> {
        match row.id {
            Some(entry::Id::ParticipantId(participant_id)) => {
                Some(Self { participant_id, username: row.username, score: row.score, rank: row.rank })
            }
            Some(entry::Id::UserId(_)) | None => None,
        }
    }
}

/// `POST /admin/quizzes/{quiz_id}/end`
pub(crate) async fn end(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    InQuiz(quiz): InQuiz,
) -> Result<Reply<Ended>, Error> {
    let request = EndQuizRequest { quiz_id: quiz.to_string(), acting_as: host.acting_as() };
    let ended = gateway.upstream.end_quiz(request).await?;
    let quiz = present(ended.quiz)?;
    Ok(Reply(Ended {
        status: frame::status(quiz.status()),
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
