//! Taking part in a quiz: join, read the questions, answer, look at one's answers and the ranking.

use std::sync::Arc;

use axum::{
    Json as Reply,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use proto::v1::{
    self, GetLeaderboardRequest, GetQuizRequest, GetStandingsRequest, JoinQuizRequest, ListAnswersRequest,
    ListQuestionsRequest, QuizStatus, SubmitAnswerRequest, get_leaderboard_request, list_answers_request,
};
use serde::{Deserialize, Serialize};

use super::{
    Gateway,
    credentials::{Answerer, Participant, Visitor},
    error::{Code, Error},
    request::{Client, InQuiz, Json, Query},
    shapes::{Question, Questions, present},
};
use crate::{frame::Frame, ids::ParticipantId, timestamp, tokens::Seat};

#[derive(Deserialize)]
pub(crate) struct Join {
    /// Of a user, the token's name if absent.
    username: Option<String>,
    join_id: Option<String>,
}

#[derive(Serialize)]
struct Joined {
    participant_id: String,
    quiz_id: String,
    username: String,
    participant_token: String,
}

/// `POST /quizzes/{quiz_id}/join`
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

/// `GET /quizzes/{quiz_id}/questions`
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

#[derive(Deserialize)]
pub(crate) struct Answer {
    participant_id: Option<String>,
    question_id: String,
    answer_index: i64,
    submission_id: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Verdict {
    correct: bool,
    points_earned: u32,
    total_score: u32,
    version: u64,
}

/// `POST /quizzes/{quiz_id}/answer`
pub(crate) async fn answer(
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
pub(crate) struct Answers {
    quiz_id: String,
    answers: Vec<GivenAnswer>,
}

#[derive(Serialize)]
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
pub(crate) async fn answers(
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

#[derive(Deserialize)]
pub(crate) struct Ranking {
    limit: Option<u32>,
    offset: Option<u32>,
    around: Option<String>,
}

/// `GET /quizzes/{quiz_id}/leaderboard`
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
    Ok(([(header::CONTENT_TYPE, "application/json")], Frame::encode(&board).for_anyone()).into_response())
}

/// The caller's id for a call, or one of ours: it makes our own retry harmless.
fn given_or_made(id: Option<String>) -> String {
    id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()))
}
