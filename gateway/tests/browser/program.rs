//! The gateway as a program: what it prints, and how it ends.

use std::process::{Output, Stdio};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpStream,
    process::Command,
    time::timeout,
};

use crate::{app::PATIENCE, scoring::Scoring};

const SECRET: &str = "--participant-secret=0123456789abcdef0123456789abcdef";

const RSA_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/keys/rsa.public.pem");
const PRIVATE_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/keys/rsa.private.pem");

/// The program without any setting of the surroundings.
pub(crate) fn gateway(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.args(arguments).env_clear().kill_on_drop(true);
    command
}

async fn ended(arguments: &[&str]) -> Output {
    timeout(PATIENCE, gateway(arguments).output()).await.expect("in time").unwrap()
}

#[tokio::test]
async fn a_bad_setting_ends_it_with_one_sentence_and_code_64() {
    for (arguments, named) in [
        (&[][..], "PARTICIPANT_SECRET"),
        (&["--participant-secret=short"], "--participant-secret"),
        (&[SECRET, "--jwt-secret=0123456789abcdef0123456789abcdef"], "JWT_SECRET"),
        (&[SECRET, "--gateway-listen=somewhere"], "--gateway-listen"),
        (&[SECRET, "--jwt-algorithm=RS256"], "JWT_PUBLIC_KEY"),
        (&[SECRET, "--jwt-algorithm=RS256", "--jwt-secret=a"], "JWT_SECRET"),
        (&[SECRET, "--jwt-jwks-url=http://login.example/keys"], "JWT_ALGORITHM"),
        (&[SECRET, "--jwt-algorithm=ES256", "--jwt-public-key=/nowhere"], "/nowhere"),
        (&[SECRET, "--jwt-algorithm=ES256", "--jwt-public-key", RSA_KEY], "ES256"),
        (&[SECRET, "--jwt-algorithm=RS256", "--jwt-public-key", PRIVATE_KEY], "no public key"),
        (&[SECRET, "--sign-in=builtin"], "JWT_SECRET"),
        (&[SECRET, "--sign-in=external"], "SIGN_IN_URL"),
        (&[SECRET, "--rust-log=gateway=loudly"], "RUST_LOG"),
        (&[SECRET, "serve", "--no-such-setting"], "--no-such-setting"),
    ] {
        let output = ended(arguments).await;
        let sentence = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {sentence}");
        assert!(sentence.contains(named) && sentence.lines().count() == 1, "{sentence}");
        assert!(!sentence.contains("0123456789abcdef"), "{sentence}");
    }
}

#[tokio::test]
async fn a_low_limit_of_open_files_is_raised_as_far_as_it_may_be() {
    const IDLE: usize = 100;
    let scoring = Scoring::start().await;
    let url = format!("--scoring-url=http://{}", scoring.address);
    let mut running = Command::new("/bin/sh");
    running.env_clear().args(["-c", "ulimit -S -n 64 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_gateway")]);
    running.args([SECRET, "--gateway-listen=127.0.0.1:0", &url]).kill_on_drop(true);
    let mut running = running.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(running.stdout.take().unwrap());
    timeout(PATIENCE, output.read_line(&mut line)).await.expect("in time").unwrap();
    let address = line.strip_prefix("listening on ").and_then(|rest| rest.strip_suffix(" (HTTP)\n"));
    let address = address.expect(&line);

    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    let listen = format!("--gateway-listen={address}");
    let healthy = async { while !ended(&[&listen, "healthcheck"]).await.status.success() {} };
    timeout(PATIENCE, healthy).await.expect("more than 64 are let in");
}

#[tokio::test]
async fn it_says_where_it_listens_is_found_healthy_and_ends_well_on_sigterm() {
    let scoring = Scoring::start().await;
    let url = format!("--scoring-url=http://{}", scoring.address);
    let mut running = gateway(&[SECRET, "--gateway-listen=127.0.0.1:0", &url]);
    let mut running = running.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(running.stdout.take().unwrap());
    timeout(PATIENCE, output.read_line(&mut line)).await.expect("in time").unwrap();
    let address = line.strip_prefix("listening on ").and_then(|rest| rest.strip_suffix(" (HTTP)\n"));
    let listen = format!("--gateway-listen={}", address.expect(&line));

    let healthy = async { while !ended(&[&listen, "healthcheck"]).await.status.success() {} };
    timeout(PATIENCE, healthy).await.expect("it gets ready");

    let terminate = format!("kill -TERM {}", running.id().expect("it runs"));
    assert!(Command::new("sh").args(["-c", &terminate]).status().await.unwrap().success());
    let status = timeout(PATIENCE, running.wait()).await.expect("in time").unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(ended(&[&listen, "healthcheck"]).await.status.code(), Some(1));
}
