//! Finished attempts from elsewhere, by HTTP: who may upload them, in which forms, and what a bad one
//! does to the others.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{
    TestApp,
    http::Reply,
    quiz::{host, jwt, text},
    within,
};

on_both_pairs! {
    one_session_an_array_and_a_table_are_taken_and_taken_again_they_are_unchanged,
    a_single_session_is_refused_by_its_own_code,
    one_bad_row_and_nothing_is_kept_unless_the_upload_is_partial,
    each_bad_cell_is_named_by_its_line,
    only_the_first_hundred_errors_are_told,
    a_quiz_takes_sessions_from_its_host_and_where_it_says_so_from_users_for_themselves,
    what_is_neither_json_nor_csv_is_refused,
    what_cannot_be_read_to_its_end_is_refused_as_a_whole,
    an_upload_that_is_too_large_is_refused,
    an_upload_that_breaks_off_leaves_nothing,
}

const JSON: &str = "application/json";
const CSV: &str = "text/csv";

impl TestApp {
    /// A pending quiz of the host, as `extra` says.
    pub(crate) async fn quiz_with(&self, extra: &Value) -> String {
        let mut quiz = json!({ "title": "Cells" });
        quiz.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        text(&self.post("/admin/quizzes", Some(&host()), &quiz).await.ok()["quiz_id"])
    }

    async fn send_sessions(
        &self,
        quiz: &str,
        token: Option<&str>,
        content_type: &str,
        body: String,
    ) -> Reply {
        self.upload(&format!("/quizzes/{quiz}/sessions"), token, content_type, body).await
    }

    /// Uploads as the host.
    pub(crate) async fn upload_json(&self, quiz: &str, sessions: &Value) -> Reply {
        self.send_sessions(quiz, Some(&host()), JSON, sessions.to_string()).await
    }

    async fn upload_csv(&self, quiz: &str, table: &str) -> Reply {
        self.send_sessions(quiz, Some(&host()), CSV, table.to_owned()).await
    }

    /// Who has which score in a quiz, best first.
    async fn scores(&self, quiz: &str) -> Vec<(String, u64)> {
        let path = format!("/admin/quizzes/{quiz}/results.csv");
        let csv = text(&self.get(&path, Some(&host())).await.ok());
        // From the end: a name may have commas.
        let cell = |line: &str, place: usize| line.rsplit(',').nth(place).unwrap().to_owned();
        csv.lines().skip(1).map(|line| (cell(line, 0), cell(line, 4).parse().unwrap())).collect()
    }
}

pub(crate) fn session(sub: &str, score: u64) -> Value {
    json!({ "user_id": sub, "username": sub, "score": score, "duration_seconds": 312 })
}

fn told(inserted: u32, unchanged: u32) -> Value {
    json!({ "inserted": inserted, "unchanged": unchanged, "errors": [], "error_count": 0 })
}

async fn one_session_an_array_and_a_table_are_taken_and_taken_again_they_are_unchanged(app: TestApp) {
    let quiz = app.quiz_with(&json!({})).await;
    let ada = json!({
        "user_id": "ada", "username": "Ada", "score": 90, "duration_seconds": 312.25,
        "started_at": "2026-02-02T10:15:00Z", "ended_at": "2026-02-02T11:20:12.25+01:00",
    });
    let bob = session("bob", 80);
    let table = "username,score,duration_seconds,user_id,started_at,ended_at\r\n\
         Ada,90,312.25,ada,2026-02-02T10:15:00Z,2026-02-02T10:20:12.250Z\r\n\
         \"Cy, the third\",70,1,cy,,\r\n";
    let reply = app.upload_json(&quiz, &ada).await;
    assert_eq!((reply.status, reply.body), (201, told(1, 0)));
    let reply = app.upload_json(&quiz, &json!([ada, bob])).await;
    assert_eq!((reply.status, reply.body), (201, told(1, 1)));
    let reply = app.upload_csv(&quiz, table).await;
    assert_eq!((reply.status, reply.body), (201, told(1, 1)));
    for reply in [
        app.upload_json(&quiz, &ada).await,
        app.upload_json(&quiz, &json!([ada])).await,
        app.upload_csv(&quiz, "score,duration_seconds,user_id,username\n80,312,bob,bob").await,
    ] {
        assert_eq!((reply.status, reply.body), (200, told(0, 1)));
    }
    assert_eq!(app.upload_json(&quiz, &json!([])).await.ok(), told(0, 0));
    let scores = [("ada".to_owned(), 90), ("bob".to_owned(), 80), ("cy".to_owned(), 70)];
    assert_eq!(app.scores(&quiz).await, scores);
}

async fn a_single_session_is_refused_by_its_own_code(app: TestApp) {
    let quiz = app.quiz_with(&json!({})).await;
    app.upload_json(&quiz, &session("ada", 90)).await.ok();
    let mut namesake = session("bob", 1);
    namesake["username"] = json!("ADA");
    for (bad, expected) in [
        (session("ada", 91), (409, "SESSION_EXISTS")),
        (namesake, (409, "USERNAME_TAKEN")),
        (session("", 1), (400, "INVALID_ARGUMENT")),
    ] {
        let reply = app.upload_json(&quiz, &bad).await;
        assert_eq!(reply.refusal(), expected);
        let error = json!({ "line": 1, "code": expected.1, "error": reply.body["error"] });
        assert_eq!(reply.body["errors"], json!([error]));
        // In an array it is one of perhaps many.
        let reply = app.upload_json(&quiz, &json!([bad])).await;
        assert_eq!(reply.refusal(), (400, "INVALID_ARGUMENT"));
        assert_eq!(reply.body["errors"][0]["code"], expected.1);
    }
    assert_eq!(app.scores(&quiz).await, [("ada".to_owned(), 90)]);
}

async fn one_bad_row_and_nothing_is_kept_unless_the_upload_is_partial(app: TestApp) {
    let quiz = app.quiz_with(&json!({})).await;
    let rows = json!([session("ada", 90), session("ada", 80), session("bob", 70), 5]).to_string();
    let reply = app.send_sessions(&quiz, Some(&host()), JSON, rows.clone()).await;
    assert_eq!(reply.refusal(), (400, "INVALID_ARGUMENT"));
    assert_eq!(reply.body["error"], "nothing was kept: 2 lines have errors");
    let lines = |reply: &Reply| {
        let errors = reply.body["errors"].as_array().unwrap().clone();
        errors.iter().map(|error| (error["line"].as_u64().unwrap(), text(&error["code"]))).collect::<Vec<_>>()
    };
    let expected = [(2, "SESSION_EXISTS".to_owned()), (4, "INVALID_ARGUMENT".to_owned())];
    assert_eq!(lines(&reply), expected);
    assert_eq!(app.scores(&quiz).await, []);

    let path = format!("{quiz}/sessions?partial=");
    let upload = async |partial: &str| {
        app.upload(&format!("/quizzes/{path}{partial}"), Some(&host()), JSON, rows.clone()).await
    };
    assert_eq!(upload("maybe").await.refusal(), (400, "INVALID_ARGUMENT"));
    assert_eq!(upload("false").await.refusal(), (400, "INVALID_ARGUMENT"));
    let reply = upload("true").await;
    assert_eq!(
        (reply.status, &reply.body["inserted"], &reply.body["error_count"]),
        (201, &json!(2), &json!(2))
    );
    assert_eq!(lines(&reply), expected);
    assert_eq!(app.scores(&quiz).await, [("ada".to_owned(), 90), ("bob".to_owned(), 70)]);
}

async fn each_bad_cell_is_named_by_its_line(app: TestApp) {
    let quiz = app.quiz_with(&json!({})).await;
    let path = format!("/admin/quizzes/{quiz}/questions");
    app.post(&path, Some(&host()), &crate::support::quiz::question(10)).await.ok();
    let good = session("good", 10);
    let bad = [
        ("score", json!(11), "score: must be at most 10"),
        ("score", json!(-1), "score: invalid value"),
        ("score", json!(1.5), "score: invalid type"),
        ("score", json!(null), "score: must be a whole number from 0"),
        ("duration_seconds", json!(-0.001), "duration_seconds: must be a number from 0"),
        ("duration_seconds", json!(2_147_483.648), "duration_seconds: must be 0 to 2147483.647"),
        ("duration_seconds", json!("1"), "duration_seconds: invalid type"),
        ("duration_seconds", json!(null), "duration_seconds: must be a number from 0"),
        ("user_id", json!(null), "user_id: must be 1 to 255 bytes"),
        ("user_id", json!("x".repeat(256)), "user_id: must be 1 to 255 bytes"),
        ("username", json!(" "), "username: "),
        ("username", json!("x".repeat(65)), "username: "),
        ("started_at", json!("yesterday"), "started_at: expected a time"),
        ("ended_at", json!("2999-01-01T00:00:00Z"), "ended_at: must not be in the future"),
        ("ended_at", json!("2026-02-02T10:14:59Z"), "ended_at: must not be before started_at"),
    ];
    let mut rows = vec![good];
    for (member, value, _) in &bad {
        let mut row = session(&format!("row {}", rows.len()), 10);
        row["started_at"] = json!("2026-02-02T10:15:00Z");
        row[member] = value.clone();
        rows.push(row);
    }
    let reply = app.upload_json(&quiz, &json!(rows)).await;
    assert_eq!(reply.refusal(), (400, "INVALID_ARGUMENT"));
    assert_eq!(reply.body["error_count"], bad.len());
    for ((error, (member, value, sentence)), line) in
        reply.body["errors"].as_array().unwrap().iter().zip(bad).zip(2..)
    {
        assert_eq!(
            (&error["line"], &error["code"]),
            (&json!(line), &json!("INVALID_ARGUMENT")),
            "{member} {value}"
        );
        assert!(text(&error["error"]).starts_with(sentence), "{member} {value}: {error}");
    }
    let edge = json!([{ "user_id": "x".repeat(255), "username": "x".repeat(64), "score": 0, "duration_seconds": 2_147_483.647 }]);
    assert_eq!(app.upload_json(&quiz, &edge).await.ok(), told(1, 0));
}

async fn only_the_first_hundred_errors_are_told(app: TestApp) {
    let quiz = app.quiz_with(&json!({})).await;
    let table = format!("user_id,username,score,duration_seconds\n{}", "ada,ada,x,1\n".repeat(1234));
    let reply = app.upload_csv(&quiz, &table).await;
    assert_eq!(reply.refusal(), (400, "INVALID_ARGUMENT"));
    let errors = reply.body["errors"].as_array().unwrap();
    assert_eq!((errors.len(), &errors[99]["line"]), (100, &json!(101)));
    assert_eq!(reply.body["error_count"], 1234);
}

async fn a_quiz_takes_sessions_from_its_host_and_where_it_says_so_from_users_for_themselves(app: TestApp) {
    let closed = app.quiz_with(&json!({})).await;
    let open = app.quiz_with(&json!({ "self_report": true })).await;
    let (admin, other, player) = (jwt("root", Some("admin")), jwt("grace", Some("host")), jwt("bob", None));
    let seat = app.post(&format!("/quizzes/{open}/join"), None, &json!({ "username": "eve" })).await.ok();
    let seat = text(&seat["participant_token"]);
    let nameless = json!({ "score": 5, "duration_seconds": 1 });
    for (quiz, token, body, expected) in [
        (&closed, None, session("x", 1), (401, "UNAUTHENTICATED")),
        (&open, None, session("x", 1), (401, "UNAUTHENTICATED")),
        (&open, Some(&seat), session("x", 1), (401, "UNAUTHENTICATED")),
        (&closed, Some(&player), session("bob", 1), (403, "FORBIDDEN")),
        (&closed, Some(&other), session("x", 1), (404, "QUIZ_NOT_FOUND")),
        (&"quiz_000000000000".to_owned(), Some(&host()), session("x", 1), (404, "QUIZ_NOT_FOUND")),
        (&"nonsense".to_owned(), Some(&host()), session("x", 1), (404, "QUIZ_NOT_FOUND")),
        (&open, Some(&player), session("ada", 1), (403, "FORBIDDEN")),
        (&open, Some(&other), session("ada", 1), (403, "FORBIDDEN")),
    ] {
        let reply = app.send_sessions(quiz, token.map(String::as_str), JSON, body.to_string()).await;
        assert_eq!(reply.refusal(), expected, "{quiz} {token:?}");
    }
    for (quiz, token, body) in [
        (&open, &player, nameless.clone()),
        (&open, &other, nameless),
        (&open, &admin, session("cy", 4)),
        (&closed, &admin, session("cy", 4)),
        (&closed, &host(), session("ada", 3)),
    ] {
        let reply = app.send_sessions(quiz, Some(token), JSON, body.to_string()).await;
        assert_eq!(reply.ok(), told(1, 0));
    }
    let mut subs: Vec<_> = app.scores(&open).await.into_iter().map(|(sub, _)| sub).collect();
    subs.sort();
    assert_eq!(subs, ["", "bob", "cy", "grace"]);
}

async fn what_is_neither_json_nor_csv_is_refused(app: TestApp) {
    let quiz = app.quiz_with(&json!({})).await;
    for content_type in ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let reply =
            app.send_sessions(&quiz, Some(&host()), content_type, session("ada", 1).to_string()).await;
        assert_eq!(reply.refusal(), (415, "UNSUPPORTED_MEDIA_TYPE"), "{content_type}");
    }
    let reply = app.send_sessions(&quiz, Some(&host()), "Text/CSV; charset=utf-8", String::new()).await;
    assert_eq!(reply.refusal(), (400, "INVALID_ARGUMENT"));
}

async fn what_cannot_be_read_to_its_end_is_refused_as_a_whole(app: TestApp) {
    let quiz = app.quiz_with(&json!({})).await;
    let ada = session("ada", 1).to_string();
    let path = format!("/quizzes/{quiz}/sessions?partial=true");
    for (content_type, body, sentence) in [
        (JSON, String::new(), "the body is empty"),
        (JSON, "ada".to_owned(), "send a JSON object"),
        (JSON, format!("[{ada},"), "the JSON is not complete"),
        (JSON, format!("[{ada},{{]]"), "line 2: "),
        (JSON, format!("{ada}{ada}"), "there is more behind"),
        (JSON, format!("[{ada},\"{}\"]", "x".repeat(5000)), "line 2: longer than 4096 bytes"),
        (CSV, String::new(), "the body is empty"),
        (CSV, "user_id,score\nada,1\n".to_owned(), "line 1: the heading duration_seconds is missing"),
        (CSV, "sub,score,duration_seconds\nada,1,1\n".to_owned(), "line 1: \"sub\" is no heading"),
        (CSV, format!("score,duration_seconds\n1,1\n1,\"{}", "x".repeat(5000)), "line 3: longer than"),
    ] {
        let reply = app.upload(&path, Some(&host()), content_type, body.clone()).await;
        assert_eq!(reply.refusal(), (400, "INVALID_ARGUMENT"), "{body}");
        assert!(text(&reply.body["error"]).starts_with(sentence), "{body}: {}", reply.body);
    }
    assert_eq!(app.scores(&quiz).await, []);
}

async fn an_upload_that_is_too_large_is_refused(app: TestApp) {
    let quiz = app.quiz_with(&json!({})).await;
    let too_many = format!("[{}{{}}]", "{},".repeat(500_000));
    let reply = app.send_sessions(&quiz, Some(&host()), JSON, too_many).await;
    assert_eq!(reply.refusal(), (413, "PAYLOAD_TOO_LARGE"));

    // Said beforehand, it is refused before it comes.
    let mut announced = app.begin_upload(&quiz, "Content-Length: 67108865").await;
    announced.write_all(b"[").await.unwrap();
    assert!(answer(announced).await.starts_with("HTTP/1.1 413 "));

    let mut unannounced = app.begin_upload(&quiz, "Transfer-Encoding: chunked").await;
    let blank = [&b"100000\r\n"[..], &vec![b' '; 1 << 20], b"\r\n"].concat();
    for _ in 0..64 {
        unannounced.write_all(&blank).await.unwrap();
    }
    unannounced.write_all(b"1\r\n \r\n").await.unwrap();
    assert!(answer(unannounced).await.starts_with("HTTP/1.1 413 "));
    assert_eq!(app.scores(&quiz).await, []);
}

async fn an_upload_that_breaks_off_leaves_nothing(app: TestApp) {
    let quiz = app.quiz_with(&json!({})).await;
    let mut upload = app.begin_upload(&quiz, "Content-Length: 100000").await;
    let rows: Vec<_> = (0..600).map(|n| session(&format!("pupil {n}"), 1).to_string()).collect();
    upload.write_all(format!("[{}", rows.join(",")).as_bytes()).await.unwrap();
    drop(upload);
    // Whatever is left of it ends before another of the same quiz is stored.
    let reply = app.upload_json(&quiz, &session("pupil 0", 2)).await;
    assert_eq!(reply.ok(), told(1, 0));
    assert_eq!(app.scores(&quiz).await, [("pupil 0".to_owned(), 2)]);
}

impl TestApp {
    /// Sends the head of an upload of JSON.
    async fn begin_upload(&self, quiz: &str, length: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "POST /quizzes/{quiz}/sessions HTTP/1.1\r\nHost: quiz\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\nContent-Type: application/json\r\n{length}\r\n\r\n",
            host()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }
}

/// The first bytes of an answer.
async fn answer(mut stream: TcpStream) -> String {
    let mut bytes = [0; 64];
    let length = within("an answer comes", stream.read(&mut bytes)).await.unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}
