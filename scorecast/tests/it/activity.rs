//! What users hear on the leaderboard socket while sessions arrive, however many listen and whatever
//! is away meanwhile.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    support::{
        TestApp,
        quiz::{RIGHT, host, jwt, text},
        socket::Socket,
        within,
    },
    uploads::session,
};

on_both_pairs! {
    a_hundred_sockets_hear_of_each_session_once_and_in_order,
    the_end_of_a_quiz_is_told_once_with_its_count,
    a_subject_is_shown_to_its_subscribers_and_to_those_who_have_none,
    a_subscription_to_a_subject_is_confirmed_or_refused,
    sockets_that_listen_while_scoring_restarts_miss_nothing,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_sockets_miss_nothing_while_redis_is_gone() {
    let mut app = TestApp::start_on_servers().await;
    let quiz = app.quiz_in("BIO").await;
    let mut listeners = listeners(&app, 100).await;
    app.upload_pupils(&quiz, 0..5).await;
    for listener in &mut listeners {
        assert_eq!(listener.sessions(5).await, pupils(0..5));
    }
    tokio::task::block_in_place(|| app.redis().kill());
    app.upload_pupils(&quiz, 5..15).await;
    for listener in &mut listeners {
        assert_eq!(listener.sessions(10).await, pupils(5..15));
    }
    tokio::task::block_in_place(|| app.redis().restart());
    app.upload_pupils(&quiz, 15..20).await;
    for listener in &mut listeners {
        assert_eq!(listener.sessions(5).await, pupils(15..20));
        listener.until_subject_has("BIO", 20).await;
    }
}

impl TestApp {
    /// A pending quiz of a new subject.
    async fn quiz_in(&self, subject: &str) -> String {
        let path = format!("/admin/subjects/{subject}");
        self.put(&path, Some(&host()), &json!({ "name": format!("The {subject}") })).await.ok();
        self.quiz_with(&json!({ "subject": subject })).await
    }

    /// Uploads one session after the other.
    async fn upload_pupils(&self, quiz: &str, numbers: std::ops::Range<usize>) {
        for name in pupils(numbers) {
            self.upload_json(quiz, &session(&name, 1)).await.ok();
        }
    }

    async fn listen(&self) -> Listener {
        let path = format!("/ws/leaderboard/?token={}", jwt("bob", None));
        let mut listener = Listener { socket: self.open(&path).await, boards: Vec::new() };
        listener.has_heard_all().await;
        listener
    }
}

fn pupils(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("pupil {number}")).collect()
}

async fn listeners(app: &TestApp, count: usize) -> Vec<Listener> {
    let mut listeners = Vec::new();
    for _ in 0..count {
        listeners.push(app.listen().await);
    }
    listeners
}

/// A socket of a user, and the subjects' boards that came while it waited for something else.
struct Listener {
    socket: Socket,
    boards: Vec<Value>,
}

impl Listener {
    async fn message(&mut self) -> Value {
        serde_json::from_str(&self.socket.text().await).unwrap()
    }

    /// The next message that is no board of a subject.
    async fn next(&mut self) -> Value {
        loop {
            let message = self.message().await;
            if message["type"] != "leaderboard_updated" {
                return message;
            }
            self.boards.push(message["data"].clone());
        }
    }

    async fn ask(&mut self, what: &Value) -> Value {
        self.socket.say(Message::text(what.to_string())).await;
        self.next().await
    }

    /// Nothing but boards has come that was not read.
    async fn has_heard_all(&mut self) {
        assert_eq!(self.ask(&json!({ "type": "ping" })).await, json!({ "type": "pong" }));
    }

    /// The next session that is told.
    async fn session(&mut self) -> Value {
        let message = self.next().await;
        assert_eq!(message["type"], "quiz_session_uploaded", "{message}");
        message["data"].clone()
    }

    /// Whose sessions are told next.
    async fn sessions(&mut self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        while names.len() < count {
            let data = self.session().await;
            assert_eq!(data["count"], 1);
            names.push(text(&data["username"]));
        }
        names
    }

    /// A subject's board with so many users, which has come or comes.
    async fn until_subject_has(&mut self, subject: &str, users: usize) -> Value {
        let is_it = |board: &Value| board["subject"] == subject && board["total_users"] == users;
        if let Some(board) = self.boards.iter().find(|board| is_it(board)) {
            return board.clone();
        }
        within("the subject's board is told", async {
            loop {
                let message = self.message().await;
                if message["type"] == "leaderboard_updated" && is_it(&message["data"]) {
                    return message["data"].clone();
                }
            }
        })
        .await
    }
}

async fn a_hundred_sockets_hear_of_each_session_once_and_in_order(app: TestApp) {
    let quizzes = [app.quiz_in("BIO").await, app.quiz_with(&json!({})).await];
    let mut listeners = listeners(&app, 100).await;
    for number in 0..20 {
        app.upload_pupils(&quizzes[number % 2], number..number + 1).await;
    }
    for listener in &mut listeners {
        assert_eq!(listener.sessions(20).await, pupils(0..20));
        listener.has_heard_all().await;
        listener.until_subject_has("BIO", 10).await;
    }
}

async fn the_end_of_a_quiz_is_told_once_with_its_count(app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let mut version = 0;
    for name in ["ada", "bob", "cy"] {
        let joined =
            app.post(&format!("/quizzes/{}/join", quiz.id), Some(&jwt(name, None)), &json!({})).await.ok();
        let seat = crate::support::quiz::Seat {
            id: text(&joined["participant_id"]),
            token: text(&joined["participant_token"]),
        };
        version = app.answered(&quiz, &seat, 0, RIGHT).await;
    }
    app.board_at(&quiz, version).await;
    let mut listener = app.listen().await;
    app.end_quiz(&quiz).await.ok();
    let told = listener.session().await;
    assert_eq!((&told["quiz_id"], &told["count"], &told["score"]), (&json!(quiz.id), &json!(3), &json!(10)));
    assert_eq!(told["subject"], Value::Null);
    assert!(text(&told["session_id"]).starts_with("session_") && text(&told["user_id"]).starts_with("u_"));
    assert!(["ada", "bob", "cy"].contains(&told["username"].as_str().unwrap()));
    assert!(told["duration_seconds"].is_number() && told["timestamp"].is_string());
    listener.has_heard_all().await;
}

async fn a_subject_is_shown_to_its_subscribers_and_to_those_who_have_none(app: TestApp) {
    let [bio, math] = [app.quiz_in("BIO").await, app.quiz_in("MATH").await];
    let (mut everybody, mut biologist) = (app.listen().await, app.listen().await);
    let confirmed = biologist.ask(&json!({ "type": "subscribe_subject", "subject": "BIO" })).await;
    let expected = json!({ "type": "subscription_confirmed", "subject": "BIO", "message": "subscribed" });
    assert_eq!(confirmed, expected);
    biologist.until_subject_has("BIO", 0).await;

    app.upload_pupils(&math, 0..1).await;
    let told = everybody.until_subject_has("MATH", 1).await;
    assert_eq!((&told["quiz_id"], &told["subject_name"]), (&json!(math), &json!("The MATH")));
    assert_eq!(told["leaderboard"][0]["username"], "pupil 0");
    app.upload_pupils(&bio, 0..2).await;
    for listener in [&mut everybody, &mut biologist] {
        let told = listener.until_subject_has("BIO", 2).await;
        assert_eq!(told["quiz_id"], json!(bio));
        let board = app.get("/subjects/BIO/leaderboard", None).await.ok();
        for member in ["leaderboard", "version", "epoch", "total_users", "subject", "subject_name"] {
            assert_eq!(told[member], board[member], "{member}");
        }
    }
    biologist.has_heard_all().await;
    assert!(biologist.boards.iter().all(|board| board["subject"] == "BIO"), "{:?}", biologist.boards);
}

async fn a_subscription_to_a_subject_is_confirmed_or_refused(app: TestApp) {
    app.quiz_in("BIO").await;
    let mut listener = app.listen().await;
    for subject in ["ART", "bio", ""] {
        let refused = listener.ask(&json!({ "type": "subscribe_subject", "subject": subject })).await;
        let expected = json!({
            "type": "error", "code": "SUBJECT_NOT_FOUND", "message": "subject not found", "subject": subject,
        });
        assert_eq!(refused, expected);
    }
    for _ in 0..2 {
        let subscribed = listener.ask(&json!({ "type": "subscribe_subject", "subject": "BIO" })).await;
        assert_eq!(subscribed["type"], "subscription_confirmed");
        listener.boards.clear();
        listener.until_subject_has("BIO", 0).await;
    }
    for _ in 0..2 {
        let given_up = listener.ask(&json!({ "type": "unsubscribe_subject", "subject": "BIO" })).await;
        let expected =
            json!({ "type": "unsubscription_confirmed", "subject": "BIO", "message": "unsubscribed" });
        assert_eq!(given_up, expected);
    }
    listener.has_heard_all().await;
}

async fn sockets_that_listen_while_scoring_restarts_miss_nothing(mut app: TestApp) {
    let quiz = app.quiz_in("BIO").await;
    let mut listeners = listeners(&app, 10).await;
    app.upload_pupils(&quiz, 0..3).await;
    for listener in &mut listeners {
        assert_eq!(listener.sessions(3).await, pupils(0..3));
    }
    app.stop_scoring().await;
    app.start_scoring().await;
    let first = session("pupil 3", 1);
    within("scoring is back", async { while app.upload_json(&quiz, &first).await.status >= 500 {} }).await;
    app.upload_pupils(&quiz, 4..6).await;
    for listener in &mut listeners {
        assert_eq!(listener.sessions(3).await, pupils(3..6));
        listener.until_subject_has("BIO", 6).await;
    }
}
