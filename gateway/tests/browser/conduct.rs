//! What a socket may send, and how it is closed when it sends more.

use std::time::Instant;

use tokio_tungstenite::tungstenite::Message;

use crate::{
    app::{Way, in_each_way},
    scoring::{ALICE, BOB, QUIZ, State},
};

in_each_way! {
    every: [
        what_a_client_sends_is_ignored,
        too_many_messages_close_a_socket,
        a_long_message_closes_a_socket,
        a_socket_that_says_goodbye_gives_its_place_back,
        a_peer_that_does_not_read_is_closed_after_five_seconds,
    ]
}

async fn what_a_client_sends_is_ignored(way: Way) {
    let app = way.start().await;
    let mut alice = app.watch(ALICE).await;
    alice.frame().await;
    for message in
        [Message::text("{\"type\":\"ping\"}"), Message::binary(vec![0; 4096]), Message::Ping(vec![1].into())]
    {
        alice.say(message).await;
    }
    app.scoring.show(State::new(2, &[(BOB, 60), (ALICE, 50)]));
    assert_eq!(alice.frame().await["version"], 2);
}

async fn too_many_messages_close_a_socket(way: Way) {
    let app = way.start_with(&["--message-rate=1", "--message-burst=5"]).await;
    let mut alice = app.watch(ALICE).await;
    for _ in 0..6 {
        alice.try_say(Message::text("hello")).await;
    }
    assert_eq!(alice.closed().await, Some((1008, "too many messages".to_owned())));
}

async fn a_long_message_closes_a_socket(way: Way) {
    let app = way.start().await;
    for length in [4097, 16_000, 100_000] {
        let mut alice = app.watch(ALICE).await;
        alice.try_say(Message::text("x".repeat(length))).await;
        assert_eq!(alice.closed().await, Some((1009, "message over 4 KiB".to_owned())), "{length}");
    }
}

async fn a_socket_that_says_goodbye_gives_its_place_back(way: Way) {
    let app = way.start_with(&["--max-sockets=1"]).await;
    let mut alice = app.watch(ALICE).await;
    alice.say(Message::Close(None)).await;
    alice.closed().await;
    let path = format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}");
    while app.connect(&path).await.is_err() {}
}

async fn a_peer_that_does_not_read_is_closed_after_five_seconds(way: Way) {
    let app = way.start_with(&["--max-sockets=2"]).await;
    let _stuck = app.connect_narrow(&format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}")).await;
    let mut fast = app.watch(ALICE).await;
    fast.frame().await;
    let path = format!("/quizzes/{QUIZ}/ws?participant_id={BOB}");
    let started = Instant::now();
    for version in 2.. {
        let rows: Vec<_> = (0..100).map(|n| (format!("p_{n:012}"), 1000 - n)).collect();
        app.scoring
            .show(State { rows: [rows, vec![(BOB.to_owned(), 0)]].concat(), ..State::new(version, &[]) });
        fast.frame_of(version).await;
        if app.connect(&path).await.is_ok() {
            break;
        }
    }
    let took = started.elapsed();
    assert!((5..15).contains(&took.as_secs()), "{took:?}");
}
