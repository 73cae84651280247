//! Hosts, quizzes, seats and answers, as most tests need them.

use futures_util::{StreamExt as _, stream};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{
    JWT_SECRET,
    http::{Caller, Reply},
};

/// The option that is right in every question of these quizzes; there are four.
pub(crate) const RIGHT: u64 = 1;
pub(crate) const WRONG: u64 = 2;

/// A quiz and its questions.
pub(crate) struct Quiz {
    pub(crate) id: String,
    pub(crate) questions: Vec<String>,
}

/// A seat and its token.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// The name of the player with this number; names sort as the numbers do.
pub(crate) fn name(player: usize) -> String {
    format!("player {player:03}")
}

/// A user's token.
pub(crate) fn jwt(sub: &str, role: Option<&str>) -> String {
    signed(&json!({ "sub": sub, "role": role, "exp": u32::MAX }), JWT_SECRET)
}

/// A token of these claims that somebody signed with this secret.
pub(crate) fn signed(claims: &Value, secret: &str) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

/// The host of these quizzes.
pub(crate) fn host() -> String {
    jwt("ada", Some("host"))
}

/// A question for these points.
pub(crate) fn question(points: u32) -> Value {
    json!({ "text": "Which one?", "options": ["a", "b", "c", "d"], "correct_answer": RIGHT, "points": points })
}

impl Caller {
    /// A pending quiz with a question for each of these points.
    pub(crate) async fn pending_quiz(&self, points: &[u32]) -> Quiz {
        let host = host();
        let made = self.post("/admin/quizzes", Some(&host), &json!({ "title": "Rivers" })).await.ok();
        let mut quiz = Quiz { id: text(&made["quiz_id"]), questions: Vec::new() };
        for &points in points {
            let path = format!("/admin/quizzes/{}/questions", quiz.id);
            let question = self.post(&path, Some(&host), &question(points)).await.ok();
            quiz.questions.push(text(&question["question_id"]));
        }
        quiz
    }

    /// A started quiz with a question for each of these points.
    pub(crate) async fn started_quiz(&self, points: &[u32]) -> Quiz {
        let quiz = self.pending_quiz(points).await;
        self.start_quiz(&quiz).await.ok();
        quiz
    }

    pub(crate) async fn start_quiz(&self, quiz: &Quiz) -> Reply {
        self.post(&format!("/admin/quizzes/{}/init", quiz.id), Some(&host()), &json!({})).await
    }

    pub(crate) async fn end_quiz(&self, quiz: &Quiz) -> Reply {
        self.post(&format!("/admin/quizzes/{}/end", quiz.id), Some(&host()), &json!({})).await
    }

    /// Takes a seat.
    pub(crate) async fn join(&self, quiz: &Quiz, username: &str) -> Seat {
        let path = format!("/quizzes/{}/join", quiz.id);
        let joined = self.post(&path, None, &json!({ "username": username })).await.ok();
        Seat { id: text(&joined["participant_id"]), token: text(&joined["participant_token"]) }
    }

    /// Takes this many seats, by [`name`], some at a time.
    pub(crate) async fn join_all(&self, quiz: &Quiz, count: usize) -> Vec<Seat> {
        stream::iter(0..count)
            .map(async |player| self.join(quiz, &name(player)).await)
            .buffered(8)
            .collect()
            .await
    }

    /// Answers one question, by its place in the quiz.
    pub(crate) async fn answer(&self, quiz: &Quiz, seat: &Seat, question: usize, option: u64) -> Reply {
        let body = json!({
            "participant_id": seat.id, "question_id": quiz.questions[question], "answer_index": option,
        });
        self.post(&format!("/quizzes/{}/answer", quiz.id), Some(&seat.token), &body).await
    }

    /// Answers, again as often as it is told to, and gives the version from which on readers see it.
    pub(crate) async fn answered(&self, quiz: &Quiz, seat: &Seat, question: usize, option: u64) -> u64 {
        let question = &quiz.questions[question];
        let body = json!({
            "participant_id": seat.id, "question_id": question, "answer_index": option,
            "submission_id": question,
        });
        super::within("the answer is acknowledged", async {
            loop {
                let reply =
                    self.post(&format!("/quizzes/{}/answer", quiz.id), Some(&seat.token), &body).await;
                // A busy machine.
                if !matches!(reply.status, 503 | 504) {
                    return reply.ok()["version"].as_u64().unwrap();
                }
            }
        })
        .await
    }

    /// Reads the board until it has this version or a later one, and gives its rows.
    pub(crate) async fn board_at(&self, quiz: &Quiz, version: u64) -> Vec<Row> {
        super::within("the board has the version", async {
            loop {
                let board =
                    self.get(&format!("/quizzes/{}/leaderboard?limit=1000", quiz.id), None).await.ok();
                if board["version"].as_u64().unwrap() >= version {
                    return rows(&board);
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

/// Rank, name and score of one row.
pub(crate) type Row = (u64, String, u64);

/// The rows of a board or frame.
pub(crate) fn rows(board: &Value) -> Vec<Row> {
    let row =
        |row: &Value| (row["rank"].as_u64().unwrap(), text(&row["username"]), row["score"].as_u64().unwrap());
    board["leaderboard"].as_array().unwrap().iter().map(row).collect()
}

/// One expected row.
pub(crate) fn row(rank: u64, username: &str, score: u64) -> Row {
    (rank, username.to_owned(), score)
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("expected a text, got {value}")).to_owned()
}
