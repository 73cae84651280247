//! What a host sends: quizzes, questions, runs.

use reqwest::Method;
use serde_json::{Value, json};

use super::Stage;
use crate::support::quiz::{Quiz, host, question};

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
