//! People across quizzes, by HTTP: subjects and their boards, how somebody did, results as a file.

use serde_json::{Value, json};

use crate::{
    support::{
        TestApp,
        quiz::{Quiz, RIGHT, WRONG, host, jwt, question, text},
        within,
    },
    uploads::session,
};

on_both_pairs! {
    a_host_makes_subjects_and_names_them_anew,
    a_subjects_board_sums_up_sessions_and_shows_any_part_of_itself,
    what_a_subjects_board_cannot_show_is_refused,
    a_quiz_belongs_to_a_subject_that_there_is,
    a_user_sees_how_it_did_in_every_quiz_and_subject,
    a_participant_sees_how_it_does_and_nobody_else_can,
    results_are_a_file_that_spreadsheets_take_as_text,
    results_of_each_run_stay_and_others_are_refused,
}

impl TestApp {
    async fn put_subject(&self, code: &str) {
        let name = json!({ "name": format!("The {code}") });
        self.put(&format!("/admin/subjects/{code}"), Some(&host()), &name).await.ok();
    }

    /// Reads a subject's board until it has so many users.
    async fn board_of(&self, code: &str, users: usize) -> Value {
        within("the subject's board follows", async {
            loop {
                let board = self.get(&format!("/subjects/{code}/leaderboard"), None).await.ok();
                if board["total_users"] == users {
                    return board;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

fn names(board: &Value) -> Vec<(u64, String)> {
    let rows = board["leaderboard"].as_array().unwrap().iter();
    rows.map(|row| (row["rank"].as_u64().unwrap(), text(&row["username"]))).collect()
}

async fn a_host_makes_subjects_and_names_them_anew(app: TestApp) {
    assert_eq!(app.get("/subjects", None).await.ok(), json!({ "subjects": [] }));
    let put = async |code: &str, token: Option<&str>, body: Value| {
        app.put(&format!("/admin/subjects/{code}"), token, &body).await
    };
    for (code, name, status) in [("MATH-2", "Maths", 201), ("BIO", "Bio", 201), ("BIO", " Biology ", 200)] {
        let reply = put(code, Some(&host()), json!({ "name": name })).await;
        assert_eq!((reply.status, reply.body), (status, json!({ "subject": code, "name": name.trim() })));
    }
    let player = jwt("bob", None);
    let good = json!({ "name": "Art" });
    for (code, token, body, expected) in [
        ("ART", None, good.clone(), (401, "UNAUTHENTICATED")),
        ("ART", Some(&player), good.clone(), (403, "FORBIDDEN")),
        ("art", Some(&host()), good.clone(), (400, "INVALID_ARGUMENT")),
        ("ART%20", Some(&host()), good.clone(), (400, "INVALID_ARGUMENT")),
        ("%FF", Some(&host()), good.clone(), (400, "INVALID_ARGUMENT")),
        ("A2345678901234567", Some(&host()), good, (400, "INVALID_ARGUMENT")),
        ("ART", Some(&host()), json!({ "name": " " }), (400, "INVALID_ARGUMENT")),
        ("ART", Some(&host()), json!({ "name": "x".repeat(201) }), (400, "INVALID_ARGUMENT")),
        ("ART", Some(&host()), json!({}), (400, "INVALID_ARGUMENT")),
    ] {
        let reply = put(code, token.map(String::as_str), body).await;
        assert_eq!(reply.refusal(), expected, "{code}");
    }
    let listed = app.get("/subjects", None).await.ok();
    let subject = |code: &str, name: &str| json!({ "subject": code, "name": name });
    assert_eq!(listed, json!({ "subjects": [subject("BIO", "Biology"), subject("MATH-2", "Maths")] }));
}

async fn a_subjects_board_sums_up_sessions_and_shows_any_part_of_itself(app: TestApp) {
    app.put_subject("BIO").await;
    let empty = app.get("/subjects/BIO/leaderboard", None).await.ok();
    assert_eq!((&empty["leaderboard"], &empty["total_users"]), (&json!([]), &json!(0)));
    let [first, second] = [
        app.quiz_with(&json!({ "subject": "BIO" })).await,
        app.quiz_with(&json!({ "subject": "BIO" })).await,
    ];
    let mut slow = session("ada", 50);
    slow["duration_seconds"] = json!(13.5);
    app.upload_json(&first, &json!([slow, session("bob", 90), session("cy", 20)])).await.ok();
    app.upload_json(&second, &session("ada", 90)).await.ok();
    let board = app.board_of("BIO", 3).await;
    assert_eq!((&board["subject"], &board["subject_name"]), (&json!("BIO"), &json!("The BIO")));
    assert!(board["timestamp"].is_string() && board["version"].is_u64() && board["epoch"].is_u64());
    let ada = &board["leaderboard"][0];
    let expected = json!({
        "user_id": ada["user_id"], "username": "ada", "total_score": 140, "quiz_count": 2,
        "average_score": 70.0, "total_duration_seconds": 325.5, "average_duration_seconds": 163, "rank": 1,
    });
    assert_eq!(ada, &expected);
    let ada = text(&ada["user_id"]);
    assert!(ada.starts_with("u_") && !board.to_string().contains("\"ada@"));

    let path = "/subjects/BIO/leaderboard?limit=1";
    let page = app.get(&format!("{path}&offset=2"), None).await.ok();
    assert_eq!((names(&page), &page["total_users"]), (vec![(3, "cy".to_owned())], &json!(3)));
    let mine = app.get(&format!("{path}&around=me"), Some(&jwt("bob", None))).await.ok();
    assert_eq!(names(&mine), [(2, "bob".to_owned())]);
    let around = app.get(&format!("{path}&around={ada}"), None).await.ok();
    assert_eq!(names(&around), [(1, "ada".to_owned())]);
}

async fn what_a_subjects_board_cannot_show_is_refused(app: TestApp) {
    app.put_subject("BIO").await;
    let (bob, expired) = (
        jwt("bob", None),
        crate::support::quiz::signed(&json!({ "sub": "bob", "exp": 1 }), crate::support::JWT_SECRET),
    );
    for (path, token, expected) in [
        ("ART/leaderboard", None, (404, "SUBJECT_NOT_FOUND")),
        ("bio/leaderboard", None, (404, "SUBJECT_NOT_FOUND")),
        ("%FF/leaderboard", None, (404, "SUBJECT_NOT_FOUND")),
        ("BIO/leaderboard?limit=0", None, (400, "INVALID_ARGUMENT")),
        ("BIO/leaderboard?limit=1001", None, (400, "INVALID_ARGUMENT")),
        ("BIO/leaderboard?limit=x", None, (400, "INVALID_ARGUMENT")),
        ("BIO/leaderboard?offset=1000001", None, (400, "INVALID_ARGUMENT")),
        ("BIO/leaderboard?around=me", None, (401, "UNAUTHENTICATED")),
        ("BIO/leaderboard?around=me", Some("pt_nonsense"), (401, "UNAUTHENTICATED")),
        ("BIO/leaderboard?around=me", Some(&*expired), (401, "TOKEN_EXPIRED")),
        ("BIO/leaderboard?around=me", Some(&*bob), (404, "PARTICIPANT_NOT_FOUND")),
        ("BIO/leaderboard?around=me&offset=1", Some(&*bob), (404, "PARTICIPANT_NOT_FOUND")),
        ("BIO/leaderboard?around=u_000000000000", None, (404, "PARTICIPANT_NOT_FOUND")),
        ("BIO/leaderboard?around=bob", None, (400, "INVALID_ARGUMENT")),
        ("BIO/leaderboard?around=u_000000000000&offset=1", None, (400, "INVALID_ARGUMENT")),
    ] {
        let reply = app.get(&format!("/subjects/{path}"), token).await;
        assert_eq!(reply.refusal(), expected, "{path}");
    }
}

async fn a_quiz_belongs_to_a_subject_that_there_is(app: TestApp) {
    for subject in ["BIO", "biology"] {
        let quiz = json!({ "title": "Cells", "subject": subject });
        let reply = app.post("/admin/quizzes", Some(&host()), &quiz).await;
        assert_eq!(reply.refusal(), (404, "SUBJECT_NOT_FOUND"));
    }
    app.put_subject("BIO").await;
    let quiz = app.quiz_with(&json!({ "subject": "BIO" })).await;
    assert_eq!(app.get(&format!("/quizzes/{quiz}/info"), None).await.ok()["subject"], "BIO");
}

async fn a_user_sees_how_it_did_in_every_quiz_and_subject(app: TestApp) {
    let mine = async |token: Option<&str>| app.get("/users/me/performance", token).await;
    let (ada, seat) = (jwt("ada", None), "pt_nonsense");
    assert_eq!(mine(None).await.refusal(), (401, "UNAUTHENTICATED"));
    assert_eq!(mine(Some(seat)).await.refusal(), (401, "UNAUTHENTICATED"));
    assert_eq!(mine(Some(&ada)).await.ok(), json!({ "quizzes": [], "subjects": [] }));

    app.put_subject("BIO").await;
    let bio = app.quiz_with(&json!({ "subject": "BIO" })).await;
    let free = app.quiz_with(&json!({})).await;
    app.upload_json(&bio, &json!([session("ada", 90), session("bob", 100)])).await.ok();
    app.upload_json(&free, &session("ada", 7)).await.ok();
    let told = mine(Some(&ada)).await.ok();
    let (first, second) = (&told["quizzes"][0], &told["quizzes"][1]);
    let expected = json!({
        "quiz_id": bio, "participant_id": second["participant_id"], "username": "ada", "score": 90, "rank": 2,
        "total_participants": 2, "percentile": 50.0, "answered": 0, "correct": 0, "duration_seconds": 312,
        "title": "Cells", "subject": "BIO",
    });
    assert_eq!(second, &expected);
    assert_eq!((&first["quiz_id"], &first["subject"]), (&json!(free), &Value::Null));
    let subject = json!([{
        "subject": "BIO", "subject_name": "The BIO", "rank": 2, "total_users": 2, "percentile": 50.0,
        "quiz_count": 1, "best_score": 90, "average_score": 90.0, "total_score": 90,
        "total_duration_seconds": 312, "average_duration_seconds": 312,
    }]);
    assert_eq!(told["subjects"], subject);
}

async fn a_participant_sees_how_it_does_and_nobody_else_can(app: TestApp) {
    let quiz = app.started_quiz(&[10, 20]).await;
    let path = format!("/quizzes/{}/performance", quiz.id);
    let (alice, bob) = (app.join(&quiz, "alice").await, app.join(&quiz, "bob").await);
    let eve = jwt("eve", None);
    app.post(&format!("/quizzes/{}/join", quiz.id), Some(&eve), &json!({})).await.ok();
    app.answered(&quiz, &alice, 1, RIGHT).await;
    app.answered(&quiz, &alice, 0, WRONG).await;
    let version = app.answered(&quiz, &bob, 0, RIGHT).await;
    app.board_at(&quiz, version).await;
    let told = app.get(&path, Some(&alice.token)).await.ok();
    let expected = json!({
        "quiz_id": quiz.id, "participant_id": alice.id, "username": "alice", "score": 20, "rank": 1,
        "total_participants": 3, "percentile": 100.0, "answered": 2, "correct": 1,
        "duration_seconds": told["duration_seconds"], "title": "Rivers", "subject": null,
    });
    assert_eq!(told, expected);
    assert!(told["duration_seconds"].as_f64().unwrap() < 60.0);
    let eves = app.get(&path, Some(&eve)).await.ok();
    assert_eq!(
        (&eves["rank"], &eves["percentile"], &eves["answered"]),
        (&json!(3), &json!(33.33), &json!(0))
    );

    let other = app.started_quiz(&[10]).await;
    let elsewhere = app.join(&other, "alice").await;
    let nobody = jwt("nobody", None);
    for (token, expected) in [
        (None, (401, "UNAUTHENTICATED")),
        (Some("pt_nonsense"), (401, "UNAUTHENTICATED")),
        (Some("nonsense"), (401, "UNAUTHENTICATED")),
        (Some(&*elsewhere.token), (403, "NOT_A_PARTICIPANT")),
        (Some(&*nobody), (403, "NOT_A_PARTICIPANT")),
    ] {
        assert_eq!(app.get(&path, token).await.refusal(), expected, "{token:?}");
    }
    for quiz in ["quiz_000000000000", "nonsense"] {
        let reply = app.get(&format!("/quizzes/{quiz}/performance"), Some(&nobody)).await;
        assert_eq!(reply.refusal(), (404, "QUIZ_NOT_FOUND"));
    }
}

async fn results_are_a_file_that_spreadsheets_take_as_text(app: TestApp) {
    let quiz = app.quiz_with(&json!({})).await;
    let path = format!("/admin/quizzes/{quiz}/results.csv");
    let headings = "rank,username,score,time_seconds,answered,correct,user_id\r\n";
    assert_eq!(app.download(&path, Some(&host())).await.text().await.unwrap(), headings);
    let row = |sub: &str, username: &str, score: u32| json!({ "user_id": sub, "username": username, "score": score, "duration_seconds": 61.25 });
    let rows = json!([
        row("ada@school.example", "=HYPERLINK(\"x\")", 90),
        row("+49 30", "Bob, the \"builder\"", 80),
        row("cy", "Zoë", 80)
    ]);
    app.upload_json(&quiz, &rows).await.ok();
    let response = app.download(&path, Some(&host())).await;
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(header("content-disposition"), format!("attachment; filename=\"{quiz}.csv\""));
    assert_eq!(header("x-content-type-options"), "nosniff");
    let mut lines: Vec<_> =
        response.text().await.unwrap().split_inclusive("\r\n").map(str::to_owned).collect();
    // Two are equal, and stand in the order of identifiers that nobody knows beforehand.
    lines[2..].sort();
    assert_eq!(lines[0], headings);
    assert_eq!(lines[1], "1,\"'=HYPERLINK(\"\"x\"\")\",90,61.250,0,0,ada@school.example\r\n");
    assert_eq!(lines[2], "2,\"Bob, the \"\"builder\"\"\",80,61.250,0,0,'+49 30\r\n");
    assert_eq!(lines[3], "2,Zoë,80,61.250,0,0,cy\r\n");
    assert_eq!(lines.len(), 4);
}

async fn results_of_each_run_stay_and_others_are_refused(app: TestApp) {
    let id = app.quiz_with(&json!({})).await;
    let made = app.post(&format!("/admin/quizzes/{id}/questions"), Some(&host()), &question(10)).await.ok();
    let quiz = Quiz { id, questions: vec![text(&made["question_id"])] };
    let seat = app.join(&quiz, "alice").await;
    for option in [RIGHT, WRONG] {
        app.start_quiz(&quiz).await.ok();
        app.answered(&quiz, &seat, 0, option).await;
        app.end_quiz(&quiz).await.ok();
    }
    let path = format!("/admin/quizzes/{}/results.csv", quiz.id);
    let cells = async |query: &str| {
        let response = app.download(&format!("{path}{query}"), Some(&host())).await;
        let name = response.headers()["content-disposition"].to_str().unwrap().to_owned();
        let csv = response.text().await.unwrap();
        let cells: Vec<_> = csv.lines().nth(1).unwrap().split(',').map(str::to_owned).collect();
        (name.contains("-run-1.csv"), cells[1].clone(), cells[2].clone(), cells[4].clone(), cells[5].clone())
    };
    let expected = |named, score: &str, correct: &str| {
        (named, "alice".to_owned(), score.to_owned(), "1".to_owned(), correct.to_owned())
    };
    assert_eq!(cells("?run=1").await, expected(true, "10", "1"));
    assert_eq!(cells("?run=2").await, expected(false, "0", "0"));
    assert_eq!(cells("").await, expected(false, "0", "0"));

    let (player, other) = (jwt("bob", None), jwt("grace", Some("host")));
    for (query, token, expected) in [
        ("", None, (401, "UNAUTHENTICATED")),
        ("", Some(&seat.token), (401, "UNAUTHENTICATED")),
        ("", Some(&player), (403, "FORBIDDEN")),
        ("", Some(&other), (404, "QUIZ_NOT_FOUND")),
        ("?run=3", Some(&host()), (400, "INVALID_ARGUMENT")),
        ("?run=0", Some(&host()), (400, "INVALID_ARGUMENT")),
        ("?run=x", Some(&host()), (400, "INVALID_ARGUMENT")),
    ] {
        let reply = app.get(&format!("{path}{query}"), token.map(String::as_str)).await;
        assert_eq!(reply.refusal(), expected, "{query}");
    }
    let nowhere = app.get("/admin/quizzes/quiz_000000000000/results.csv", Some(&host())).await;
    assert_eq!(nowhere.refusal(), (404, "QUIZ_NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_redis_loses_of_a_subjects_board_is_healed_unseen() {
    let app = TestApp::start_on_servers().await;
    app.put_subject("BIO").await;
    let quiz = app.quiz_with(&json!({ "subject": "BIO" })).await;
    app.upload_json(&quiz, &json!([session("ada", 50), session("bob", 90)])).await.ok();
    let whole = names(&app.board_of("BIO", 2).await);
    let keys = ["z", "n", "m"].map(|key| format!("sb:{{BIO}}:{key}"));
    let is_there = || keys.iter().all(|key| app.ask_redis(&["EXISTS", key]) == ["1"]);
    within("the board is in Redis", async {
        while !is_there() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let [z, n, m] = keys.each_ref().map(|key| ["DEL", key.as_str()]);
    for loss in [&z[..], &n, &m, &["FLUSHALL"]] {
        app.ask_redis(loss);
        within("the board comes back", async {
            loop {
                let board = app.get("/subjects/BIO/leaderboard", None).await.ok();
                assert_eq!(names(&board), whole, "{loss:?}");
                if is_there() {
                    return;
                }
            }
        })
        .await;
    }
}
