//! The disk under the ledger is full: answers are refused in plain words, nothing is half written,
//! and all goes on when there is room again.

use std::{
    collections::BTreeSet,
    io::{Write as _, stderr},
    path::Path,
    time::{Duration, Instant},
};

use faults::{
    clients::{Door, Host, Reader, plan},
    cluster::{lone_scoring, scoring_program},
    disk::Disk,
    history::{Answer, Outcome, Stopwatch},
};
use futures_util::{StreamExt as _, stream};
use servers::postgres::Postgres;
use tokio::time::sleep;

use crate::scene::{lenient, report};

/// Within this answers go on again.
const PROMISED: Duration = Duration::from_secs(5);

/// How many answers are on their way at once.
const AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_sqlite_is_a_plain_refusal_and_no_harm() {
    let Some(disk) = small_disk(8 << 20) else { return };
    let url = format!("sqlite:{}", disk.path().join("scorecast.db").display());
    refused_while_full("sqlite", &url, &disk, || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_postgres_is_a_plain_refusal_and_no_harm() {
    let Some(disk) = small_disk(192 << 20) else { return };
    let mut postgres = Postgres::start_in(disk.path(), &["fsync=off"]);
    let url = postgres.url();
    refused_while_full("postgres", &url, &disk, || {
        // One that had no room for its log has given up; an administrator starts it again.
        if !postgres.is_ready() {
            report("postgres", "it gave up while the disk was full");
            postgres.restart();
        }
    })
    .await;
}

/// A disk, or a loud word if this machine gives none: written past the runner, which keeps what
/// tests that pass print.
fn small_disk(bytes: u64) -> Option<Disk> {
    let disk = Disk::of(bytes);
    if let Err(refusal) = &disk {
        let word = "NOT TRIED: a full disk; it takes the right to mount (CAP_SYS_ADMIN)";
        writeln!(stderr(), "{word}: {refusal}").expect("somebody listens");
    }
    disk.ok()
}

/// Plays on a ledger whose disk is filled and freed meanwhile; `freed` is called after that.
async fn refused_while_full(name: &str, url: &str, disk: &Disk, freed: impl FnOnce()) {
    let logs = tempfile::tempdir().unwrap();
    let settings = [("LEDGER_URL", url.to_owned()), ("BOARD_URL", "memory:".to_owned())];
    let mut scoring = lone_scoring(&settings, logs.path()).await.unwrap();
    let host = Host::at(scoring.address(), Stopwatch::start());
    let (quiz, questions) = host.make_quiz(200).await.unwrap();
    let mut seats = Vec::new();
    for number in 0..20 {
        let seat = host.seat_user(&quiz, &format!("player-{number}")).await;
        seats.push(seat.outcome.done().unwrap().participant.clone());
    }
    assert!(host.start(&quiz).await.outcome.done().is_some());
    let door = Door::scoring(scoring.address());
    let mut answers = plan(&seats, &questions);
    let mut rest = answers.split_off(200);

    assert_eq!(refused(&door, &quiz, &answers).await, [], "nothing is full yet");
    disk.fill().unwrap();
    let mut waiting = Vec::new();
    while waiting.len() < 50 {
        assert!(rest.len() >= AT_ONCE, "{} answers found room on a full disk", answers.len());
        let next = rest.split_off(rest.len() - AT_ONCE);
        waiting.extend(refused(&door, &quiz, &next).await);
        answers.extend(next);
    }
    let reader = Reader::at(scoring.address());
    assert_eq!(reader.board(&quiz).await.unwrap().rows.len(), seats.len(), "boards can still be read");

    disk.free().unwrap();
    freed();
    let back = Instant::now();
    while !waiting.is_empty() {
        assert!(back.elapsed() < lenient(PROMISED), "{name}: {} are still refused", waiting.len());
        waiting = refused(&door, &quiz, &waiting).await;
        sleep(Duration::from_millis(20)).await;
    }
    report(name, format!("answers go on {:.1?} after there is room", back.elapsed()));

    scoring.kill().await;
    assert_is_whole(&settings, logs.path(), &quiz, &answers).await;
}

/// Gives answers; those that did not count were refused as they should be.
async fn refused(door: &Door, quiz: &str, answers: &[Answer]) -> Vec<Answer> {
    let giving = stream::iter(answers).map(|answer| async move {
        match door.answer(quiz, answer, "").await {
            Outcome::Done(_) => None,
            Outcome::Refused(code) if code == "ALREADY_ANSWERED" => None,
            Outcome::Unknown(trouble) if trouble.code == "UNAVAILABLE" && trouble.retry_after.is_some() => {
                Some(answer.clone())
            }
            other => panic!("{answer:?}: {other:?}"),
        }
    });
    giving.buffer_unordered(AT_ONCE).filter_map(|refused| async { refused }).collect().await
}

/// Whoever opens the ledger next finds every answer, and scores that they add up to.
async fn assert_is_whole(settings: &[(&str, String)], logs: &Path, quiz: &str, answers: &[Answer]) {
    let checked = scoring_program(settings).unwrap().arg("check").output().await.unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let scoring = lone_scoring(settings, logs).await.unwrap();
    let reader = Reader::at(scoring.address());
    let seats: BTreeSet<&str> = answers.iter().map(|answer| answer.participant.as_str()).collect();
    for seat in seats {
        let given = answers.iter().filter(|answer| answer.participant == seat);
        let given: BTreeSet<String> = given.map(|answer| answer.question.clone()).collect();
        assert_eq!(reader.answered(quiz, seat).await.unwrap(), given, "the answers of {seat}");
    }
}
