//! What the program writes about its work: never a token, a password or a join code.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::Command,
    time::timeout,
};

use crate::{
    app::{JWT_SECRET, PATIENCE, jwt, jwt_until},
    program::gateway,
    scoring::{ALICE, QUESTION, QUIZ, Scoring},
};

#[tokio::test]
async fn no_token_and_no_password_reaches_the_log_or_an_error() {
    let scoring = Scoring::start().await;
    let url = format!("--scoring-url=http://{}", scoring.address);
    let secret = format!("--jwt-secret={JWT_SECRET}");
    let mut running = gateway(&[
        "--participant-secret=0123456789abcdef0123456789abcdef",
        "--gateway-listen=127.0.0.1:0",
        "--sign-in=builtin",
        "--host-password=battery-staple",
        "--rust-log=trace",
        &secret,
        &url,
    ]);
    let mut running = running.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = running.stderr.take().unwrap();
    let logged = tokio::spawn(async move {
        let mut text = String::new();
        log.read_to_string(&mut text).await.unwrap();
        text
    });
    let mut line = String::new();
    BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let address = line.strip_prefix("listening on ").and_then(|rest| rest.strip_suffix(" (HTTP)\n"));
    let base = format!("http://{}", address.expect(&line));

    let http = reqwest::Client::new();
    let mut secrets = vec!["battery-staple".to_owned(), "0123456789abcdef".to_owned(), JWT_SECRET.to_owned()];
    let ready = async { while http.get(format!("{base}/readyz")).send().await.unwrap().status() != 200 {} };
    timeout(PATIENCE, ready).await.expect("it gets ready");
    let answers = async |path: &str, token: &str, body: Value| {
        let request = http.post(format!("{base}{path}")).bearer_auth(token).json(&body);
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };

    let log_in = json!({"username": "ada", "role": "host", "password": "battery-staple"});
    let issued = answers("/auth/login", "", log_in).await["token"].as_str().unwrap().to_owned();
    let joined = answers(&format!("/quizzes/{QUIZ}/join"), &issued, json!({})).await;
    let seat = joined["participant_token"].as_str().unwrap().to_owned();
    let answer = json!({"participant_id": ALICE, "question_id": QUESTION, "answer_index": 0});
    for token in [jwt("ada", "host"), jwt_until("ada", "host", -60), format!("{issued}x"), seat, issued] {
        let (answering, uploading) = (format!("/quizzes/{QUIZ}/answer"), format!("/quizzes/{QUIZ}/sessions"));
        for path in ["/admin/quizzes", &answering, &uploading, "/nowhere"] {
            let said = answers(path, &token, answer.clone()).await.to_string();
            assert!(!said.contains(&token), "{said}");
        }
        let query = format!("{base}/ws/leaderboard/?token={token}");
        let said = http.get(query).send().await.unwrap().text().await.unwrap();
        assert!(!said.contains(&token), "{said}");
        // The end is the signature: what comes before it proves nothing.
        secrets.push(token[token.len() - 20..].to_owned());
    }

    let join_code = "731946";
    let unknown = http.get(format!("{base}/join/{join_code}")).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    secrets.push(join_code.to_owned());

    let terminate = format!("kill -TERM {}", running.id().expect("it runs"));
    assert!(Command::new("sh").args(["-c", &terminate]).status().await.unwrap().success());
    let log = timeout(PATIENCE, logged).await.expect("in time").unwrap();
    assert!(log.contains("/admin/quizzes"), "requests are logged");
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret}");
    }
}
