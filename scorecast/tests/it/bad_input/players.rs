//! What players send: joins, answers, pages.

use reqwest::Method;
use serde_json::{Value, json};

use super::Stage;
use crate::support::quiz::{Quiz, RIGHT, Seat, jwt, signed};

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
    stage.expect(&rows).await;

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
