//! Every field of every request: missing, empty, too long, of another type, unknown, not now.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    JWT_SECRET, TestApp,
    quiz::{Quiz, RIGHT, Seat, host, jwt, question, signed},
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

#[tokio::test]
async fn making_a_quiz() {
    let stage = Stage::set().await;
    let host = host();
    let path = || "/admin/quizzes".to_owned();
    let bodies = [
        (json!({}), 400, "INVALID_ARGUMENT"),
        (json!([]), 400, "INVALID_ARGUMENT"),
        (json!({ "title": null }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "" }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "  \t " }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "x".repeat(201) }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "bell \u{7}" }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": 7 }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "t", "description": "x".repeat(1001) }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "t", "description": 7 }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "t", "description": "nul \u{0}" }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "t", "duration_minutes": 4 }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "t", "duration_minutes": 181 }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "t", "duration_minutes": -30 }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "t", "duration_minutes": 5.5 }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "t", "duration_minutes": "30" }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "t", "duration_minutes": u64::MAX }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "t", "listed": "yes" }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "t", "self_report": 1 }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "t", "subject": 7 }), 400, "INVALID_ARGUMENT"),
        (json!({ "title": "t", "subject": "NOSUCH" }), 404, "SUBJECT_NOT_FOUND"),
        (json!({ "title": "t", "subject": "not a code" }), 404, "SUBJECT_NOT_FOUND"),
        (json!({ "title": "x".repeat(70_000) }), 413, "PAYLOAD_TOO_LARGE"),
    ];
    let rows: Vec<_> = bodies
        .into_iter()
        .map(|(body, status, code)| (Method::POST, path(), Some(&*host), body, status, code))
        .collect();
    stage.expect(&rows).await;
    for (list, code) in
        [("status=over", 400), ("limit=0", 400), ("limit=x", 400), ("limit=101", 400), ("offset=-1", 400)]
    {
        stage
            .expect(&[
                (Method::GET, format!("/quizzes?{list}"), None, Value::Null, code, "INVALID_ARGUMENT"),
                (
                    Method::GET,
                    format!("/admin/quizzes?{list}"),
                    Some(&host),
                    Value::Null,
                    code,
                    "INVALID_ARGUMENT",
                ),
            ])
            .await;
    }
}

#[tokio::test]
async fn adding_and_deleting_a_question() {
    let stage = Stage::set().await;
    let host = host();
    let with = |field: &str, value: Value| {
        let mut body = question(10);
        body[field] = value;
        body
    };
    let without = |field: &str| {
        let mut body = question(10);
        body.as_object_mut().unwrap().remove(field);
        body
    };
    let bad = [
        json!({}),
        without("text"),
        with("text", json!("")),
        with("text", json!("   ")),
        with("text", json!("x".repeat(1001))),
        with("text", json!(7)),
        with("text", json!("escape \u{1b}")),
        without("options"),
        with("options", json!([])),
        with("options", json!(["one"])),
        with("options", json!((0..11).map(|n| n.to_string()).collect::<Vec<_>>())),
        with("options", json!(["a", ""])),
        with("options", json!(["a", "  "])),
        with("options", json!(["a", "a"])),
        with("options", json!(["a", "x".repeat(201)])),
        with("options", json!(["a", 7])),
        with("options", json!("ab")),
        without("correct_answer"),
        with("correct_answer", json!(4)),
        with("correct_answer", json!(-1)),
        with("correct_answer", json!(1.5)),
        with("correct_answer", json!("1")),
        with("points", json!(0)),
        with("points", json!(101)),
        with("points", json!("10")),
        with("points", json!(2.5)),
    ];
    let path = |quiz: &str| format!("/admin/quizzes/{quiz}/questions");
    let pending = path(&stage.pending.id);
    let rows: Vec<_> = bad
        .into_iter()
        .map(|body| (Method::POST, pending.clone(), Some(&*host), body, 400, "INVALID_ARGUMENT"))
        .collect();
    stage.expect(&rows).await;

    let of = |quiz: &Quiz, question: &str| format!("{}/{question}", path(&quiz.id));
    let foreign = &stage.started.questions[0];
    stage
        .expect(&[
            (Method::POST, path("quiz_000000000000"), Some(&host), question(10), 404, "QUIZ_NOT_FOUND"),
            (Method::POST, path("nonsense"), Some(&host), question(10), 404, "QUIZ_NOT_FOUND"),
            (Method::POST, path(&stage.started.id), Some(&host), question(10), 409, "QUIZ_ACTIVE"),
            (Method::DELETE, of(&stage.started, foreign), Some(&host), Value::Null, 409, "QUIZ_ACTIVE"),
            (
                Method::DELETE,
                of(&stage.pending, foreign),
                Some(&host),
                Value::Null,
                404,
                "QUESTION_NOT_FOUND",
            ),
            (
                Method::DELETE,
                of(&stage.pending, "q_000000000000"),
                Some(&host),
                Value::Null,
                404,
                "QUESTION_NOT_FOUND",
            ),
            (
                Method::DELETE,
                of(&stage.pending, "nonsense"),
                Some(&host),
                Value::Null,
                404,
                "QUESTION_NOT_FOUND",
            ),
        ])
        .await;
}

#[tokio::test]
async fn running_a_quiz_in_another_state_than_it_is_in() {
    let stage = Stage::set().await;
    let host = host();
    let path = |quiz: &Quiz, verb: &str| format!("/admin/quizzes/{}{verb}", quiz.id);
    let remove = |quiz: &Quiz, seat: &str| path(quiz, &format!("/participants/{seat}"));
    stage
        .expect(&[
            (Method::POST, path(&stage.empty, "/init"), Some(&host), json!({}), 409, "NO_QUESTIONS"),
            (Method::POST, path(&stage.started, "/init"), Some(&host), json!({}), 409, "QUIZ_ACTIVE"),
            (Method::POST, path(&stage.pending, "/end"), Some(&host), json!({}), 409, "QUIZ_NOT_STARTED"),
            (Method::DELETE, path(&stage.started, ""), Some(&host), Value::Null, 409, "QUIZ_ACTIVE"),
            (
                Method::DELETE,
                remove(&stage.started, "p_000000000000"),
                Some(&host),
                Value::Null,
                404,
                "PARTICIPANT_NOT_FOUND",
            ),
            (
                Method::DELETE,
                remove(&stage.pending, &stage.seat.id),
                Some(&host),
                Value::Null,
                404,
                "PARTICIPANT_NOT_FOUND",
            ),
        ])
        .await;
}

#[tokio::test]
async fn joining() {
    let stage = Stage::set().await;
    let path = |quiz: &str| format!("/quizzes/{quiz}/join");
    let pending = path(&stage.pending.id);
    let bodies = [
        (json!({}), 400, "INVALID_ARGUMENT"),
        (json!({ "username": null }), 400, "INVALID_ARGUMENT"),
        (json!({ "username": "" }), 400, "INVALID_ARGUMENT"),
        (json!({ "username": " \u{a0} " }), 400, "INVALID_ARGUMENT"),
        (json!({ "username": "x".repeat(65) }), 400, "INVALID_ARGUMENT"),
        (json!({ "username": "two\nlines" }), 400, "INVALID_ARGUMENT"),
        (json!({ "username": 7 }), 400, "INVALID_ARGUMENT"),
        (json!({ "username": ["x"] }), 400, "INVALID_ARGUMENT"),
        (json!({ "username": "x", "join_id": "x".repeat(65) }), 400, "INVALID_ARGUMENT"),
        (json!({ "username": "x", "join_id": "two words" }), 400, "INVALID_ARGUMENT"),
        (json!({ "username": "alice_dev" }), 409, "USERNAME_TAKEN"),
        (json!({ "username": " ALICE_dev " }), 409, "USERNAME_TAKEN"),
    ];
    let rows: Vec<_> = bodies
        .into_iter()
        .map(|(body, status, code)| (Method::POST, pending.clone(), None, body, status, code))
        .collect();
    stage.expect(&rows).await;

    let carol = json!({ "username": "carol" });
    let strangers = signed(&json!({ "sub": "carol", "exp": u32::MAX }), "somebody else's secret");
    stage
        .expect(&[
            (Method::POST, path("quiz_000000000000"), None, carol.clone(), 404, "QUIZ_NOT_FOUND"),
            (Method::POST, path("nonsense"), None, carol.clone(), 404, "QUIZ_NOT_FOUND"),
            (Method::POST, path(&stage.ended.id), None, carol.clone(), 409, "QUIZ_ENDED"),
            (Method::POST, pending.clone(), Some("nonsense"), carol.clone(), 401, "UNAUTHENTICATED"),
            (Method::POST, pending.clone(), Some(&strangers), carol.clone(), 401, "UNAUTHENTICATED"),
            (Method::POST, pending.clone(), Some(&stage.seat.token), carol, 401, "UNAUTHENTICATED"),
            (Method::GET, "/join/000000".to_owned(), None, Value::Null, 404, "QUIZ_NOT_FOUND"),
            (Method::GET, "/join/nonsense".to_owned(), None, Value::Null, 404, "QUIZ_NOT_FOUND"),
        ])
        .await;
}

#[tokio::test]
async fn answering() {
    let stage = Stage::set().await;
    let path = |quiz: &Quiz| format!("/quizzes/{}/answer", quiz.id);
    let good = |quiz: &Quiz, seat: &Seat| json!({ "participant_id": seat.id, "question_id": quiz.questions[0], "answer_index": RIGHT });
    let with = |field: &str, value: Value| {
        let mut body = good(&stage.started, &stage.seat);
        body[field] = value;
        body
    };
    let without = |field: &str| {
        let mut body = good(&stage.started, &stage.seat);
        body.as_object_mut().unwrap().remove(field);
        body
    };
    let bodies = [
        (json!({}), 400, "INVALID_ARGUMENT"),
        (json!("answer"), 400, "INVALID_ARGUMENT"),
        (without("participant_id"), 400, "MISSING_PARTICIPANT_ID"),
        (with("participant_id", json!("")), 400, "MISSING_PARTICIPANT_ID"),
        (with("participant_id", json!(7)), 400, "INVALID_ARGUMENT"),
        (with("participant_id", json!("nonsense")), 403, "NOT_A_PARTICIPANT"),
        (with("participant_id", json!("p_000000000000")), 403, "NOT_A_PARTICIPANT"),
        (with("participant_id", json!(stage.other_seat.id)), 403, "NOT_A_PARTICIPANT"),
        (without("question_id"), 400, "INVALID_ARGUMENT"),
        (with("question_id", json!(7)), 400, "INVALID_ARGUMENT"),
        (with("question_id", json!("q_000000000000")), 404, "QUESTION_NOT_FOUND"),
        (with("question_id", json!("nonsense")), 404, "QUESTION_NOT_FOUND"),
        (with("question_id", json!(stage.pending.questions[0])), 404, "QUESTION_NOT_FOUND"),
        (without("answer_index"), 400, "INVALID_ARGUMENT"),
        (with("answer_index", json!(4)), 400, "INVALID_ANSWER_INDEX"),
        (with("answer_index", json!(-1)), 400, "INVALID_ANSWER_INDEX"),
        (with("answer_index", json!(1.5)), 400, "INVALID_ARGUMENT"),
        (with("answer_index", json!("1")), 400, "INVALID_ARGUMENT"),
        (with("submission_id", json!("x".repeat(65))), 400, "INVALID_ARGUMENT"),
        (with("submission_id", json!("two words")), 400, "INVALID_ARGUMENT"),
        (with("submission_id", json!(7)), 400, "INVALID_ARGUMENT"),
    ];
    let own = Some(&*stage.seat.token);
    let rows: Vec<_> = bodies
        .into_iter()
        .map(|(body, status, code)| (Method::POST, path(&stage.started), own, body, status, code))
        .collect();
    // More bad answers than one participant may send in a second: each in its time.
    for few in rows.chunks(5) {
        stage.expect(few).await;
    }

    let user = jwt("alice_dev", None);
    let body = || good(&stage.started, &stage.seat);
    let tampered = format!("{}x", stage.seat.token);
    stage
        .expect(&[
            (Method::POST, path(&stage.started), None, body(), 401, "UNAUTHENTICATED"),
            (Method::POST, path(&stage.started), Some("nonsense"), body(), 401, "UNAUTHENTICATED"),
            (Method::POST, path(&stage.started), Some(&user), body(), 401, "UNAUTHENTICATED"),
            (Method::POST, path(&stage.started), Some(&tampered), body(), 401, "UNAUTHENTICATED"),
            (
                Method::POST,
                path(&stage.started),
                Some(&stage.ended_seat.token),
                body(),
                403,
                "NOT_A_PARTICIPANT",
            ),
            (
                Method::POST,
                path(&stage.started),
                Some(&stage.other_seat.token),
                body(),
                403,
                "NOT_A_PARTICIPANT",
            ),
            (Method::POST, path(&stage.pending), own, body(), 403, "NOT_A_PARTICIPANT"),
            (
                Method::POST,
                path(&stage.ended),
                Some(&stage.ended_seat.token),
                good(&stage.ended, &stage.ended_seat),
                409,
                "QUIZ_ENDED",
            ),
        ])
        .await;
}

#[tokio::test]
async fn answering_before_the_start() {
    let stage = Stage::set().await;
    let seat = stage.app.join(&stage.pending, "early").await;
    let refused = stage.app.answer(&stage.pending, &seat, 0, RIGHT).await;
    assert_eq!(refused.refusal(), (409, "QUIZ_NOT_STARTED"));
    let path = format!("/quizzes/{}/questions", stage.pending.id);
    let refused = stage.app.get(&path, Some(&seat.token)).await;
    assert_eq!(refused.refusal(), (409, "QUIZ_NOT_STARTED"));
}

#[tokio::test]
async fn reading_a_board() {
    let stage = Stage::set().await;
    let path = |query: &str| format!("/quizzes/{}/leaderboard?{query}", stage.started.id);
    for query in [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=x",
        "limit=",
        "offset=-1",
        "offset=1000001",
        "offset=x",
        &format!("around={}&offset=3", stage.seat.id),
    ] {
        stage.expect(&[(Method::GET, path(query), None, Value::Null, 400, "INVALID_ARGUMENT")]).await;
    }
    let of = |quiz: &str| format!("/quizzes/{quiz}/leaderboard");
    stage
        .expect(&[
            (Method::GET, of("quiz_000000000000"), None, Value::Null, 404, "QUIZ_NOT_FOUND"),
            (Method::GET, of("QUIZ_000000000000"), None, Value::Null, 404, "QUIZ_NOT_FOUND"),
            (Method::GET, of("quiz_00000000000%00"), None, Value::Null, 404, "QUIZ_NOT_FOUND"),
        ])
        .await;
}

#[tokio::test]
async fn coming_with_the_wrong_credentials() {
    let stage = Stage::set().await;
    let (another, user) = (jwt("mallory", Some("host")), jwt("grace", None));
    let strangers =
        signed(&json!({ "sub": "ada", "role": "host", "exp": u32::MAX }), "somebody else's secret");
    let unsigned = format!("{}.{}.", "eyJhbGciOiJub25lIn0", host().split('.').nth(1).unwrap());
    let seat = &*stage.seat.token;
    let quiz = format!("/admin/quizzes/{}", stage.pending.id);
    for (method, path, body) in [
        (Method::POST, "/admin/quizzes".to_owned(), json!({ "title": "t" })),
        (Method::GET, "/admin/quizzes".to_owned(), Value::Null),
        (Method::GET, quiz.clone(), Value::Null),
        (Method::DELETE, quiz.clone(), Value::Null),
        (Method::GET, format!("{quiz}/status"), Value::Null),
        (Method::GET, format!("{quiz}/questions"), Value::Null),
        (Method::POST, format!("{quiz}/questions"), question(10)),
        (Method::DELETE, format!("{quiz}/questions/{}", stage.pending.questions[0]), Value::Null),
        (Method::DELETE, format!("{quiz}/participants/{}", stage.seat.id), Value::Null),
        (Method::POST, format!("{quiz}/init"), json!({})),
        (Method::POST, format!("{quiz}/end"), json!({})),
    ] {
        let row = |token, status, code| (method.clone(), path.clone(), token, body.clone(), status, code);
        stage
            .expect(&[
                row(None, 401, "UNAUTHENTICATED"),
                row(Some("nonsense"), 401, "UNAUTHENTICATED"),
                row(Some(seat), 401, "UNAUTHENTICATED"),
                row(Some(&*strangers), 401, "UNAUTHENTICATED"),
                row(Some(&*unsigned), 401, "UNAUTHENTICATED"),
                row(Some(&*user), 403, "FORBIDDEN"),
            ])
            .await;
        if path != "/admin/quizzes" {
            stage.expect(&[row(Some(&*another), 404, "QUIZ_NOT_FOUND")]).await;
        }
    }
}

#[tokio::test]
async fn a_token_that_was_good_once_is_told_apart() {
    let stage = Stage::set().await;
    let expired = signed(&json!({ "sub": "ada", "role": "host", "exp": 1_700_000_000 }), JWT_SECRET);
    let path = || "/admin/quizzes".to_owned();
    stage.expect(&[(Method::GET, path(), Some(&expired), Value::Null, 401, "TOKEN_EXPIRED")]).await;
}

#[tokio::test]
async fn bodies_that_are_no_json() {
    let stage = Stage::set().await;
    let join = format!("/quizzes/{}/join", stage.pending.id);
    let large = format!(r#"{{"username":"{}"}}"#, "x".repeat(65 * 1024));
    for (body, status, code) in [
        (&b""[..], 400, "INVALID_ARGUMENT"),
        (b"{", 400, "INVALID_ARGUMENT"),
        (b"username=x", 400, "INVALID_ARGUMENT"),
        (b"{\"username\":\"\xff\xfe\"}", 400, "INVALID_ARGUMENT"),
        (b"{\"username\":\"x\"} trailing", 400, "INVALID_ARGUMENT"),
        (large.as_bytes(), 413, "PAYLOAD_TOO_LARGE"),
    ] {
        let reply = stage.app.send(Method::POST, &join, None, Some(body.to_vec())).await;
        assert_eq!(reply.refusal(), (status, code), "{:.80}", String::from_utf8_lossy(body));
    }
    let info = stage.app.get(&format!("/quizzes/{}/info", stage.pending.id), None).await.ok();
    assert_eq!(info["total_participants"], 1, "nobody was let in");
}

#[tokio::test]
async fn routes_that_do_not_exist() {
    let stage = Stage::set().await;
    stage
        .expect(&[
            (Method::GET, "/quizzes/a/b/c/d".to_owned(), None, Value::Null, 404, "NOT_FOUND"),
            (Method::DELETE, "/healthz".to_owned(), None, Value::Null, 405, "METHOD_NOT_ALLOWED"),
            (Method::PUT, "/admin/quizzes".to_owned(), None, json!({}), 405, "METHOD_NOT_ALLOWED"),
        ])
        .await;
}
