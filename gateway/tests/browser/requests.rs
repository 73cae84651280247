//! Plain requests: what is passed on to scoring, and what is refused.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::{
    app::{TestApp, jwt, jwt_until},
    scoring::{ALICE, Asked, BOB, Fault, QUESTION, QUIZ, State, refusal},
};

fn answer() -> Value {
    json!({"participant_id": ALICE, "question_id": QUESTION, "answer_index": 2})
}

fn answers(app: &TestApp) -> Vec<proto::v1::SubmitAnswerRequest> {
    app.scoring.asked(|asked| match asked {
        Asked::Answer(request) => Some(request.clone()),
        _ => None,
    })
}

#[tokio::test]
async fn joining_gives_a_token_that_answers_questions() {
    let app = TestApp::start().await;
    let token = app.join().await;
    let verdict = app.post(&format!("/quizzes/{QUIZ}/answer"), Some(&token), &answer()).await;
    assert_eq!(verdict.status, 200);
    assert_eq!(verdict.body, json!({"correct": true, "points_earned": 10, "total_score": 50, "version": 18}));
    let passed_on = &answers(&app)[0];
    assert_eq!((passed_on.quiz_id.as_str(), passed_on.answer_index), (QUIZ, Some(2)));
    assert_eq!(passed_on.submission_id.len(), 32, "the gateway made one");
}

#[tokio::test]
async fn a_user_who_joins_again_gets_the_same_seat_and_not_a_new_one() {
    let app = TestApp::start().await;
    let ada = jwt("ada", "");
    let again = app.post(&format!("/quizzes/{QUIZ}/join"), Some(&ada), &json!({})).await;
    assert_eq!(again.status, 200);
    let users = app.scoring.asked(|asked| match asked {
        Asked::Join(request) => request.user.clone(),
        _ => None,
    });
    assert_eq!((users[0].subject.as_str(), users[0].username.as_str()), ("ada", "ada"));
}

#[tokio::test]
async fn an_answer_that_was_lost_is_sent_again_with_the_same_id() {
    let app = TestApp::start().await;
    let token = app.join().await;
    app.scoring.fail("submit_answer", Fault::Status(Status::unavailable("lost")));
    let mut anonymous = answer();
    anonymous["submission_id"] = "".into();
    let verdict = app.post(&format!("/quizzes/{QUIZ}/answer"), Some(&token), &anonymous).await;
    assert_eq!(verdict.status, 200);
    let tries = answers(&app);
    assert_eq!(tries.len(), 2);
    assert_eq!(tries[0].submission_id.len(), 32, "the gateway made one");
    assert_eq!(tries[0].submission_id, tries[1].submission_id);
}

#[tokio::test]
async fn what_may_not_be_repeated_is_tried_once() {
    let app = TestApp::start().await;
    app.scoring.fail("create_quiz", Fault::Status(Status::unavailable("lost")));
    let refused = app.post("/admin/quizzes", Some(&jwt("ada", "host")), &json!({"title": "t"})).await;
    assert_eq!(refused.code(), (503, "UNAVAILABLE"));
    assert_eq!(refused.headers["retry-after"], "1");
    let made = app.scoring.asked(|asked| matches!(asked, Asked::Create(_)).then_some(()));
    assert_eq!(made.len(), 1);
}

#[tokio::test]
async fn refusals_of_scoring_reach_the_caller_and_its_failures_do_not() {
    let app = TestApp::start().await;
    let token = app.join().await;
    let path = format!("/quizzes/{QUIZ}/answer");
    app.scoring.fail(
        "submit_answer",
        Fault::Status(refusal(Code::AlreadyExists, "ALREADY_ANSWERED", "this question is already answered")),
    );
    let refused = app.post(&path, Some(&token), &answer()).await;
    assert_eq!(refused.status, 409);
    assert_eq!(
        refused.body,
        json!({"error": "this question is already answered", "code": "ALREADY_ANSWERED"})
    );

    app.scoring.fail("submit_answer", Fault::Status(Status::internal("relation \"answers\" is missing")));
    let failed = app.post(&path, Some(&token), &answer()).await;
    assert_eq!(failed.code(), (500, "INTERNAL"));
    assert!(!failed.body.to_string().contains("relation"), "{failed:?}");
}

#[tokio::test]
async fn each_route_takes_its_own_kind_of_credentials() {
    let app = TestApp::start().await;
    let token = app.join().await;
    let (host, player, expired) = (jwt("ada", "host"), jwt("ada", ""), jwt_until("ada", "host", -60));
    let forged = format!("{token}x");
    for (method, path, credentials, expected) in [
        (Method::POST, "/answer", None, (401, "UNAUTHENTICATED")),
        (Method::POST, "/answer", Some(&host), (401, "UNAUTHENTICATED")),
        (Method::POST, "/answer", Some(&forged), (401, "UNAUTHENTICATED")),
        (Method::GET, "/questions", None, (401, "UNAUTHENTICATED")),
        (Method::GET, "/questions", Some(&player), (401, "UNAUTHENTICATED")),
        (Method::GET, "/questions", Some(&token), (200, "")),
        (Method::GET, "/answers", None, (401, "UNAUTHENTICATED")),
        (Method::GET, "/answers", Some(&token), (200, "")),
        (Method::GET, "/answers", Some(&player), (200, "")),
        (Method::GET, "/answers", Some(&expired), (401, "TOKEN_EXPIRED")),
        (Method::POST, "/join", Some(&token), (401, "UNAUTHENTICATED")),
        (Method::POST, "/join", Some(&expired), (401, "TOKEN_EXPIRED")),
    ] {
        let body = (method == Method::POST).then(answer);
        let path = format!("/quizzes/{QUIZ}{path}");
        let reply = app.send(method, &path, credentials.map(String::as_str), body.as_ref()).await;
        assert_eq!(reply.code(), expected, "{path} {credentials:?}");
        assert_eq!(reply.headers.contains_key("www-authenticate"), reply.status == 401);
    }
    for (credentials, expected) in [
        (None, (401, "UNAUTHENTICATED")),
        (Some(&token), (401, "UNAUTHENTICATED")),
        (Some(&player), (403, "FORBIDDEN")),
        (Some(&expired), (401, "TOKEN_EXPIRED")),
        (Some(&host), (200, "")),
    ] {
        let reply = app.send(Method::GET, "/admin/quizzes", credentials.map(String::as_str), None).await;
        assert_eq!(reply.code(), expected, "{credentials:?}");
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_own_seat_only() {
    let app = TestApp::start().await;
    let token = app.join().await;
    let mut as_bob = answer();
    as_bob["participant_id"] = BOB.into();
    let reply = app.post(&format!("/quizzes/{QUIZ}/answer"), Some(&token), &as_bob).await;
    assert_eq!(reply.code(), (403, "NOT_A_PARTICIPANT"));
    let reply = app.post("/quizzes/quiz_zzzzzzzzzzzz/answer", Some(&token), &answer()).await;
    assert_eq!(reply.code(), (403, "NOT_A_PARTICIPANT"));

    app.scoring.show(State::new(2, &[(BOB, 60)]));
    let path = format!("/quizzes/{QUIZ}/questions");
    let removed = app.send(Method::GET, &path, Some(&token), None).await;
    assert_eq!(removed.code(), (403, "NOT_A_PARTICIPANT"), "the seat is removed");
}

#[tokio::test]
async fn participants_do_not_see_the_correct_answers() {
    let app = TestApp::start().await;
    let token = app.join().await;
    let questions = app.send(Method::GET, &format!("/quizzes/{QUIZ}/questions"), Some(&token), None).await;
    assert_eq!(
        questions.body,
        json!({"quiz_id": QUIZ, "questions": [
            {"question_id": QUESTION, "quiz_id": QUIZ, "text": "Which one?", "options": ["this", "that"], "points": 10}
        ]})
    );
}

#[tokio::test]
async fn a_host_acts_as_itself_and_an_admin_as_the_operator() {
    let app = TestApp::start_with(&["--jwt-issuer="]).await;
    for (role, expected) in [("host", r#"["","ada"]"#), ("admin", "")] {
        app.send(Method::GET, &format!("/admin/quizzes/{QUIZ}"), Some(&jwt("ada", role)), None).await;
        let last = app.scoring.asked(|asked| match asked {
            Asked::Show(request) => Some(request.acting_as.clone()),
            _ => None,
        });
        assert_eq!(last.last().map(String::as_str), Some(expected));
    }
    let made = app.post("/admin/quizzes", Some(&jwt("ada", "admin")), &json!({"title": "t"})).await;
    assert_eq!(made.status, 201);
    let owners = app.scoring.asked(|asked| match asked {
        Asked::Create(request) => Some(request.owner_id.clone()),
        _ => None,
    });
    assert_eq!(owners, [r#"["","ada"]"#], "what an admin makes is its own");
}

#[tokio::test]
async fn bad_input_is_refused_with_the_code_of_the_contract() {
    let app = TestApp::start().await;
    let (token, host) = (app.join().await, jwt("ada", "host"));
    let answer_path = format!("/quizzes/{QUIZ}/answer");
    for (change, expected) in [
        (json!({"participant_id": null}), (400, "MISSING_PARTICIPANT_ID")),
        (json!({"participant_id": ""}), (400, "MISSING_PARTICIPANT_ID")),
        (json!({"participant_id": "alice"}), (403, "NOT_A_PARTICIPANT")),
        (json!({"participant_id": 7}), (400, "INVALID_ARGUMENT")),
        (json!({"question_id": null}), (400, "INVALID_ARGUMENT")),
        (json!({"answer_index": null}), (400, "INVALID_ARGUMENT")),
        (json!({"answer_index": "2"}), (400, "INVALID_ARGUMENT")),
        (json!({"answer_index": 1.5}), (400, "INVALID_ARGUMENT")),
        (json!({"answer_index": -1}), (400, "INVALID_ANSWER_INDEX")),
        (json!({"answer_index": 5_000_000_000_u64}), (400, "INVALID_ANSWER_INDEX")),
        (json!({"more": [1, {"a": null}]}), (200, "")),
    ] {
        let mut body = answer();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let reply = app.post(&answer_path, Some(&token), &body).await;
        assert_eq!(reply.code(), expected, "{body}");
    }
    for (body, content_type, expected) in [
        ("", "application/json", (400, "INVALID_ARGUMENT")),
        ("{", "application/json", (400, "INVALID_ARGUMENT")),
        ("[]", "application/json", (400, "INVALID_ARGUMENT")),
        ("{}", "text/plain", (415, "UNSUPPORTED_MEDIA_TYPE")),
        ("{}", "", (415, "UNSUPPORTED_MEDIA_TYPE")),
    ] {
        let mut request = app.request(Method::POST, "/admin/quizzes").bearer_auth(&host).body(body);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        assert_eq!(app.answer(request).await.code(), expected, "{body} {content_type}");
    }
    for (path, expected) in [
        ("/quizzes/nonsense/info".to_owned(), (404, "QUIZ_NOT_FOUND")),
        ("/quizzes/%ff/info".to_owned(), (404, "QUIZ_NOT_FOUND")),
        ("/quizzes/quiz_zzzzzzzzzzzz/info".to_owned(), (404, "QUIZ_NOT_FOUND")),
        (format!("/quizzes/{QUIZ}/leaderboard?limit=ten"), (400, "INVALID_ARGUMENT")),
        (format!("/quizzes/{QUIZ}/leaderboard?limit="), (400, "INVALID_ARGUMENT")),
        (format!("/quizzes/{QUIZ}/leaderboard?offset=-1"), (400, "INVALID_ARGUMENT")),
        (format!("/quizzes/{QUIZ}/leaderboard?around=alice"), (403, "NOT_A_PARTICIPANT")),
        ("/quizzes?status=over".to_owned(), (400, "INVALID_ARGUMENT")),
        ("/nowhere".to_owned(), (404, "NOT_FOUND")),
        (format!("/quizzes/{QUIZ}/answer"), (405, "METHOD_NOT_ALLOWED")),
        ("/join/000000".to_owned(), (404, "QUIZ_NOT_FOUND")),
    ] {
        assert_eq!(app.get(&path).await.code(), expected, "{path}");
    }
}

#[tokio::test]
async fn a_body_over_64_kib_is_too_large() {
    let app = TestApp::start().await;
    let host = jwt("ada", "host");
    let body = |bytes: usize| json!({"title": "t".repeat(bytes - r#"{"title":""}"#.len())});
    let fits = app.post("/admin/quizzes", Some(&host), &body(64 << 10)).await;
    assert_eq!(fits.status, 201);
    let reply = app.post("/admin/quizzes", Some(&host), &body((64 << 10) + 1)).await;
    assert_eq!(reply.code(), (413, "PAYLOAD_TOO_LARGE"));
}

#[tokio::test]
async fn a_participant_may_not_answer_too_often() {
    let app = TestApp::start_with(&["--answer-rate=2"]).await;
    let token = app.join().await;
    let path = format!("/quizzes/{QUIZ}/answer");
    let mut codes = Vec::new();
    for _ in 0..5 {
        codes.push(app.post(&path, Some(&token), &answer()).await.status);
    }
    assert_eq!(codes[..2], [200, 200]);
    assert!(codes.contains(&429), "{codes:?}");
}

#[tokio::test]
async fn after_too_many_wrong_codes_the_right_one_is_not_told_either() {
    let app = TestApp::start_with(&["--wrong-code-rate=2"]).await;
    assert_eq!(app.get("/join/402913").await.body["quiz_id"], QUIZ);
    for _ in 0..2 {
        assert_eq!(app.get("/join/000000").await.status, 404);
    }
    let refused = app.get("/join/402913").await;
    assert_eq!(refused.code(), (429, "RATE_LIMITED"));
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
}

#[tokio::test]
async fn guesses_at_the_same_moment_are_no_more_than_one_after_the_other() {
    let app = TestApp::start_with(&["--wrong-code-rate=2"]).await;
    let at_once = async |path: &str| {
        let replies = join_all((0..40).map(|_| app.get(path))).await;
        replies.into_iter().map(|reply| reply.status).collect::<Vec<_>>()
    };
    assert_eq!(at_once("/join/402913").await, [200; 40], "a class behind one address comes in");
    let wrong = at_once("/join/000000").await;
    let told = wrong.iter().filter(|status| **status == 404).count();
    assert_eq!((told, wrong.iter().all(|status| [404, 429].contains(status))), (2, true), "{wrong:?}");
    let asked = app.scoring.asked(|asked| matches!(asked, Asked::Other("get_quiz_by_code")).then_some(()));
    assert_eq!(asked.len(), 40 + 2);
}

#[tokio::test]
async fn the_ranking_is_the_frame_without_a_reader() {
    let app = TestApp::start().await;
    let board = app.get(&format!("/quizzes/{QUIZ}/leaderboard?limit=1")).await;
    assert_eq!(board.headers["content-type"], "application/json");
    assert_eq!(
        board.body,
        json!({"quiz_id": QUIZ, "leaderboard": [
            {"participant_id": ALICE, "username": format!("name of {ALICE}"), "score": 50, "rank": 1}
        ], "total_participants": 2, "timestamp": "2026-02-02T10:15:00.123Z", "version": 1, "epoch": 1_790_000_000, "status": "started"})
    );
}

#[tokio::test]
async fn only_pages_of_allowed_origins_may_read_replies() {
    let app = TestApp::start_with(&["--allowed-origins=https://quiz.example"]).await;
    let asked = |origin: &'static str| app.request(Method::GET, "/quizzes").header("origin", origin);
    let allowed = app.answer(asked("https://quiz.example")).await;
    assert_eq!(allowed.headers["access-control-allow-origin"], "https://quiz.example");
    assert!(!allowed.headers.contains_key("access-control-allow-credentials"));
    let other = app.answer(asked("https://evil.example")).await;
    assert!(!other.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn every_reply_names_its_request() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/quizzes").await.headers["x-request-id"].len(), 16);
    let named = app.request(Method::GET, "/nowhere").header("x-request-id", "mine");
    assert_eq!(app.answer(named).await.headers["x-request-id"], "mine");
}
