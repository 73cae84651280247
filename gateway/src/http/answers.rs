//! Answering questions, and looking at the answers one gave.

use std::sync::Arc;

use axum::{Json as Reply, extract::State};
use proto::v1::{self, ListAnswersRequest, SubmitAnswerRequest, list_answers_request};
use serde::{Deserialize, Serialize};

use super::{
    Gateway,
    credentials::{Answerer, Participant},
    error::{Code, Error},
    play::given_or_made,
    request::{InQuiz, Json},
};
use crate::timestamp;

#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Answer", optional_fields = nullable))]
pub(crate) struct Answer {
    participant_id: Option<String>,
    question_id: String,
    answer_index: i64,
    submission_id: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Verdict {
    correct: bool,
    points_earned: u32,
    total_score: u32,
    version: u64,
}

/// `POST /quizzes/{quiz_id}/answer`
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

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Answers {
    quiz_id: String,
    answers: Vec<GivenAnswer>,
}

#[derive(Serialize)]
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

/// `GET /quizzes/{quiz_id}/answers`
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
