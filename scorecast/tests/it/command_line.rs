//! What the program takes and says: settings, tokens, lines to paste.

use std::os::unix::fs::PermissionsExt as _;

use proto::v1::{
    WatchLeaderboardRequest, scoring_service_client::ScoringServiceClient, watch_leaderboard_request,
};
use serde_json::json;
use tokio::process::Command;

use crate::support::{
    process::{Program, on_free_ports, outcome, scorecast},
    socket::Socket,
};

#[tokio::test]
async fn a_bad_setting_ends_the_program_with_one_sentence_that_names_it() {
    let data = tempfile::tempdir().unwrap();
    for (name, value) in [
        ("GATEWAY_LISTEN", "nonsense"),
        ("SCORING_LISTEN", "127.0.0.1"),
        ("WATCH_INTERVAL", "fast"),
        ("SHUTDOWN_GRACE", "-1s"),
        ("LEDGER_URL", "mysql://localhost"),
        ("BOARD_URL", "memcached://localhost"),
        ("JWT_ALGORITHM", "none"),
        ("PARTICIPANT_SECRET", "short"),
        ("UPSTREAM_STREAMS", "many"),
        ("MAX_SOCKETS", "-1"),
        ("RUST_LOG", "scoring=loud"),
        ("LOG_FORMAT", "xml"),
    ] {
        let ended = outcome(on_free_ports(data.path()).env(name, value)).await;
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(64), "{name}={value}: {said}");
        assert_eq!((said.lines().count(), ended.stdout.len()), (1, 0), "{name}={value}: {said}");
        let flag = format!("--{}", name.to_lowercase().replace('_', "-"));
        assert!(said.contains(name) || said.contains(&flag), "{name}={value}: {said}");
    }
}

#[tokio::test]
async fn the_token_command_prints_a_token_that_the_server_takes_and_nothing_else() {
    let data = tempfile::tempdir().unwrap();
    let arguments = ["token", "--role", "host", "--sub", "ada"];
    let printed = outcome(scorecast(&arguments).env("SCORECAST_DATA", data.path())).await;
    assert!(printed.status.success() && printed.stderr.is_empty(), "{printed:?}");
    let token = String::from_utf8(printed.stdout).unwrap();
    assert_eq!((token.lines().count(), token.trim().split('.').count()), (1, 3), "{token}");

    let program = Program::spawn(&mut on_free_ports(data.path())).await;
    let made = program.post("/admin/quizzes", Some(token.trim()), &json!({ "title": "Rivers" })).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

#[tokio::test]
async fn hosts_sign_in_with_the_password_that_it_makes_keeps_and_prints() {
    let data = tempfile::tempdir().unwrap();
    let mut program = Program::spawn(&mut on_free_ports(data.path())).await;
    let first = program.host_password.clone().unwrap();
    program.kill().await;
    let mode = std::fs::metadata(data.path().join("host-password")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut program = Program::spawn(&mut on_free_ports(data.path())).await;
    assert_eq!(program.host_password.as_ref(), Some(&first), "kept");
    assert_eq!(program.get("/auth/config", None).await.body, json!({ "kind": "builtin" }));
    let log_in = json!({ "username": "ada", "role": "host", "password": first });
    let token = program.post("/auth/login", None, &log_in).await.ok()["token"].as_str().unwrap().to_owned();
    let made = program.post("/admin/quizzes", Some(&token), &json!({ "title": "Rivers" })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    program.kill().await;

    let given = Program::spawn(on_free_ports(data.path()).env("HOST_PASSWORD", "correct horse")).await;
    assert_eq!(given.host_password, None, "whoever gave it knows it");
}

#[tokio::test]
async fn the_lines_that_it_prints_to_try_it_work_as_they_stand() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::spawn(&mut on_free_ports(data.path())).await;
    let [make, follow, ask] = program.hints.clone();
    // The clients may not be installed: what they would be given is printed instead.
    let follow = follow.replace("npx --yes wscat -c", "printf '%s\n'");
    let ask = ask.replace("grpcurl", "printf '%s\n'");
    let pasted = outcome(Command::new("sh").args([
        "-c",
        &format!(
            "{make}
{follow}
{follow}
{ask}"
        ),
    ]))
    .await;
    let printed = String::from_utf8(pasted.stdout).unwrap();
    let [quiz, socket, again, .., board, address, method] = *printed.lines().collect::<Vec<_>>() else {
        panic!("{printed}{}", String::from_utf8_lossy(&pasted.stderr));
    };

    assert_eq!(socket, again, "the seat is the same");
    let frame = Socket::open(socket).await.until(|frame| frame["total_participants"] == 1).await;
    assert_eq!(frame["leaderboard"][0]["username"], "ada");
    let mut scoring = ScoringServiceClient::connect(format!("http://{address}")).await.unwrap();
    assert_eq!(
        (board, method),
        (&*format!(r#"{{"quiz_id":"{quiz}"}}"#), "scorecast.v1.ScoringService/WatchLeaderboard")
    );
    let board = watch_leaderboard_request::Board::QuizId(quiz.to_owned());
    let request = WatchLeaderboardRequest { board: Some(board), ..Default::default() };
    let state = scoring.watch_leaderboard(request).await.unwrap().into_inner().message().await.unwrap();
    assert_eq!(state.unwrap().leaderboard.unwrap().total, 1);
}
