//! The leaderboard socket: who may open it, and what comes of what one asks for.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    app::{Browser, TestApp, Way, in_each_way, jwt, jwt_until},
    scoring::{ALICE, Asked, BOB, QUIZ, State},
};

in_each_way! {
    every: [
        a_subscription_is_confirmed_with_the_present_state_and_followed_by_every_change,
        subscribing_twice_is_subscribing_once_and_so_is_giving_up,
        what_cannot_be_done_is_answered_and_the_socket_stays_open,
        a_socket_has_at_most_a_hundred_subscriptions,
        a_token_is_taken_from_the_query_a_subprotocol_or_the_header,
        whoever_brings_no_good_token_is_told_so_by_the_close_code,
        a_token_that_expires_closes_its_socket,
        before_the_token_the_door_is_asked,
        a_deleted_quiz_ends_its_subscription_and_not_the_socket,
        an_outage_is_told_and_a_subscription_made_in_it_is_confirmed_after_it,
        the_same_limits_hold_as_on_the_other_socket,
        whoever_asks_much_before_it_reads_gets_every_answer_in_order,
        a_user_that_does_not_read_is_closed_after_five_seconds,
        a_user_that_reads_slowly_skips_to_the_newest_state_of_each_board,
        boards_that_change_all_the_time_leave_a_slow_reader_room_for_the_others,
    ],
    shared: [
        many_sockets_share_one_stream_and_each_gets_the_last_state,
    ],
    own: [
        each_subscription_may_have_a_stream_of_its_own,
    ]
}

const PATH: &str = "/ws/leaderboard/";

async fn open(app: &TestApp) -> Browser {
    app.connect(&format!("{PATH}?token={}", jwt("ada", ""))).await.unwrap()
}

impl Browser {
    /// Says something and gives the next message that comes.
    async fn ask(&mut self, what: Value) -> Value {
        self.say(Message::text(what.to_string())).await;
        self.frame().await
    }

    async fn subscribe(&mut self, quiz: &str) -> Value {
        let answer = self.ask(json!({"type": "subscribe_quiz", "quiz_id": quiz})).await;
        let expected = json!({"type": "subscription_confirmed", "quiz_id": quiz, "message": "subscribed"});
        assert_eq!(answer, expected);
        self.frame().await
    }

    async fn unsubscribe(&mut self, quiz: &str) -> Value {
        self.ask(json!({"type": "unsubscribe_quiz", "quiz_id": quiz})).await
    }

    async fn is_open(&mut self) {
        assert_eq!(self.ask(json!({"type": "ping"})).await, json!({"type": "pong"}));
    }
}

fn unsubscribed(quiz: &str) -> Value {
    json!({"type": "unsubscription_confirmed", "quiz_id": quiz, "message": "unsubscribed"})
}

fn streams(app: &TestApp) -> usize {
    app.scoring.asked(|asked| matches!(asked, Asked::Watch(_)).then_some(())).len()
}

async fn a_subscription_is_confirmed_with_the_present_state_and_followed_by_every_change(way: Way) {
    let app = way.start().await;
    let mut ada = open(&app).await;
    let board = app.get(&format!("/quizzes/{QUIZ}/leaderboard")).await.body;
    let snapshot = ada.subscribe(QUIZ).await;
    assert_eq!(snapshot, json!({"type": "quiz_leaderboard_updated", "data": board}));
    app.scoring.show(State::new(2, &[(BOB, 60), (ALICE, 50)]));
    let update = ada.frame().await;
    assert_eq!((&update["type"], &update["data"]["version"]), (&snapshot["type"], &json!(2)));
    assert_eq!(update["data"]["leaderboard"][0]["participant_id"], BOB);
    assert_eq!(update["data"].get("you"), None);
}

async fn subscribing_twice_is_subscribing_once_and_so_is_giving_up(way: Way) {
    let app = way.start().await;
    let (mut ada, mut other) = (open(&app).await, open(&app).await);
    other.subscribe(QUIZ).await;
    for _ in 0..2 {
        assert_eq!(ada.subscribe(QUIZ).await["data"]["version"], 1, "confirmed, and the present state again");
    }
    app.scoring.show(State::new(2, &[(ALICE, 60)]));
    assert_eq!(ada.frame().await["data"]["version"], 2);
    ada.is_open().await;
    for _ in 0..2 {
        assert_eq!(ada.unsubscribe(QUIZ).await, unsubscribed(QUIZ));
    }
    assert_eq!(other.frame().await["data"]["version"], 2);
    app.scoring.show(State::new(3, &[(ALICE, 70)]));
    assert_eq!(other.frame().await["data"]["version"], 3);
    ada.is_open().await;
    assert_eq!(ada.subscribe(QUIZ).await["data"]["version"], 3);
}

async fn many_sockets_share_one_stream_and_each_gets_the_last_state(way: Way) {
    let app = way.start().await;
    let mut browsers = Vec::new();
    for _ in 0..30 {
        let mut browser = open(&app).await;
        browser.subscribe(QUIZ).await;
        browsers.push(browser);
    }
    for version in 2..=20 {
        app.scoring.show(State::new(version, &[(ALICE, 50)]));
    }
    for browser in &mut browsers {
        let mut last = 1;
        while last < 20 {
            let version = browser.frame().await["data"]["version"].as_u64().unwrap();
            assert!(version > last, "{version} after {last}");
            last = version;
        }
    }
    assert_eq!(streams(&app), 1);
}

async fn what_cannot_be_done_is_answered_and_the_socket_stays_open(way: Way) {
    let app = way.start().await;
    let mut ada = open(&app).await;
    for (said, code, about) in [
        (r#"{"type":"subscribe_quiz","quiz_id":"quiz_zzzzzzzzzzzz"}"#, "QUIZ_NOT_FOUND", "quiz_zzzzzzzzzzzz"),
        (r#"{"type":"subscribe_quiz","quiz_id":"nonsense"}"#, "QUIZ_NOT_FOUND", "nonsense"),
        (r#"{"type":"unsubscribe_quiz","quiz_id":"nonsense"}"#, "QUIZ_NOT_FOUND", "nonsense"),
        (r#"{"type":"subscribe_subject","subject":"NONE"}"#, "SUBJECT_NOT_FOUND", "NONE"),
        (r#"{"type":"subscribe_quiz"}"#, "INVALID_ARGUMENT", ""),
        (r#"{"type":"dance"}"#, "UNKNOWN_TYPE", ""),
        ("{", "BAD_JSON", ""),
        ("", "BAD_JSON", ""),
        ("[[[[", "BAD_JSON", ""),
    ] {
        ada.say(Message::text(said)).await;
        let answer = ada.frame().await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{said}");
        assert!(!answer["message"].as_str().unwrap().is_empty());
        let named = answer["quiz_id"].as_str().or(answer["subject"].as_str()).unwrap_or_default();
        assert_eq!(named, about);
        ada.is_open().await;
    }
    ada.say(Message::binary(vec![0xff, 0])).await;
    assert_eq!(ada.frame().await["code"], "BAD_JSON");
}

async fn a_socket_has_at_most_a_hundred_subscriptions(way: Way) {
    let app = way.start_with(&["--message-burst=1000"]).await;
    let quiz = |number: usize| format!("quiz_{number:012}");
    (0..=100).for_each(|number| app.scoring.open(&quiz(number)));
    let mut ada = open(&app).await;
    for number in 0..100 {
        ada.subscribe(&quiz(number)).await;
    }
    let answer = ada.ask(json!({"type": "subscribe_quiz", "quiz_id": quiz(100)})).await;
    assert_eq!((&answer["code"], &answer["quiz_id"]), (&json!("TOO_MANY_SUBSCRIPTIONS"), &json!(quiz(100))));
    ada.subscribe(&quiz(7)).await;
    assert_eq!(ada.unsubscribe(&quiz(7)).await, unsubscribed(&quiz(7)));
    ada.subscribe(&quiz(100)).await;
}

async fn a_token_is_taken_from_the_query_a_subprotocol_or_the_header(way: Way) {
    let app = way.start().await;
    let token = jwt("ada", "");
    for (path, name, value, agreed) in [
        (format!("{PATH}?token={token}"), "x-nothing", String::new(), None),
        (format!("/ws/leaderboard?token={token}"), "x-nothing", String::new(), None),
        (PATH.to_owned(), "authorization", format!("Bearer {token}"), None),
        (
            PATH.to_owned(),
            "sec-websocket-protocol",
            format!("scorecast.v1, bearer.{token}"),
            Some("scorecast.v1"),
        ),
    ] {
        let mut ada = app.connect_with(&path, &[(name, &value)]).await.unwrap();
        assert_eq!(ada.agreed.as_deref(), agreed);
        ada.is_open().await;
    }
}

async fn whoever_brings_no_good_token_is_told_so_by_the_close_code(way: Way) {
    let app = way.start().await;
    let seat = app.join().await;
    let expired = "the token has expired, sign in again";
    let invalid = "the token is not valid here, sign in again";
    for (token, reason) in [
        (None, "missing token"),
        (Some(String::new()), "missing token"),
        (Some("nonsense".to_owned()), invalid),
        (Some(seat), invalid),
        (Some(jwt("ada", "") + "x"), invalid),
        (Some(jwt_until("ada", "", -60)), expired),
    ] {
        let path = token.as_ref().map_or(PATH.to_owned(), |token| format!("{PATH}?token={token}"));
        let closed = app.connect(&path).await.unwrap().closed().await;
        assert_eq!(closed, Some((4401, reason.to_owned())), "{token:?}");
    }
    let offered = [("sec-websocket-protocol", "scorecast.v1, bearer.nonsense")];
    let closed = app.connect_with(PATH, &offered).await.unwrap().closed().await;
    assert_eq!(closed, Some((4401, invalid.to_owned())));
}

async fn a_token_that_expires_closes_its_socket(way: Way) {
    let app = way.start().await;
    let token = jwt_until("ada", "", 1);
    let mut ada = app.connect(&format!("{PATH}?token={token}")).await.unwrap();
    let opened = Instant::now();
    ada.subscribe(QUIZ).await;
    let expired = "the token has expired, sign in again".to_owned();
    assert_eq!(ada.closed().await, Some((4401, expired)));
    assert!(opened.elapsed() < Duration::from_secs(10), "{:?}", opened.elapsed());
}

async fn before_the_token_the_door_is_asked(way: Way) {
    let app = way.start_with(&["--max-sockets=1"]).await;
    let path = format!("{PATH}?token={}", jwt("ada", ""));
    let refused = app.connect_with(PATH, &[("origin", "http://evil.example")]).await.err().unwrap();
    assert_eq!(refused.code(), (403, "FORBIDDEN"));
    let plain = app.get(&path).await;
    assert_eq!(plain.code(), (426, "UPGRADE_REQUIRED"));
    let _first = app.connect(&path).await.unwrap();
    let refused = app.connect(PATH).await.err().unwrap();
    assert_eq!(refused.code(), (503, "UNAVAILABLE"));
}

async fn a_deleted_quiz_ends_its_subscription_and_not_the_socket(way: Way) {
    let app = way.start().await;
    let mut browsers = Vec::new();
    for _ in 0..5 {
        let mut browser = open(&app).await;
        browser.subscribe(QUIZ).await;
        browsers.push(browser);
    }
    app.scoring.delete();
    for browser in &mut browsers {
        let answer = browser.frame().await;
        assert_eq!((&answer["code"], &answer["quiz_id"]), (&json!("QUIZ_NOT_FOUND"), &json!(QUIZ)));
        browser.is_open().await;
    }
}

async fn an_outage_is_told_and_a_subscription_made_in_it_is_confirmed_after_it(way: Way) {
    let mut app = way.start().await;
    let mut ada = open(&app).await;
    ada.subscribe(QUIZ).await;
    app.scoring.stop().await;
    let stale = ada.frame().await;
    assert_eq!((&stale["data"]["stale"], &stale["data"]["version"]), (&json!(true), &json!(1)));

    let other = "quiz_000000000001";
    app.scoring.open(other);
    let answer = ada.ask(json!({"type": "subscribe_quiz", "quiz_id": other})).await;
    assert_eq!((&answer["code"], &answer["quiz_id"]), (&json!("UNAVAILABLE"), &json!(other)));

    app.scoring.listen().await;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let message = ada.frame().await;
        let about = message["quiz_id"].as_str().or(message["data"]["quiz_id"].as_str());
        seen.push((message["type"].as_str().unwrap().to_owned(), about.unwrap().to_owned()));
    }
    seen.retain(|(_, quiz)| quiz == other);
    assert_eq!(seen[0].0, "subscription_confirmed");
    assert_eq!(seen[1].0, "quiz_leaderboard_updated");
}

async fn the_same_limits_hold_as_on_the_other_socket(way: Way) {
    let app = way.start_with(&["--message-rate=1", "--message-burst=5"]).await;
    let mut ada = open(&app).await;
    for _ in 0..6 {
        ada.try_say(Message::text(r#"{"type":"ping"}"#)).await;
    }
    assert_eq!(ada.closed().await, Some((1008, "too many messages".to_owned())));
    let mut ada = open(&app).await;
    ada.try_say(Message::text("x".repeat(4097))).await;
    assert_eq!(ada.closed().await, Some((1009, "message over 4 KiB".to_owned())));

    let mut ada = open(&app).await;
    ada.subscribe(QUIZ).await;
    app.stop.cancel();
    let (code, reason) = ada.closed().await.expect("it is told");
    assert!(code == 1001 && reason.starts_with("retry_after_ms="), "{code} {reason}");
}

/// A socket whose receiving buffer is tiny.
async fn open_narrow(app: &TestApp) -> Browser {
    app.connect_narrow(&format!("{PATH}?token={}", jwt("ada", ""))).await
}

/// A state of a board with a hundred rows.
fn long(version: u64) -> State {
    let rows = (0..100).map(|number| (format!("p_{number:012}"), 1000 - number)).collect();
    State { rows, ..State::new(version, &[]) }
}

async fn whoever_asks_much_before_it_reads_gets_every_answer_in_order(way: Way) {
    const QUESTIONS: usize = 5_000;
    let app = way.start_with(&["--message-rate=1000000", "--message-burst=1000000"]).await;
    let mut ada = open_narrow(&app).await;
    let quiz = |number: usize| format!("quiz_{number:012}");
    for number in 0..QUESTIONS {
        ada.say(Message::text(json!({"type": "unsubscribe_quiz", "quiz_id": quiz(number)}).to_string()))
            .await;
    }
    for number in 0..QUESTIONS {
        assert_eq!(ada.frame().await, unsubscribed(&quiz(number)));
    }
    ada.is_open().await;
}

async fn a_user_that_does_not_read_is_closed_after_five_seconds(way: Way) {
    let app = way.start_with(&["--max-sockets=2"]).await;
    let mut stuck = open_narrow(&app).await;
    stuck.subscribe(QUIZ).await;
    let mut quick = open(&app).await;
    quick.subscribe(QUIZ).await;
    let path = format!("{PATH}?token={}", jwt("ada", ""));
    let started = Instant::now();
    for version in 2.. {
        app.scoring.show(long(version));
        while quick.frame().await["data"]["version"] != version {}
        if app.connect(&path).await.is_ok() {
            break;
        }
    }
    let took = started.elapsed();
    assert!((5..15).contains(&took.as_secs()), "{took:?}");
}

async fn a_user_that_reads_slowly_skips_to_the_newest_state_of_each_board(way: Way) {
    const LAST: u64 = 100;
    let app = way.start().await;
    let other = "quiz_000000000001";
    app.scoring.open(other);
    let (mut slow, mut quick) = (open_narrow(&app).await, open(&app).await);
    for browser in [&mut slow, &mut quick] {
        browser.subscribe(QUIZ).await;
        browser.subscribe(other).await;
    }
    for version in 2..=LAST {
        app.scoring.show(long(version));
        while quick.frame().await["data"]["version"] != version {}
    }
    app.scoring.show_on(other, State::new(2, &[(ALICE, 60)]));
    let (mut seen, mut other_seen) = (vec![1], 1);
    while (seen[seen.len() - 1], other_seen) != (LAST, 2) {
        let frame = slow.frame().await;
        let version = frame["data"]["version"].as_u64().unwrap();
        if frame["data"]["quiz_id"] == other {
            other_seen = version;
        } else {
            assert!(version > seen[seen.len() - 1], "{version} after {seen:?}");
            seen.push(version);
        }
    }
    assert!(seen.len() < LAST as usize / 2, "{} states were kept for it", seen.len());
    slow.is_open().await;
}

async fn boards_that_change_all_the_time_leave_a_slow_reader_room_for_the_others(way: Way) {
    const RESTLESS: [&str; 3] = ["quiz_000000000001", "quiz_000000000002", "quiz_000000000003"];
    let app = way.start().await;
    RESTLESS.iter().for_each(|quiz| app.scoring.open(quiz));
    let (mut slow, mut quick) = (open_narrow(&app).await, open(&app).await);
    for quiz in RESTLESS.iter().chain([&QUIZ]) {
        slow.subscribe(quiz).await;
        quick.subscribe(quiz).await;
    }
    let mut version = 1;
    let mut change = async || {
        version += 1;
        for quiz in RESTLESS {
            app.scoring.show_on(quiz, long(version));
            while quick.frame().await["data"]["quiz_id"] != quiz {}
        }
    };
    // Until nothing more is taken of what it does not read.
    for _ in 0..10 {
        change().await;
    }
    app.scoring.show(State::new(2, &[(ALICE, 60)]));
    for _ in 0..100 {
        change().await;
        if slow.frame().await["data"]["quiz_id"] == QUIZ {
            return;
        }
    }
    panic!("it has heard only of the others");
}

async fn each_subscription_may_have_a_stream_of_its_own(way: Way) {
    let app = way.start().await;
    let mut browsers = [open(&app).await, open(&app).await];
    for browser in &mut browsers {
        browser.subscribe(QUIZ).await;
    }
    assert_eq!(streams(&app), 2);
    app.scoring.show(State::new(2, &[(ALICE, 60)]));
    for browser in &mut browsers {
        assert_eq!(browser.frame().await["data"]["version"], 2);
    }
}
