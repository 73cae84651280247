//! `GET /quizzes/{quiz_id}/ws`: one participant follows one quiz. What it sends is ignored, apart
//! from the limits.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts as _, Request, State},
    response::Response,
};
use proto::v1::GetStandingsRequest;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    boards::{Rows, Watcher},
    door::Admission,
    fanout::Guest,
    frame::Form,
    http::{
        Gateway,
        error::{Code, Error},
        request::{Client, InQuiz, Query, QuizPath},
    },
    ids::{ParticipantId, QuizId},
    standing::Standing,
};

/// What a fan-out needs to serve one socket; dropping it gives the board and the room back.
pub(crate) struct Spectator {
    pub(crate) watcher: Watcher,
    pub(crate) admission: Admission,
}

/// Who watches, and how much.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wish {
    /// A participant of the quiz.
    #[param(required = true, example = "p_1234567890ab")]
    participant_id: Option<String>,
    /// How many rows, 100 by default; rounded up to 10, 100 or 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// With `1`, a state may come as what changed since the one before, where that is shorter.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "1")]
    deltas: Form,
}

/// Opens a WebSocket that shows a quiz's board at once and after every change.
// Checks in the contract's order, then upgrades.
#[utoipa::path(
    get,
    path = "/quizzes/{quiz_id}/ws",
    operation_id = "watch_quiz",
    tag = "WebSockets",
    params(QuizPath, Wish),
    responses((status = 101, description = "The socket is open")),
)]
pub(crate) async fn upgrade(
    State(gateway): State<Arc<Gateway>>,
    Client(client): Client,
    request: Request,
) -> Result<Response, Error> {
    let (mut parts, _) = request.into_parts();
    let admission = gateway.door.admit_socket(client, &parts.headers)?;
    let Query(wish) = Query::<Wish>::from_request_parts(&mut parts, &gateway).await?;
    let participant_id = wish
        .participant_id
        .filter(|id| !id.is_empty())
        .ok_or_else(|| Error::new(Code::MissingParticipantId, "missing participant_id parameter"))?;
    let rows = Rows::covering(wish.limit.unwrap_or(100))
        .ok_or_else(|| Error::new(Code::InvalidArgument, "limit: expected a number from 1 to 1000"))?;
    let InQuiz(quiz) = InQuiz::from_request_parts(&mut parts, &gateway).await?;
    let (participant, standing) = seated(&gateway, quiz, &participant_id).await?;
    let watcher = gateway.boards.watch(quiz, rows, participant, standing, wish.deltas);
    Ok(gateway.fanout.adopt(parts, Guest::Spectator(Spectator { watcher, admission }))?)
}

/// Asks scoring for the seat, and where it stands.
async fn seated(
    gateway: &Gateway,
    quiz: QuizId,
    participant_id: &str,
) -> Result<(ParticipantId, Standing), Error> {
    let Ok(participant) = participant_id.parse() else {
        // That there is no such quiz is said first.
        let request = GetStandingsRequest { quiz_id: quiz.to_string(), participant_ids: Vec::new() };
        gateway.upstream.get_standings(request).await?;
        return Err(Error::not_a_participant());
    };
    match gateway.seats.standing(quiz, participant).await? {
        Standing { place: None, .. } => Err(Error::not_a_participant()),
        standing => Ok((participant, standing)),
    }
}
