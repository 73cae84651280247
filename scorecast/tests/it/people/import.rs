//! `scorecast import`: finished attempts from a file, as somebody does it at a prompt.

use std::process::Output;

use proto::v1::Session;
use tokio::process::Command;

use super::HOST;
use crate::support::{
    TestApp,
    process::{outcome, scorecast},
};

on_both_pairs! {
    a_file_of_each_kind_is_imported_and_the_same_again_changes_nothing,
    each_bad_row_is_named_by_its_line_and_nothing_is_kept,
}

const CSV: &str = "\
user_id,username,score,duration_seconds,started_at,ended_at,remark
ada@example.org,Ada,90,312.5,2025-02-02T10:00:00Z,2025-02-02T10:05:12.5Z,first
bob@example.org,\"Bob, \"\"B.\"\"\",70,280,,,
";
const ARRAY: &str = r#"[
    {"user_id": "ada@example.org", "username": "Ada", "score": 90, "duration_seconds": 312.5,
     "started_at": "2025-02-02T10:00:00Z", "ended_at": "2025-02-02T10:05:12.5Z"},
    {"user_id": "bob@example.org", "username": "Bob, \"B.\"", "score": 70, "duration_seconds": 280}
]"#;
const LINES: &str = r#"
{"user_id":"ada@example.org","username":"Ada","score":90,"duration_seconds":312.5,"started_at":"2025-02-02T10:00:00Z","ended_at":"2025-02-02T10:05:12.5Z"}

{"user_id":"bob@example.org","username":"Bob, \"B.\"","score":70,"duration_seconds":280,"started_at":null}
"#;
const OBJECT: &str = r#"{
    "user_id": "ada@example.org", "username": "Ada", "score": 90, "duration_seconds": 312.5,
    "started_at": "2025-02-02T10:00:00Z", "ended_at": "2025-02-02T10:05:12.5Z"
}"#;

/// The command on a file of this content.
fn import(url: &str, quiz: &str, content: &str, more: &[&str]) -> (tempfile::TempDir, Command) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions");
    std::fs::write(&file, content).unwrap();
    let mut command = scorecast(&["import", file.to_str().unwrap(), "--quiz", quiz]);
    command.env("SCORING_URL", url).args(more);
    (folder, command)
}

async fn imported(url: &str, quiz: &str, content: &str, more: &[&str]) -> Output {
    let (_folder, mut command) = import(url, quiz, content, more);
    outcome(&mut command).await
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

async fn a_file_of_each_kind_is_imported_and_the_same_again_changes_nothing(app: TestApp) {
    let url = app.grpc_url();
    let facts = |sessions: Vec<Session>| {
        let mut facts: Vec<_> = sessions
            .into_iter()
            .map(|s| (s.username, s.score, s.duration, s.started_at, s.ended_at, s.user_id))
            .collect();
        facts.sort_by(|a, b| a.0.cmp(&b.0));
        facts
    };
    let mut first = None;
    for (content, rows) in [(CSV, 2), (ARRAY, 2), (LINES, 2), (OBJECT, 1)] {
        let quiz = app.quiz_of("").await;
        for expected in [
            format!("{rows} inserted, 0 unchanged, 0 with errors; {rows} rows in "),
            format!("0 inserted, {rows} unchanged, 0 with errors; {rows} rows in "),
        ] {
            let (code, out, err) = said(&imported(&url, &quiz, content, &[]).await);
            assert_eq!((code, &*err), (Some(0), ""), "{content}");
            assert!(out.starts_with(&expected) && out.ends_with(" a second\n"), "{out}");
        }
        let stored = facts(app.sessions_of(&quiz).await);
        let first = first.get_or_insert_with(|| stored.clone());
        assert_eq!(stored, first[..rows], "{content}");
    }
    let first = first.unwrap();
    assert_eq!((&*first[0].0, &*first[1].0), ("Ada", "Bob, \"B.\""));
    let (took, ended) = (first[0].2.as_ref().unwrap(), first[0].4.as_ref().unwrap());
    assert_eq!((took.seconds, took.nanos, ended.seconds), (312, 500_000_000, 1_738_490_712));
}

async fn each_bad_row_is_named_by_its_line_and_nothing_is_kept(app: TestApp) {
    let url = app.grpc_url();
    let csv = "user_id,username,score,duration_seconds,ended_at\n\
               ada,Ada,90,312,\n\
               bob,\"Bob\nB.\",70,280,\n\
               cy,Cy,many,280,\n\
               dee,Dee,70,280,yesterday\n\
               ada,Ada,91,312,\n";
    let lines = "{\"user_id\":\"ada\",\"username\":\"Ada\",\"score\":90,\"duration_seconds\":312}\n\
                 {\"user_id\":\"bob\",\"score\":\n\
                 {\"user_id\":\"cy\",\"username\":\"Cy\",\"score\":1}\n";
    let array = r#"[{"user_id":"ada","username":"Ada","score":90,"duration_seconds":312}, 7]"#;
    for (content, errors) in [
        (
            csv,
            &[
                "line 3: INVALID_ARGUMENT: username: must be one line",
                "line 5: INVALID_ARGUMENT: score: expected a whole number from 0, not \"many\"",
                "line 6: INVALID_ARGUMENT: ended_at: expected a time such as 2026-02-02T10:15:00Z, not \"yesterday\"",
                "line 7: SESSION_EXISTS: this user has another session of this quiz",
            ][..],
        ),
        (
            lines,
            &[
                "line 2: INVALID_ARGUMENT: is not JSON at column 25",
                "line 3: INVALID_ARGUMENT: duration_seconds: must be a number from 0",
            ],
        ),
        (array, &["item 2: INVALID_ARGUMENT: is no JSON object"]),
    ] {
        let quiz = app.quiz_of("").await;
        let (code, out, err) = said(&imported(&url, &quiz, content, &[]).await);
        let bad = errors.len();
        let all = format!("{}\nerror: rows with errors: {bad}; nothing was kept\n", errors.join("\n"));
        assert_eq!((code, err), (Some(1), all));
        assert!(out.starts_with(&format!("0 inserted, 0 unchanged, {bad} with errors; ")), "{out}");
        assert_eq!(app.sessions_of(&quiz).await, []);

        let (code, out, err) = said(&imported(&url, &quiz, content, &["--partial"]).await);
        let last = format!("error: rows with errors: {bad}; the others were kept");
        assert_eq!((code, err.lines().last()), (Some(1), Some(&*last)));
        assert!(out.starts_with(&format!("1 inserted, 0 unchanged, {bad} with errors; ")), "{out}");
        assert_eq!(app.sessions_of(&quiz).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_imported_is_said_in_one_sentence() {
    let app = TestApp::start().await;
    let (url, quiz) = (app.grpc_url(), app.quiz_of("").await);
    for (url, quiz, content, expected) in [
        (&*url, &*quiz, "[1,", " is not JSON: EOF while parsing a value at line 1 column 3"),
        (&url, &quiz, "", " has no column user_id; it needs user_id, username, score and duration_seconds"),
        (&url, &quiz, "user_id,username,score\n", " has no column duration_seconds; it needs"),
        (&url, "quiz_000000000000", CSV, "error: nothing was imported: quiz not found"),
        ("http://127.0.0.1:1", &quiz, CSV, "error: nothing is listening on http://127.0.0.1:1/; start it"),
    ] {
        let (code, out, err) = said(&imported(url, quiz, content, &[]).await);
        assert_eq!((code, &*out, err.lines().count()), (Some(1), "", 1), "{err}");
        assert!(err.starts_with("error: ") && err.contains(expected), "{err}");
    }
    let nowhere =
        scorecast(&["import", "/nowhere/at all", "--quiz", &quiz]).env("SCORING_URL", &url).output();
    let (code, _, err) = said(&nowhere.await.unwrap());
    assert_eq!(code, Some(1));
    assert!(err.starts_with("error: cannot read /nowhere/at all: No such file"), "{err}");

    for (arguments, named) in [
        (&["import", "sessions.csv"][..], "--quiz <QUIZ_ID>"),
        (&["import", "--quiz", HOST], "<FILE>"),
        (&["import", "a", "--quiz", "b", "--scoring-url", "127.0.0.1:50051"], "--scoring-url"),
    ] {
        let (code, out, err) = said(&outcome(&mut scorecast(arguments)).await);
        assert_eq!((code, &*out, err.lines().count()), (Some(64), "", 1), "{err}");
        assert!(err.contains(named), "{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_a_line_says_how_far_it_is() {
    let app = TestApp::start().await;
    let quiz = app.quiz_of("").await;
    let (_folder, command) = import(&app.grpc_url(), &quiz, CSV, &[]);
    let command = command.as_std();
    let words: Vec<_> = command.get_args().map(|word| word.to_str().unwrap()).collect();
    let line = format!("{} {}", command.get_program().to_str().unwrap(), words.join(" "));
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &line, "/dev/null"]).env("SCORING_URL", app.grpc_url());
    let (code, shown, _) = said(&outcome(&mut terminal).await);
    assert_eq!(code, Some(0), "{shown}");
    let pieces: Vec<_> = shown.split('\r').map(|piece| piece.trim_end_matches("\x1b[K")).collect();
    assert!(
        pieces.iter().any(|piece| piece.starts_with("2 rows in ") && piece.ends_with(", storing them")),
        "{shown:?}"
    );
    assert!(shown.contains("\r\x1b[K2 inserted, 0 unchanged, 0 with errors; "), "{shown:?}");
}

#[tokio::test]
async fn the_help_tells_what_a_file_has() {
    let (code, help, _) = said(&outcome(&mut scorecast(&["import", "--help"])).await);
    assert_eq!(code, Some(0));
    for word in [
        "FILE",
        "--quiz",
        "--partial",
        "SCORING_URL",
        "JWT_ISSUER",
        "user_id",
        "duration_seconds",
        "ended_at",
    ] {
        assert!(help.contains(word), "{word} in\n{help}");
    }
}
