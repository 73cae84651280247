//! Every field of every request: missing, empty, too long, of another type, unknown, not now.

mod envelopes;
mod players;
mod quizzes;

use reqwest::Method;
use serde_json::Value;

use crate::support::{
    TestApp,
    quiz::{Quiz, Seat},
};

/// What stands before the table: a quiz in each state, another host's quiz, and seats.
struct Stage {
    app: TestApp,
    pending: Quiz,
    empty: Quiz,
    started: Quiz,
    ended: Quiz,
    seat: Seat,
    other_seat: Seat,
    ended_seat: Seat,
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::start().await;
        let pending = app.pending_quiz(&[10]).await;
        let empty = app.pending_quiz(&[]).await;
        let started = app.started_quiz(&[10, 10]).await;
        let ended = app.started_quiz(&[10]).await;
        let ended_seat = app.join(&ended, "alice_dev").await;
        app.end_quiz(&ended).await.ok();
        let seat = app.join(&started, "alice_dev").await;
        let other_seat = app.join(&started, "bob_coder").await;
        app.join(&pending, "alice_dev").await;
        Self { app, pending, empty, started, ended, seat, other_seat, ended_seat }
    }

    async fn expect(&self, rows: &[Row<'_>]) {
        for (method, path, token, body, status, code) in rows {
            let body = (!body.is_null()).then(|| body.to_string().into_bytes());
            let said = body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            let reply = self.app.send(method.clone(), path, *token, body.clone()).await;
            assert_eq!(reply.refusal(), (*status, *code), "{method} {path} {said:.120}: {}", reply.body);
        }
    }
}

/// A request and what it is answered with. No body if it is null.
type Row<'a> = (Method, String, Option<&'a str>, Value, u16, &'static str);
