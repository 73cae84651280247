//! Taking part in a quiz: join, read the questions, look at the ranking.

use std::sync::Arc;

use axum::{
    Json as Reply,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use proto::v1::{
    GetLeaderboardRequest, GetQuizRequest, GetStandingsRequest, JoinQuizRequest, ListQuestionsRequest,
    QuizStatus, get_leaderboard_request,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Gateway,
    credentials::{Participant, Visitor},
    error::{Code, Error},
    request::{Client, InQuiz, Json, Query, QuizPath},
    shapes::{Question, Questions, present},
};
use crate::{
    frame::{Frame, Shared},
    ids::ParticipantId,
    tokens::Seat,
};

/// Under which name somebody joins.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"username": "alice_dev"}))]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Join", optional_fields = nullable))]
pub(crate) struct Join {
    /// 1 to 64 characters, unique in the quiz. Of a user, the token's name if absent.
    username: Option<String>,
    /// Makes it harmless to send the same again: at most 64 visible ASCII characters of one's own.
    join_id: Option<String>,
}

/// A seat, and the token that proves whose it is.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "participant_id": "p_1234567890ab", "quiz_id": "quiz_a1b2c3d4e5f6", "username": "alice_dev",
    "participant_token": "pt_…",
}))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Joined {
    participant_id: String,
    quiz_id: String,
    username: String,
    participant_token: String,
}

/// Takes a seat; with a user's token always the same one.
#[utoipa::path(
    post,
    path = "/quizzes/{quiz_id}/join",
    operation_id = "join_quiz",
    tag = "Taking part",
    params(QuizPath),
    request_body = Join,
    responses((status = 200, description = "The seat that the user had already", body = Joined),
        (status = 201, description = "A new seat", body = Joined)),
    security((), ("user" = [])),
)]
pub(crate) async fn join(
    State(gateway): State<Arc<Gateway>>,
    InQuiz(quiz): InQuiz,
    Client(client): Client,
    Visitor(user): Visitor,
    Json(body): Json<Join>,
) -> Result<Response, Error> {
    gateway.door.rates.entry(client)?;
    let request = JoinQuizRequest {
        quiz_id: quiz.to_string(),
        username: body.username.unwrap_or_default(),
        user,
        join_id: given_or_made(body.join_id),
    };
    let seat = gateway.upstream.join_quiz(request).await?;
    let participant = present(seat.participant_id.parse().ok())?;
    let status = if seat.created { StatusCode::CREATED } else { StatusCode::OK };
    let joined = Joined {
        participant_token: gateway.participants.sign(Seat { quiz, participant }),
        participant_id: seat.participant_id,
        quiz_id: seat.quiz_id,
        username: seat.username,
    };
    Ok((status, Reply(joined)).into_response())
}

/// Lists the questions, without the correct answers, once the quiz has started.
#[utoipa::path(
    get,
    path = "/quizzes/{quiz_id}/questions",
    operation_id = "list_questions",
    tag = "Taking part",
    params(QuizPath),
    responses((status = 200, description = "In the order in which they were added", body = Questions)),
    security(("participant" = [])),
)]
pub(crate) async fn questions(
    State(gateway): State<Arc<Gateway>>,
    Participant(seat): Participant,
) -> Result<Reply<Questions>, Error> {
    let quiz_id = seat.quiz.to_string();
    let standings = gateway.upstream.get_standings(GetStandingsRequest {
        quiz_id: quiz_id.clone(),
        participant_ids: vec![seat.participant.to_string()],
    });
    let quiz =
        gateway.upstream.get_quiz(GetQuizRequest { quiz_id: quiz_id.clone(), acting_as: String::new() });
    let (standings, quiz) = tokio::try_join!(standings, quiz)?;
    if standings.standings.is_empty() {
        return Err(Error::not_a_participant());
    }
    if present(quiz.quiz)?.status() == QuizStatus::Pending {
        return Err(Error::new(Code::QuizNotStarted, "the quiz has not started"));
    }
    let request = ListQuestionsRequest { quiz_id: quiz_id.clone(), acting_as: String::new() };
    let questions = gateway.upstream.list_questions(request).await?.questions;
    let questions = questions.into_iter().map(Question::for_participant).collect();
    Ok(Reply(Questions { quiz_id, questions }))
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
    /// Instead: the participant whose row stands in the middle.
    around: Option<String>,
}

/// Shows the ranking.
#[utoipa::path(
    get,
    path = "/quizzes/{quiz_id}/leaderboard",
    operation_id = "get_quiz_leaderboard",
    tag = "Finding quizzes",
    params(QuizPath, Ranking),
    responses((status = 200, description = "Its present state", body = Shared)),
)]
pub(crate) async fn leaderboard(
    State(gateway): State<Arc<Gateway>>,
    InQuiz(quiz): InQuiz,
    Query(ranking): Query<Ranking>,
) -> Result<Response, Error> {
    if let Some(around) = &ranking.around {
        around.parse::<ParticipantId>().map_err(|_| Error::not_a_participant())?;
    }
    let request = GetLeaderboardRequest {
        board: Some(get_leaderboard_request::Board::QuizId(quiz.to_string())),
        limit: ranking.limit,
        offset: ranking.offset.unwrap_or_default(),
        around: ranking.around.unwrap_or_default(),
        around_user: None,
    };
    let board = present(gateway.upstream.get_leaderboard(request).await?.leaderboard)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Frame::encode(&board).whole()).into_response())
}

/// The caller's id for a call, or one of ours: it makes our own retry harmless.
pub(super) fn given_or_made(id: Option<String>) -> String {
    id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()))
}
