//! What belongs to a host's quiz: its questions and its participants.

use std::sync::Arc;

use axum::{
    Json as Reply,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use proto::v1::{AddQuestionRequest, DeleteQuestionRequest, ListQuestionsRequest, RemoveParticipantRequest};
use serde::{Deserialize, Serialize};

use super::{
    Gateway,
    credentials::Host,
    error::{Code, Error},
    request::{InQuiz, Json},
    shapes::{Question, Questions, present},
};

#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "NewQuestion", optional_fields = nullable))]
pub(crate) struct Add {
    text: String,
    options: Vec<String>,
    correct_answer: u32,
    points: Option<u32>,
}

/// `POST /admin/quizzes/{quiz_id}/questions`
pub(crate) async fn add(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    InQuiz(quiz): InQuiz,
    Json(body): Json<Add>,
) -> Result<(StatusCode, Reply<Question>), Error> {
    let request = AddQuestionRequest {
        quiz_id: quiz.to_string(),
        acting_as: host.acting_as(),
        text: body.text,
        options: body.options,
        correct_answer: Some(body.correct_answer),
        points: body.points,
    };
    let question = present(gateway.upstream.add_question(request).await?.question)?;
    Ok((StatusCode::CREATED, Reply(Question::for_host(question))))
}

/// `GET /admin/quizzes/{quiz_id}/questions`
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    InQuiz(quiz): InQuiz,
) -> Result<Reply<Questions>, Error> {
    let request = ListQuestionsRequest { quiz_id: quiz.to_string(), acting_as: host.acting_as() };
    let questions = gateway.upstream.list_questions(request).await?.questions;
    let questions = questions.into_iter().map(Question::for_host).collect();
    Ok(Reply(Questions { quiz_id: quiz.to_string(), questions }))
}

#[derive(Deserialize)]
pub(crate) struct QuestionPath {
    question_id: String,
}

/// What was deleted.
#[derive(Serialize)]
pub(crate) struct DeletedQuestion {
    quiz_id: String,
    question_id: String,
}

/// `DELETE /admin/quizzes/{quiz_id}/questions/{question_id}`
pub(crate) async fn delete(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    InQuiz(quiz): InQuiz,
    path: Result<Path<QuestionPath>, PathRejection>,
) -> Result<Reply<DeletedQuestion>, Error> {
    let not_found = |_| Error::new(Code::QuestionNotFound, "question not found in this quiz");
    let Path(QuestionPath { question_id }) = path.map_err(not_found)?;
    let quiz_id = quiz.to_string();
    gateway
        .upstream
        .delete_question(DeleteQuestionRequest {
            quiz_id: quiz_id.clone(),
            question_id: question_id.clone(),
            acting_as: host.acting_as(),
        })
        .await?;
    Ok(Reply(DeletedQuestion { quiz_id, question_id }))
}

#[derive(Deserialize)]
pub(crate) struct ParticipantPath {
    participant_id: String,
}

/// Who was removed.
#[derive(Serialize)]
pub(crate) struct RemovedParticipant {
    quiz_id: String,
    participant_id: String,
}

/// `DELETE /admin/quizzes/{quiz_id}/participants/{participant_id}`
pub(crate) async fn remove_participant(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    InQuiz(quiz): InQuiz,
    path: Result<Path<ParticipantPath>, PathRejection>,
) -> Result<Reply<RemovedParticipant>, Error> {
    let Path(ParticipantPath { participant_id }) = path.map_err(|_| Error::not_a_participant())?;
    let quiz_id = quiz.to_string();
    gateway
        .upstream
        .remove_participant(RemoveParticipantRequest {
            quiz_id: quiz_id.clone(),
            participant_id: participant_id.clone(),
            acting_as: host.acting_as(),
        })
        .await?;
    Ok(Reply(RemovedParticipant { quiz_id, participant_id }))
}
