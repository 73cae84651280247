//! The built-in sign-in: what it gives to whom.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    scoring::{Asked, QUIZ},
};

const BUILTIN: &[&str] = &["--sign-in=builtin", "--host-password=battery-staple"];

async fn log_in(app: &TestApp, body: Value) -> String {
    let reply = app.post("/auth/login", None, &body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let expires: jiff::Timestamp = reply.body["expires_at"].as_str().unwrap().parse().unwrap();
    let hours = (expires.as_second() - jiff::Timestamp::now().as_second()) as f64 / 3600.0;
    assert!((11.9..=12.0).contains(&hours), "{hours}");
    reply.body["token"].as_str().unwrap().to_owned()
}

/// As whom scoring was asked to let somebody join last.
fn joined(app: &TestApp) -> proto::v1::User {
    let users = app.scoring.asked(|asked| match asked {
        Asked::Join(request) => request.user.clone(),
        _ => None,
    });
    users.last().unwrap().clone()
}

#[tokio::test]
async fn a_guest_is_a_new_person_each_time_under_the_name_it_chose() {
    let app = TestApp::start_with(&[BUILTIN, &["--jwt-issuer=here", "--jwt-audience=quiz"]].concat()).await;
    let mut subjects = Vec::new();
    for _ in 0..2 {
        let token = log_in(&app, json!({"username": " ada ", "sub": "ada"})).await;
        app.post(&format!("/quizzes/{QUIZ}/join"), Some(&token), &json!({})).await;
        let user = joined(&app);
        assert_eq!((user.issuer.as_str(), user.username.as_str()), ("here", "ada"));
        assert!(user.subject.starts_with("guest:") && user.subject.len() == 38, "{}", user.subject);
        let admin = app.send(Method::GET, "/admin/quizzes", Some(&token), None).await;
        assert_eq!(admin.code(), (403, "FORBIDDEN"));
        subjects.push(user.subject);
    }
    assert_ne!(subjects[0], subjects[1]);
}

#[tokio::test]
async fn a_host_needs_the_password_and_gets_back_to_its_own_quizzes() {
    let app = TestApp::start_with(BUILTIN).await;
    for _ in 0..2 {
        let body = json!({"username": "ada", "role": "host", "password": "battery-staple"});
        let token = log_in(&app, body).await;
        assert_eq!(app.post("/admin/quizzes", Some(&token), &json!({"title": "t"})).await.status, 201);
    }
    let owners = app.scoring.asked(|asked| match asked {
        Asked::Create(request) => Some(request.owner_id.clone()),
        _ => None,
    });
    assert_eq!(owners, [r#"["","ada"]"#; 2]);
}

#[tokio::test]
async fn a_bad_sign_in_is_refused() {
    let app = TestApp::start_with(BUILTIN).await;
    for (body, expected) in [
        (json!({"username": "ada", "role": "host", "password": "battery-stapl"}), (401, "UNAUTHENTICATED")),
        (json!({"username": "ada", "role": "host"}), (401, "UNAUTHENTICATED")),
        (
            json!({"username": "ada", "role": "admin", "password": "battery-staple"}),
            (400, "INVALID_ARGUMENT"),
        ),
        (
            json!({"username": "guest:a", "role": "host", "password": "battery-staple"}),
            (400, "INVALID_ARGUMENT"),
        ),
        (json!({"username": "  "}), (400, "INVALID_ARGUMENT")),
        (json!({"username": "a\u{7}"}), (400, "INVALID_ARGUMENT")),
        (json!({"username": "a".repeat(65)}), (400, "INVALID_ARGUMENT")),
        (json!({}), (400, "INVALID_ARGUMENT")),
    ] {
        assert_eq!(app.post("/auth/login", None, &body).await.code(), expected, "{body}");
    }
}

#[tokio::test]
async fn after_too_many_wrong_passwords_the_right_one_is_not_taken_and_guests_still_come_in() {
    let app = TestApp::start_with(&[BUILTIN, &["--wrong-code-rate=2"]].concat()).await;
    let host = |password: &str| json!({"username": "ada", "role": "host", "password": password});
    for _ in 0..2 {
        assert_eq!(app.post("/auth/login", None, &host("wrong")).await.status, 401);
    }
    let refused = app.post("/auth/login", None, &host("battery-staple")).await;
    assert_eq!(refused.code(), (429, "RATE_LIMITED"));
    assert!(refused.headers.contains_key("retry-after"));
    log_in(&app, json!({"username": "bob"})).await;
}

#[tokio::test]
async fn the_page_is_told_how_one_signs_in() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/auth/config").await.code(), (404, "NOT_FOUND"), "off unless asked for");
    assert_eq!(app.post("/auth/login", None, &json!({"username": "a"})).await.code(), (404, "NOT_FOUND"));

    let app = TestApp::start_with(&["--sign-in=builtin"]).await;
    assert_eq!(app.get("/auth/config").await.body, json!({"kind": "builtin"}));
    let host = json!({"username": "ada", "role": "host", "password": ""});
    assert_eq!(app.post("/auth/login", None, &host).await.code(), (403, "FORBIDDEN"), "no password is set");

    let external = [
        "--sign-in=external",
        "--sign-in-url=https://login.example/start?for=quiz",
        "--sign-in-token-url=https://login.example/token",
    ];
    let app = TestApp::start_with(&external).await;
    assert_eq!(
        app.get("/auth/config").await.body,
        json!({"kind": "external", "sign_in_url": "https://login.example/start?for=quiz",
               "token_url": "https://login.example/token"})
    );
    assert_eq!(app.post("/auth/login", None, &json!({"username": "a"})).await.code(), (404, "NOT_FOUND"));
}
