//! A reader that does not read: what waits for it, and what that costs.

use futures_util::{StreamExt as _, future::join_all, stream};
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::{
    http::Caller,
    process::Program,
    quiz::{Quiz, RIGHT, Seat, rows},
    within,
};

const CHANGES: usize = 1000;
const QUESTIONS: usize = 10;
const SLOW_READERS: usize = 30;
/// Far below what all unread frames would take, some 25 MiB.
const GROWTH_KIB: u64 = 8 * 1024;
/// What may lie between the two ends of a connection: both kernels' buffers and one frame.
const IN_FLIGHT_BYTES: usize = 128 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_wakes_after_a_thousand_changes_gets_what_was_in_flight_and_then_the_newest() {
    let data = tempfile::tempdir().unwrap();
    let settings = [("WATCH_INTERVAL", "1ms"), ("ANSWER_RATE", "1000")];
    let program = Program::start(data.path(), &settings).await;
    let quiz = program.started_quiz(&[10; QUESTIONS]).await;
    let seats = program.join_all(&quiz, CHANGES / QUESTIONS).await;

    let mut quick = program.watch(&quiz, &seats[0]).await;
    let mut slow = join_all((0..SLOW_READERS).map(|_| unread(&program, &quiz, &seats[1]))).await;
    let before = program.resident_kib();

    let answers = (0..QUESTIONS).flat_map(|question| seats.iter().map(move |seat| (question, seat)));
    let load = stream::iter(answers)
        .map(|(question, seat)| program.answered(&quiz, seat, question, RIGHT))
        .buffer_unordered(32)
        .fold(0, async |newest, version| version.max(newest));
    let last = |frame: &Value| rows(frame).iter().all(|(_, _, score)| *score == 100);
    let (newest, _) = tokio::join!(load, quick.until(last));
    let grown = program.resident_kib().saturating_sub(before);
    assert!(grown < GROWTH_KIB, "grew by {grown} KiB");

    for socket in &mut slow {
        let (mut frames, mut bytes, mut version) = (0, 0, 0);
        // On a busy machine it may have stood still for so long that it was given up (1013).
        while version < newest
            && let Some(Ok(message)) = within("a frame comes", socket.next()).await
        {
            let text = message.into_text().unwrap();
            let frame: Value = serde_json::from_str(&text).unwrap_or_default();
            let next = frame["version"].as_u64().unwrap_or(version);
            assert!(next >= version, "went back from {version} to {next}");
            (frames, bytes, version) = (frames + 1, bytes + text.len(), next);
        }
        assert!(bytes < IN_FLIGHT_BYTES && frames < quick.frames / 4, "{frames} frames, {bytes} bytes");
        if version < newest {
            program.watch(&quiz, &seats[1]).await.at(newest).await;
        }
    }
}

/// A socket with a small receive buffer that nobody reads.
async fn unread(caller: &Caller, quiz: &Quiz, seat: &Seat) -> WebSocketStream<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(caller.address).await.unwrap();
    let url = format!("ws://{}/quizzes/{}/ws?participant_id={}", caller.address, quiz.id, seat.id);
    within("the socket opens", client_async(url, stream)).await.unwrap().0
}
