//! The program as a process: signals, crashes, two at once.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    http::Caller,
    process::{Program, on_free_ports, outcome},
    quiz::{Quiz, RIGHT, Seat, name},
    socket::Socket,
    within,
};

const POINTS: [u32; 5] = [10, 10, 10, 10, 10];
const PLAYERS: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn on_sigterm_sockets_are_told_when_to_come_again_and_what_was_acknowledged_is_kept() {
    let data = tempfile::tempdir().unwrap();
    let mut program = Program::start(data.path(), &[("SHUTDOWN_GRACE", "5s")]).await;
    let (quiz, seats) = played(&program).await;
    let mut sockets = join_all(seats.iter().map(|seat| program.watch(&quiz, seat))).await;

    let given = AtomicUsize::new(0);
    let stopping = async {
        until(&given, PLAYERS * POINTS.len() / 3).await;
        program.terminate().await;
        Instant::now()
    };
    let (acknowledged, asked_at, closed) = tokio::join!(
        answer_all(&program, &quiz, &seats, &given),
        stopping,
        join_all(sockets.iter_mut().map(Socket::closed)),
    );
    assert_eq!(program.ended().await.code(), Some(0));
    assert!(asked_at.elapsed() < Duration::from_secs(6), "{:?}", asked_at.elapsed());
    for (code, reason) in closed {
        let ms: u32 = reason.strip_prefix("retry_after_ms=").unwrap_or_default().parse().unwrap();
        assert!(code == 1001 && ms < 600_000, "{code} {reason}");
    }

    let program = Program::start(data.path(), &[]).await;
    all_counted_once(&program, &quiz, &seats, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_every_acknowledged_answer_counts_once_and_the_others_can_be_sent_again() {
    let data = tempfile::tempdir().unwrap();
    let mut program = Program::start(data.path(), &[]).await;
    let (quiz, seats) = played(&program).await;
    let given = AtomicUsize::new(0);
    let caller = Caller::of(program.address);
    let (acknowledged, ()) = tokio::join!(answer_all(&caller, &quiz, &seats, &given), async {
        until(&given, PLAYERS * POINTS.len() / 3).await;
        program.kill().await;
    });
    let kept = acknowledged.iter().flatten().filter(|&&was| was).count();
    assert!(kept >= PLAYERS * POINTS.len() / 3);

    let program = Program::start(data.path(), &[]).await;
    all_counted_once(&program, &quiz, &seats, &acknowledged).await;
    let all = answer_all(&program, &quiz, &seats, &AtomicUsize::new(0)).await;
    assert!(all.iter().flatten().all(|&was| was), "the same submissions again are all acknowledged");
    all_counted_once(&program, &quiz, &seats, &all).await;
}

#[tokio::test]
async fn a_second_program_on_the_same_data_is_refused_in_one_sentence() {
    let data = tempfile::tempdir().unwrap();
    let first = Program::start(data.path(), &[]).await;
    let second = outcome(&mut on_free_ports(data.path())).await;
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.starts_with("error: another scorecast") && said.lines().count() == 1, "{said}");
    assert_eq!(first.get("/readyz", None).await.status, 200, "the first one goes on");
}

/// A started quiz and its seats.
async fn played(caller: &Caller) -> (Quiz, Vec<Seat>) {
    let quiz = caller.started_quiz(&POINTS).await;
    let seats = caller.join_all(&quiz, PLAYERS).await;
    (quiz, seats)
}

/// Every seat answers every question; tells which answers were acknowledged.
async fn answer_all(caller: &Caller, quiz: &Quiz, seats: &[Seat], given: &AtomicUsize) -> Vec<Vec<bool>> {
    let one = async |seat: &Seat| {
        let mut acknowledged = Vec::new();
        for question in &quiz.questions {
            let body = json!({ "participant_id": seat.id, "question_id": question, "answer_index": RIGHT,
                               "submission_id": question });
            let path = format!("/quizzes/{}/answer", quiz.id);
            let reply =
                caller.try_send(Method::POST, &path, Some(&seat.token), Some(body.to_string().into())).await;
            acknowledged.push(reply.is_ok_and(|reply| reply.status == 200));
            given.fetch_add(usize::from(acknowledged.last() == Some(&true)), Ordering::Relaxed);
        }
        acknowledged
    };
    join_all(seats.iter().map(one)).await
}

/// Waits until this many answers are acknowledged.
async fn until(given: &AtomicUsize, count: usize) {
    within("answers are acknowledged", async {
        while given.load(Ordering::Relaxed) < count {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// What was acknowledged is there, nothing is there twice, and the board is the sum of it.
async fn all_counted_once(caller: &Caller, quiz: &Quiz, seats: &[Seat], acknowledged: &[Vec<bool>]) {
    let mut expected = Vec::new();
    for (player, (seat, acknowledged)) in seats.iter().zip(acknowledged).enumerate() {
        let path = format!("/quizzes/{}/answers", quiz.id);
        let given = caller.get(&path, Some(&seat.token)).await.ok();
        let given = given["answers"].as_array().unwrap();
        for (question, _) in quiz.questions.iter().zip(acknowledged).filter(|(_, was)| **was) {
            let times = given.iter().filter(|answer| answer["question_id"] == question.as_str()).count();
            assert_eq!(times, 1, "player {player}, {question}");
        }
        expected.push((name(player), 10 * given.len() as u64));
    }
    let mut board: Vec<_> =
        caller.board_at(quiz, 0).await.into_iter().map(|(_, name, score)| (name, score)).collect();
    board.sort();
    expected.sort();
    assert_eq!(board, expected);
}
