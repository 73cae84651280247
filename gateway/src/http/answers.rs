//! Answering questions, and looking at the answers one gave.

use std::sync::Arc;

use axum::{Json as Reply, extract::State};
use proto::v1::{self, ListAnswersRequest, SubmitAnswerRequest, list_answers_request};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Gateway,
    credentials::{Answerer, Participant},
    error::{Code, Error},
    play::given_or_made,
    request::{InQuiz, Json, QuizPath},
};
use crate::timestamp;

/// An answer to one question.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({
    "participant_id": "p_1234567890ab", "question_id": "q_000000000001", "answer_index": 2,
    "submission_id": "a1",
}))]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Answer", optional_fields = nullable))]
pub(crate) struct Answer {
    /// The participant whose token it is.
    #[schema(value_type = String)]
    participant_id: Option<String>,
    question_id: String,
    /// The index of an option, from 0.
    answer_index: i64,
    /// Makes it harmless to send the same again: at most 64 visible ASCII characters of one's own.
    submission_id: Option<String>,
}

/// What an answer has earned.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"correct": true, "points_earned": 10, "total_score": 50, "version": 18}))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Verdict {
    correct: bool,
    points_earned: u32,
    total_score: u32,
    /// The version of the board from which on it is to be seen.
    version: u64,
}

/// Answers a question, once.
#[utoipa::path(
    post,
    path = "/quizzes/{quiz_id}/answer",
    operation_id = "submit_answer",
    tag = "Taking part",
    params(QuizPath),
    request_body = Answer,
    responses((status = 200, description = "What it has earned", body = Verdict)),
    security(("participant" = [])),
)]
pub(crate) async fn give(
    State(gateway): State<Arc<Gateway>>,
    Participant(seat): Participant,
    Json(body): Json<Answer>,
) -> Result<Reply<Verdict>, Error> {
    let participant_id = body.participant_id.filter(|id| !id.is_empty());
    let participant_id = participant_id.ok_or_else(|| {
        Error::new(Code::MissingParticipantId, "missing participant_id, send the one you got on joining")
    })?;
    if participant_id.parse() != Ok(seat.participant) {
        return Err(Error::not_a_participant());
    }
    gateway.door.rates.answer(seat.participant)?;
    let answer_index = u32::try_from(body.answer_index).map_err(|_| {
        Error::new(Code::InvalidAnswerIndex, "answer_index must be the index of an option, from 0")
    })?;
    let request = SubmitAnswerRequest {
        quiz_id: seat.quiz.to_string(),
        participant_id,
        question_id: body.question_id,
        answer_index: Some(answer_index),
        submission_id: given_or_made(body.submission_id),
    };
    let verdict = gateway.upstream.submit_answer(request).await?;
    Ok(Reply(Verdict {
        correct: verdict.correct,
        points_earned: verdict.points_earned,
        total_score: verdict.total_score,
        version: verdict.version,
    }))
}

/// The answers that one gave, first given first.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"quiz_id": "quiz_a1b2c3d4e5f6", "answers": [{
    "question_id": "q_000000000001", "answer_index": 2, "correct": true, "points_earned": 10,
    "answered_at": "2026-02-02T10:15:00.123Z",
}]}))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Answers {
    quiz_id: String,
    answers: Vec<GivenAnswer>,
}

#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
struct GivenAnswer {
    question_id: String,
    answer_index: u32,
    correct: bool,
    points_earned: u32,
    answered_at: Option<String>,
}

impl From<v1::GivenAnswer> for GivenAnswer {
    fn from(answer: v1::GivenAnswer) -> Self {
        Self {
            answered_at: timestamp::rfc3339(answer.answered_at.as_ref()),
            question_id: answer.question_id,
            answer_index: answer.answer_index,
            correct: answer.correct,
            points_earned: answer.points_earned,
        }
    }
}

/// Lists one's own answers in the present run.
#[utoipa::path(
    get,
    path = "/quizzes/{quiz_id}/answers",
    operation_id = "list_answers",
    tag = "Taking part",
    params(QuizPath),
    responses((status = 200, description = "First given first", body = Answers)),
    security(("participant" = []), ("user" = [])),
)]
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    InQuiz(quiz): InQuiz,
    answerer: Answerer,
) -> Result<Reply<Answers>, Error> {
    let who = match answerer {
        Answerer::Participant(id) => list_answers_request::Who::ParticipantId(id.to_string()),
        Answerer::User(user) => list_answers_request::Who::User(user),
    };
    let request = ListAnswersRequest { quiz_id: quiz.to_string(), who: Some(who) };
    let given = gateway.upstream.list_answers(request).await?.answers;
    let answers = given.into_iter().map(GivenAnswer::from).collect();
    Ok(Reply(Answers { quiz_id: quiz.to_string(), answers }))
}
