//! What a socket is told that asks for no more than what changed.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    app::{Browser, TestApp, Way, in_each_way, jwt},
    scoring::{ALICE, BOB, QUIZ, State},
};

in_each_way! {
    every: [
        a_state_is_told_whole_and_then_by_what_changed,
        ten_changed_rows_of_a_hundred_take_at_most_15_percent_of_the_bytes,
        a_socket_that_was_too_slow_is_told_the_whole_state,
        a_state_of_another_epoch_is_told_whole,
        what_is_new_only_to_one_reader_is_told_without_the_rows,
        a_subscriber_is_told_what_changed_and_the_whole_when_it_subscribes_again,
        only_those_who_ask_for_deltas_get_them,
    ]
}

/// A board on which Alice, with this score, is before 99 others, of whom those with a number below
/// `lucky` have just got a point.
fn hundred(version: u64, score: u32, lucky: u32) -> State {
    let others =
        (0..99).map(|n| (format!("p_{n:012}"), 2 * (990 - 10 * n) + u32::from(n < lucky) * version as u32));
    let rows = std::iter::once((ALICE.to_owned(), score)).chain(others).collect();
    State { rows, ..State::new(version, &[]) }
}

async fn watch(app: &TestApp, more: &str) -> Browser {
    app.connect(&format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}{more}")).await.unwrap()
}

async fn subscribe(browser: &mut Browser) -> Value {
    browser.say(Message::text(json!({"type": "subscribe_quiz", "quiz_id": QUIZ}).to_string())).await;
    let answer = browser.frame().await;
    assert_eq!(answer["type"], "subscription_confirmed");
    browser.frame().await
}

/// Reads until a version has come, each delta of which builds on what came before it.
async fn read_until(browser: &mut Browser, version: u64, had: &mut Option<u64>) -> Vec<Value> {
    let mut seen = Vec::new();
    while *had != Some(version) {
        let told = browser.frame().await;
        if let Some(base) = told.get("base") {
            assert_eq!(base.as_u64(), *had, "{told} after {seen:?}");
        }
        *had = told["version"].as_u64();
        seen.push(told);
    }
    seen
}

async fn a_state_is_told_whole_and_then_by_what_changed(way: Way) {
    let app = way.start().await;
    app.scoring.show(hundred(1, 5000, 0));
    let mut alice = watch(&app, "&deltas=1").await;
    let first = alice.frame().await;
    assert_eq!(first["leaderboard"].as_array().unwrap().len(), 100);
    assert_eq!(first["you"]["version"], 1);

    let mut state = hundred(2, 5000, 0);
    let climber = state.rows.remove(40).0;
    state.rows.insert(1, (climber, 4000));
    state.rows[99] = (BOB.to_owned(), 1);
    app.scoring.show(state);
    let rows = format!(r#"[[1,40,4000],[99,{{"participant_id":"{BOB}","username":"name of {BOB}"}},1]]"#);
    assert_eq!(
        alice.text().await,
        format!(
            r#"{{"quiz_id":"{QUIZ}","base":1,"version":2,"epoch":1790000000,"timestamp":"2026-02-02T10:15:00.123Z","rows":{rows},"gone":[99],"you":{{"participant_id":"{ALICE}","score":5000,"rank":1,"version":2}}}}"#
        )
    );
}

async fn ten_changed_rows_of_a_hundred_take_at_most_15_percent_of_the_bytes(way: Way) {
    let app = way.start().await;
    app.scoring.show(hundred(1, 5000, 10));
    let token = jwt("ada", "");
    let mut sockets = Vec::new();
    for deltas in ["&deltas=1", ""] {
        let mut alice = watch(&app, deltas).await;
        let mut ada = app.connect(&format!("/ws/leaderboard/?token={token}{deltas}")).await.unwrap();
        alice.frame().await;
        subscribe(&mut ada).await;
        sockets.push([alice, ada]);
    }
    app.scoring.show(hundred(2, 5000, 10));
    let [by_delta, whole] = sockets.try_into().ok().expect("there are two");
    for (mut by_delta, mut whole) in by_delta.into_iter().zip(whole) {
        let (delta, whole) = (by_delta.text().await, whole.text().await);
        assert!(delta.contains(r#""base":1,"version":2"#), "{delta}");
        assert!(100 * delta.len() <= 15 * whole.len(), "{} of {} bytes", delta.len(), whole.len());
    }
}

async fn a_socket_that_was_too_slow_is_told_the_whole_state(way: Way) {
    let app = way.start().await;
    let thousand = |version: u64| {
        let others = (0..999).map(|n| (format!("p_{n:012}"), version as u32 * 10_000 - n));
        let rows = std::iter::once((ALICE.to_owned(), version as u32 * 10_000)).chain(others).collect();
        State { rows, ..State::new(version, &[]) }
    };
    let path = format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}&limit=1000&deltas=1");
    app.scoring.show(thousand(1));
    let mut slow = app.connect_narrow(&path).await;
    let mut fast = app.connect(&path).await.unwrap();
    let (mut slow_had, mut fast_had) = (None, None);
    const FULL: u64 = 10;
    for version in 1..=FULL {
        app.scoring.show(thousand(version));
        read_until(&mut fast, version, &mut fast_had).await;
    }
    for version in FULL + 1..=FULL + 3 {
        let mut state = thousand(FULL);
        (state.version, state.rows[0].1) = (version, state.rows[0].1 + version as u32);
        app.scoring.show(state);
        let told = read_until(&mut fast, version, &mut fast_had).await;
        assert_eq!(told[0]["base"], version - 1, "who keeps up gets deltas");
    }
    let told = read_until(&mut slow, FULL + 3, &mut slow_had).await;
    assert!(told.len() < FULL as usize, "{} states were kept for it", told.len());
    assert_eq!(told.last().unwrap()["leaderboard"].as_array().map(Vec::len), Some(1000));

    let mut state = thousand(FULL);
    (state.version, state.rows[0].1) = (FULL + 4, 10_000_000);
    app.scoring.show(state);
    let told = read_until(&mut slow, FULL + 4, &mut slow_had).await;
    assert_eq!(told.last().unwrap()["rows"], json!([[0, 0, 10_000_000]]), "it has caught up");
}

async fn a_state_of_another_epoch_is_told_whole(way: Way) {
    let app = way.start().await;
    app.scoring.show(hundred(7, 5000, 0));
    let mut alice = watch(&app, "&deltas=1").await;
    alice.frame().await;
    let epoch = State::new(1, &[]).epoch + 1;
    app.scoring.show(State { epoch, ..hundred(3, 5001, 0) });
    let restored = alice.frame().await;
    assert_eq!((&restored["version"], &restored["epoch"]), (&json!(3), &json!(epoch)));
    assert_eq!(restored["leaderboard"][0]["score"], 5001);
    app.scoring.show(State { epoch, ..hundred(4, 5002, 0) });
    assert_eq!(alice.frame().await["rows"], json!([[0, 0, 5002]]));
}

async fn what_is_new_only_to_one_reader_is_told_without_the_rows(way: Way) {
    let mut app = way.start().await;
    app.scoring.show(hundred(1, 5000, 0));
    let mut alice = watch(&app, "&deltas=1").await;
    let first = alice.frame().await;
    app.scoring.stop().await;
    let stale = alice.frame().await;
    let expected = json!({
        "quiz_id": QUIZ, "base": 1, "version": 1, "epoch": first["epoch"],
        "timestamp": first["timestamp"], "stale": true, "you": first["you"],
    });
    assert_eq!(stale, expected);
    app.scoring.listen().await;
    let back = alice.frame().await;
    assert_eq!((&back["base"], back.get("stale"), back.get("rows")), (&json!(1), None, None));
}

async fn a_subscriber_is_told_what_changed_and_the_whole_when_it_subscribes_again(way: Way) {
    let app = way.start().await;
    app.scoring.show(hundred(1, 5000, 0));
    let path = format!("/ws/leaderboard/?deltas=1&token={}", jwt("ada", ""));
    let mut ada = app.connect(&path).await.unwrap();
    assert_eq!(subscribe(&mut ada).await["type"], "quiz_leaderboard_updated");
    app.scoring.show(hundred(2, 5001, 0));
    let update = ada.frame().await;
    assert_eq!(update["type"], "quiz_leaderboard_delta");
    assert_eq!((&update["data"]["base"], &update["data"]["rows"]), (&json!(1), &json!([[0, 0, 5001]])));
    assert_eq!(update["data"].get("you"), None);

    let again = subscribe(&mut ada).await;
    assert_eq!((&again["type"], &again["data"]["version"]), (&json!("quiz_leaderboard_updated"), &json!(2)));
    app.scoring.show(hundred(3, 5002, 0));
    assert_eq!(ada.frame().await["data"]["base"], 2);
}

async fn only_those_who_ask_for_deltas_get_them(way: Way) {
    let app = way.start().await;
    app.scoring.show(hundred(1, 5000, 0));
    let mut deltas = watch(&app, "&deltas=1").await;
    deltas.frame().await;
    for wish in ["", "&deltas=", "&deltas=0", "&deltas=true", "&deltas=2"] {
        let mut alice = watch(&app, wish).await;
        let before = alice.frame().await["version"].as_u64().unwrap();
        app.scoring.show(hundred(before + 1, 5000 + before as u32, 0));
        let frame = alice.frame().await;
        assert_eq!(frame["leaderboard"].as_array().map(Vec::len), Some(100), "{wish}");
    }
}
