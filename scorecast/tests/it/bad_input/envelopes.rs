//! What is around a request: credentials, bodies, routes.

use reqwest::Method;
use serde_json::{Value, json};

use super::Stage;
use crate::support::{
    JWT_SECRET,
    quiz::{host, jwt, question, signed},
};

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
