//! What belongs to a host's quiz: its questions and its participants.

use std::sync::Arc;

use axum::{
    Json as Reply,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use proto::v1::{AddQuestionRequest, DeleteQuestionRequest, ListQuestionsRequest, RemoveParticipantRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Gateway,
    credentials::Host,
    error::{Code, Error},
    request::{InQuiz, Json, QuizPath},
    shapes::{Question, Questions, present},
};

/// A question to add.
#[derive(Deserialize, ToSchema)]
#[schema(as = QuestionToAdd, example = json!({
    "text": "Which is longer?", "options": ["Rhine", "Nile"], "correct_answer": 1, "points": 10,
}))]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "NewQuestion", optional_fields = nullable))]
pub(crate) struct Add {
    /// 1 to 1000 characters.
    text: String,
    /// 2 to 10, of 1 to 200 characters each, all different.
    options: Vec<String>,
    /// The index of the right option, from 0.
    correct_answer: u32,
    /// 1 to 100; 10 if absent.
    points: Option<u32>,
}

/// Adds a question to a quiz that is not running.
#[utoipa::path(
    post,
    path = "/admin/quizzes/{quiz_id}/questions",
    operation_id = "add_question",
    tag = "Running quizzes",
    params(QuizPath),
    request_body = Add,
    responses((status = 201, description = "The new question", body = Question)),
    security(("user" = [])),
)]
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

/// Lists the questions of a quiz.
#[utoipa::path(
    get,
    path = "/admin/quizzes/{quiz_id}/questions",
    operation_id = "list_own_questions",
    tag = "Running quizzes",
    params(QuizPath),
    responses((status = 200, description = "In the order in which they were added", body = Questions)),
    security(("user" = [])),
)]
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

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct QuestionPath {
    /// The question.
    #[param(example = "q_000000000001")]
    question_id: String,
}

/// What was deleted.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"quiz_id": "quiz_a1b2c3d4e5f6", "question_id": "q_000000000001"}))]
pub(crate) struct DeletedQuestion {
    quiz_id: String,
    question_id: String,
}

/// Deletes a question of a quiz that is not running.
#[utoipa::path(
    delete,
    path = "/admin/quizzes/{quiz_id}/questions/{question_id}",
    operation_id = "delete_question",
    tag = "Running quizzes",
    params(QuizPath, QuestionPath),
    responses((status = 200, description = "It is gone", body = DeletedQuestion)),
    security(("user" = [])),
)]
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

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ParticipantPath {
    /// The participant.
    #[param(example = "p_1234567890ab")]
    participant_id: String,
}

/// Who was removed.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"quiz_id": "quiz_a1b2c3d4e5f6", "participant_id": "p_1234567890ab"}))]
pub(crate) struct RemovedParticipant {
    quiz_id: String,
    participant_id: String,
}

/// Removes a participant and its row.
#[utoipa::path(
    delete,
    path = "/admin/quizzes/{quiz_id}/participants/{participant_id}",
    operation_id = "remove_participant",
    tag = "Running quizzes",
    params(QuizPath, ParticipantPath),
    responses((status = 200, description = "It is gone", body = RemovedParticipant)),
    security(("user" = [])),
)]
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
