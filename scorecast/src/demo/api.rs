//! The public HTTP API as the demo uses it: one function a request.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{Error, quiz};

/// A running Scorecast.
pub(super) struct Api {
    http: reqwest::Client,
    url: String,
    host_token: String,
}

#[derive(Deserialize)]
pub(super) struct NewQuiz {
    pub(super) quiz_id: String,
    pub(super) join_code: String,
}

#[derive(Clone, Deserialize)]
pub(super) struct Seat {
    pub(super) participant_id: String,
    pub(super) participant_token: String,
}

#[derive(Clone, Deserialize)]
pub(super) struct Board {
    pub(super) leaderboard: Vec<Row>,
    pub(super) version: u64,
}

#[derive(Clone, Deserialize)]
pub(super) struct Row {
    pub(super) username: String,
    pub(super) score: u32,
    pub(super) rank: u32,
}

#[derive(Deserialize)]
struct Made {
    question_id: String,
}

#[derive(Deserialize)]
struct Problem {
    error: String,
}

#[derive(Deserialize)]
struct Ignored {}

impl Api {
    pub(super) fn new(url: &str, host_token: String) -> Result<Self, Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(10))
            .build()
            .map_err(Error::Broken)?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), host_token })
    }

    pub(super) async fn create_quiz(&self) -> Result<NewQuiz, Error> {
        let plan = json!({ "title": quiz::TITLE, "description": quiz::DESCRIPTION, "duration_minutes": 5, "listed": true });
        self.send("making a quiz", self.as_host(Method::POST, "/admin/quizzes").json(&plan)).await
    }

    /// Adds a question and gives its identifier.
    pub(super) async fn add_question(
        &self,
        quiz_id: &str,
        question: &quiz::Question,
    ) -> Result<String, Error> {
        let body = json!({
            "text": question.text, "options": question.options,
            "correct_answer": question.correct, "points": question.points,
        });
        let request = self.as_host(Method::POST, &format!("/admin/quizzes/{quiz_id}/questions")).json(&body);
        self.send("adding a question", request).await.map(|made: Made| made.question_id)
    }

    pub(super) async fn start(&self, quiz_id: &str) -> Result<(), Error> {
        let request = self.as_host(Method::POST, &format!("/admin/quizzes/{quiz_id}/init"));
        self.send("starting the quiz", request).await.map(|_: Ignored| ())
    }

    pub(super) async fn end(&self, quiz_id: &str) -> Result<(), Error> {
        let request = self.as_host(Method::POST, &format!("/admin/quizzes/{quiz_id}/end"));
        self.send("ending the quiz", request).await.map(|_: Ignored| ())
    }

    pub(super) async fn join(&self, quiz_id: &str, username: &str) -> Result<Seat, Error> {
        let request = self
            .request(Method::POST, &format!("/quizzes/{quiz_id}/join"))
            .json(&json!({ "username": username }));
        self.send("joining", request).await
    }

    pub(super) async fn answer(
        &self,
        quiz_id: &str,
        seat: &Seat,
        question_id: &str,
        option: usize,
    ) -> Result<(), Error> {
        let body = json!({
            "participant_id": seat.participant_id, "question_id": question_id, "answer_index": option,
        });
        let request = self
            .request(Method::POST, &format!("/quizzes/{quiz_id}/answer"))
            .bearer_auth(&seat.participant_token)
            .json(&body);
        self.send("answering", request).await.map(|_: Ignored| ())
    }

    /// Reads the first ten rows.
    pub(super) async fn board(&self, quiz_id: &str) -> Result<Board, Error> {
        let request = self.request(Method::GET, &format!("/quizzes/{quiz_id}/leaderboard?limit=10"));
        self.send("reading the leaderboard", request).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    fn as_host(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&self.host_token)
    }

    async fn send<T: DeserializeOwned>(
        &self,
        doing: &'static str,
        request: RequestBuilder,
    ) -> Result<T, Error> {
        let response = request.send().await.map_err(|error| {
            if error.is_connect() {
                Error::NothingListens { url: self.url.clone() }
            } else if error.is_builder() {
                Error::BadUrl { url: self.url.clone() }
            } else {
                Error::Broken(error)
            }
        })?;
        let status = response.status();
        if status.is_success() {
            return response.json().await.map_err(Error::Broken);
        }
        let message =
            response.json().await.map_or_else(|_| status.to_string(), |problem: Problem| problem.error);
        Err(match status {
            StatusCode::UNAUTHORIZED => Error::Unknown { url: self.url.clone(), message },
            _ => Error::Refused { doing, message },
        })
    }
}
