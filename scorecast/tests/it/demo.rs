//! The sample quiz, played by the program on a running one.

use crate::support::process::{Program, outcome, scorecast};

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_quiz_is_played_shown_and_left_ended() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(data.path(), &[]).await;
    let url = format!("http://{}", program.address);
    let arguments = ["demo", "--url", &url, "--players", "5", "--duration", "1s"];
    let played = outcome(scorecast(&arguments).env("JWT_SECRET", crate::support::JWT_SECRET)).await;
    let shown = String::from_utf8(played.stdout).unwrap();
    assert!(played.status.success(), "{shown}{}", String::from_utf8_lossy(&played.stderr));
    assert!(shown.contains("50 of 50 answers") && shown.contains("1. "), "{shown}");

    let listed = program.get("/quizzes?status=ended", None).await.ok();
    assert_eq!((&listed["total"], &listed["quizzes"][0]["total_participants"]), (&1.into(), &5.into()));
}

#[tokio::test]
async fn without_a_server_the_sample_quiz_says_what_is_missing() {
    let data = tempfile::tempdir().unwrap();
    let arguments = ["demo", "--url", "http://127.0.0.1:1"];
    let ended = outcome(scorecast(&arguments).env("SCORECAST_DATA", data.path())).await;
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.starts_with("error: nothing is listening on http://127.0.0.1:1;"), "{said}");
}
