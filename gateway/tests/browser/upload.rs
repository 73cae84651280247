//! Uploads pass through: whatever their size, the gateway holds little of them.

use std::process::Stdio;

use reqwest::{Body, Method, header};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    time::timeout,
};

use crate::{
    app::{JWT_SECRET, PATIENCE, TestApp, jwt},
    program::gateway,
    scoring::{Asked, QUIZ, Scoring},
};

/// A table of about 50 MiB, and a little of it at a time.
fn table(rows: usize) -> Body {
    const AT_ONCE: usize = 1000;
    let name = "x".repeat(50);
    let headings = "user_id,username,score,duration_seconds\n".to_owned();
    let lines = (0..rows / AT_ONCE).map(move |thousand| {
        let line = |n: usize| format!("{thousand}-{n}@school.example,{name}{thousand}-{n},90,312\n");
        (0..AT_ONCE).map(line).collect::<String>()
    });
    let pieces = std::iter::once(headings).chain(lines).map(Ok::<_, std::convert::Infallible>);
    Body::wrap_stream(tokio_stream::iter(pieces))
}

/// The most memory that a process has had, in KiB.
fn peak_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn a_large_upload_takes_little_memory() {
    const ROWS: usize = 500_000;
    let scoring = Scoring::start().await;
    let mut running = gateway(&[
        "--participant-secret=0123456789abcdef0123456789abcdef",
        "--gateway-listen=127.0.0.1:0",
        &format!("--jwt-secret={JWT_SECRET}"),
        &format!("--scoring-url=http://{}", scoring.address),
    ]);
    let mut running = running.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let address = line.strip_prefix("listening on ").and_then(|rest| rest.strip_suffix(" (HTTP)\n"));
    let base = format!("http://{}", address.expect(&line));
    let http = reqwest::Client::new();
    let ready = async { while http.get(format!("{base}/readyz")).send().await.unwrap().status() != 200 {} };
    timeout(PATIENCE, ready).await.expect("it gets ready");

    let id = running.id().expect("it runs");
    let before = peak_kib(id);
    let upload = http
        .post(format!("{base}/quizzes/{QUIZ}/sessions"))
        .bearer_auth(jwt("ada", "host"))
        .header(header::CONTENT_TYPE, "text/csv")
        .body(table(ROWS));
    let reply = timeout(PATIENCE * 10, upload.send()).await.expect("in time").unwrap();
    assert_eq!(reply.status(), 201);
    let rows = scoring.asked(|asked| match asked {
        Asked::Upload { header, rows } => Some((header.acting_as.clone(), *rows)),
        _ => None,
    });
    assert_eq!(rows, [(r#"["","ada"]"#.to_owned(), ROWS)]);
    let grown = peak_kib(id) - before;
    assert!(grown < 8 << 10, "{grown} KiB more");
}

#[tokio::test]
async fn an_upload_that_cannot_be_read_to_its_end_never_looks_complete_to_scoring() {
    let app = TestApp::start().await;
    let (path, host) = (format!("/quizzes/{QUIZ}/sessions"), jwt("ada", "host"));
    let pieces = [Ok("[{\"score\":1},"), Err("the sender is gone")];
    let body = Body::wrap_stream(tokio_stream::iter(pieces));
    let upload = app.request(Method::POST, &path).bearer_auth(&host);
    let upload = upload.header(header::CONTENT_TYPE, "application/json").body(body);
    upload.send().await.unwrap_err();
    assert_eq!(app.post(&path, Some(&host), &json!({"score": 1})).await.status, 201);
    let uploads = app.scoring.asked(|asked| matches!(asked, Asked::Upload { .. }).then_some(()));
    assert_eq!(uploads.len(), 1);
}
