//! Who may open a socket, and with which words the others are refused.

use std::sync::Arc;

use futures_util::future::join_all;
use reqwest::Method;
use tokio::sync::Notify;

use crate::{
    app::TestApp,
    scoring::{ALICE, Asked, BOB, Fault, QUIZ},
};

#[tokio::test]
async fn a_socket_is_refused_for_the_first_reason_in_the_order_of_the_contract() {
    let app = TestApp::start().await;
    for (path, origin, status, code, sentence) in [
        (
            "/quizzes/nonsense/ws".to_owned(),
            "http://evil.example",
            403,
            "FORBIDDEN",
            "this origin may not connect",
        ),
        (
            "/quizzes/nonsense/ws".to_owned(),
            "",
            400,
            "MISSING_PARTICIPANT_ID",
            "missing participant_id parameter",
        ),
        (
            format!("/quizzes/{QUIZ}/ws?participant_id="),
            "",
            400,
            "MISSING_PARTICIPANT_ID",
            "missing participant_id parameter",
        ),
        ("/quizzes/nonsense/ws?participant_id=x".to_owned(), "", 404, "QUIZ_NOT_FOUND", "quiz not found"),
        (
            "/quizzes/quiz_zzzzzzzzzzzz/ws?participant_id=x".to_owned(),
            "",
            404,
            "QUIZ_NOT_FOUND",
            "quiz not found",
        ),
        (
            format!("/quizzes/{QUIZ}/ws?participant_id=x"),
            "",
            403,
            "NOT_A_PARTICIPANT",
            "participant not in quiz",
        ),
        (
            format!("/quizzes/{QUIZ}/ws?participant_id=p_zzzzzzzzzzzz"),
            "",
            403,
            "NOT_A_PARTICIPANT",
            "participant not in quiz",
        ),
        (
            format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}&limit=0"),
            "",
            400,
            "INVALID_ARGUMENT",
            "limit: expected a number from 1 to 1000",
        ),
        (
            format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}&limit=ten"),
            "",
            400,
            "INVALID_ARGUMENT",
            "limit: invalid digit found in string",
        ),
    ] {
        let headers = if origin.is_empty() { vec![] } else { vec![("origin", origin)] };
        let refused = app.connect_with(&path, &headers).await.err().expect(&path);
        assert_eq!(refused.code(), (status, code), "{path}");
        assert_eq!(refused.body["error"], sentence, "{path}");
    }
}

#[tokio::test]
async fn a_plain_request_is_told_to_upgrade_after_all_other_checks() {
    let app = TestApp::start().await;
    let missing = app.get(&format!("/quizzes/{QUIZ}/ws")).await;
    assert_eq!(missing.code(), (400, "MISSING_PARTICIPANT_ID"));
    let plain = app.get(&format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}")).await;
    assert_eq!(plain.code(), (426, "UPGRADE_REQUIRED"));
    assert_eq!(plain.headers["upgrade"], "websocket");
}

#[tokio::test]
async fn the_pages_own_origin_may_connect() {
    let app = TestApp::start().await;
    let origin = format!("http://{}", app.address);
    let path = format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}");
    app.connect_with(&path, &[("origin", &origin)]).await.unwrap().frame().await;
}

#[tokio::test]
async fn a_full_gateway_refuses_sockets_until_one_leaves() {
    let app = TestApp::start_with(&["--max-sockets=1"]).await;
    let path = format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}");
    let first = app.connect(&path).await.unwrap();
    let refused = app.connect(&path).await.err().unwrap();
    assert_eq!(refused.code(), (503, "UNAVAILABLE"));
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    drop(first);
    while app.connect(&path).await.is_err() {}
}

#[tokio::test]
async fn of_many_who_come_at_once_as_many_get_in_as_there_is_room_for() {
    const ROOM: usize = 50;
    let app = TestApp::start_with(&[&format!("--max-sockets={ROOM}")]).await;
    let path = format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}");
    let (open, refused): (Vec<_>, Vec<_>) =
        join_all((0..4 * ROOM).map(|_| app.connect(&path))).await.into_iter().partition(Result::is_ok);
    assert_eq!(open.len(), ROOM);
    for refused in refused {
        assert_eq!(refused.err().unwrap().code(), (503, "UNAVAILABLE"));
    }
}

#[tokio::test]
async fn an_address_may_not_come_too_often() {
    let app = TestApp::start_with(&["--entry-rate=1", "--entry-burst=2"]).await;
    let path = format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}");
    let _first = app.connect(&path).await.unwrap();
    let _second = app.connect(&path).await.unwrap();
    let refused = app.connect(&path).await.err().unwrap();
    assert_eq!(refused.code(), (429, "RATE_LIMITED"));
    assert_eq!(refused.headers["retry-after"], "1");
    let join = app.post(&format!("/quizzes/{QUIZ}/join"), None, &serde_json::json!({"username": "a"})).await;
    assert_eq!(join.code(), (429, "RATE_LIMITED"), "sockets and joins are counted together");
}

#[tokio::test]
async fn without_scoring_a_socket_is_refused_as_unavailable() {
    let mut app = TestApp::start().await;
    app.scoring.stop().await;
    let path = format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}");
    let refused = app.connect(&path).await.err().unwrap();
    assert_eq!(refused.code(), (503, "UNAVAILABLE"));
    assert_eq!(app.get("/readyz").await.status, 200, "an outage does not empty the balancers");
}

#[tokio::test]
async fn a_silent_scoring_service_is_given_up_after_the_deadline() {
    let app = TestApp::start().await;
    app.scoring.fail("get_standings", Fault::Silence);
    let path = format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}");
    let refused = app.connect(&path).await.err().unwrap();
    assert_eq!(refused.code(), (504, "DEADLINE_EXCEEDED"));
    let other = app.send(Method::GET, "/healthz", None, None).await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn those_who_come_while_a_call_is_under_way_are_asked_for_together() {
    const OTHERS: usize = 30;
    let places = format!("--max-sockets={}", 1 + OTHERS);
    let app = Arc::new(TestApp::start_with(&[&places]).await);
    let over = Arc::new(Notify::new());
    app.scoring.fail("get_standings", Fault::Pause(Arc::clone(&over)));
    let calls = || {
        app.scoring.asked(|asked| match asked {
            Asked::Standings(request) => Some(request.participant_ids.len()),
            _ => None,
        })
    };
    let come = |participant: &str| {
        let path = format!("/quizzes/{QUIZ}/ws?participant_id={participant}");
        let app = Arc::clone(&app);
        tokio::spawn(async move { app.connect(&path).await })
    };
    let first = come(ALICE);
    while calls().is_empty() {
        tokio::task::yield_now().await;
    }
    let others: Vec<_> = (0..OTHERS).map(|number| come([ALICE, BOB, "p_zzzzzzzzzzzz"][number % 3])).collect();
    // All are in once there is no place left.
    let nobody = format!("/quizzes/{QUIZ}/ws");
    while app.connect(&nobody).await.err().unwrap().status != 503 {}
    over.notify_one();
    assert!(first.await.unwrap().is_ok());
    for (number, other) in others.into_iter().enumerate() {
        match other.await.unwrap() {
            Ok(mut browser) => assert_eq!(browser.frame().await["version"], 1),
            Err(refused) => {
                assert_eq!((number % 3, refused.code()), (2, (403, "NOT_A_PARTICIPANT")));
            }
        }
    }
    assert_eq!(calls(), [1, OTHERS]);
}
