//! What a socket shows of its board.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    app::{Way, in_each_way},
    scoring::{ALICE, Asked, BOB, QUIZ, State},
};

in_each_way! {
    every: [
        a_socket_gets_the_state_at_once_and_after_every_change,
        whoever_is_not_among_the_rows_still_learns_its_own_last_standing,
        whoever_falls_out_of_the_rows_never_sees_an_older_standing,
        a_removed_participant_has_no_standing,
        the_sockets_of_a_deleted_quiz_are_closed,
        a_slow_reader_skips_to_the_newest_state_and_holds_nobody_up,
    ],
    shared: [
        sockets_of_one_board_share_one_stream_and_the_limits_are_rounded_up,
        a_board_outlives_its_last_socket_for_a_while,
    ],
    own: [
        each_socket_may_have_a_stream_of_its_own,
    ]
}

/// A board on which `last` comes after `others` who have 100 points and less.
fn crowd(version: u64, others: u32, last: (&str, u32)) -> State {
    let mut rows: Vec<(String, u32)> = (0..others).map(|n| (format!("p_{n:012}"), 1000 - n)).collect();
    rows.push((last.0.to_owned(), last.1));
    State { rows, ..State::new(version, &[]) }
}

async fn a_socket_gets_the_state_at_once_and_after_every_change(way: Way) {
    let app = way.start().await;
    let mut alice = app.watch(ALICE).await;
    let rows = concat!(
        r#"{"participant_id":"p_aaaaaaaaaaaa","username":"name of p_aaaaaaaaaaaa","score":50,"rank":1},"#,
        r#"{"participant_id":"p_bbbbbbbbbbbb","username":"name of p_bbbbbbbbbbbb","score":30,"rank":2}"#,
    );
    assert_eq!(
        alice.text().await,
        format!(
            r#"{{"quiz_id":"{QUIZ}","leaderboard":[{rows}],"total_participants":2,"timestamp":"2026-02-02T10:15:00.123Z","version":1,"epoch":1790000000,"status":"started","you":{{"participant_id":"{ALICE}","score":50,"rank":1,"version":1}}}}"#
        )
    );
    app.scoring.show(State::new(2, &[(BOB, 60), (ALICE, 50)]));
    let frame = alice.frame().await;
    assert_eq!(frame["leaderboard"][0]["participant_id"], BOB);
    assert_eq!(
        frame["you"],
        serde_json::json!({"participant_id": ALICE, "score": 50, "rank": 2, "version": 2})
    );
}

async fn sockets_of_one_board_share_one_stream_and_the_limits_are_rounded_up(way: Way) {
    let app = way.start().await;
    let mut browsers = Vec::new();
    for limit in ["", "&limit=11", "&limit=100", "&limit=3", "&limit=1000"] {
        let path = format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}{limit}");
        let mut browser = app.connect(&path).await.unwrap();
        browser.frame().await;
        browsers.push(browser);
    }
    let mut limits = app.scoring.asked(|asked| match asked {
        Asked::Watch(request) => Some((request.limit.unwrap(), request.participant_id.clone())),
        _ => None,
    });
    limits.sort();
    assert_eq!(limits, [(10, String::new()), (100, String::new()), (1000, String::new())]);
}

async fn each_socket_may_have_a_stream_of_its_own(way: Way) {
    let app = way.start().await;
    app.scoring.show(crowd(1, 12, (ALICE, 5)));
    let path = format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}&limit=10");
    let mut browsers = [app.connect(&path).await.unwrap(), app.connect(&path).await.unwrap()];
    for browser in &mut browsers {
        assert_eq!(browser.frame().await["you"]["rank"], 13);
    }
    app.scoring.show(crowd(2, 13, (ALICE, 7)));
    for browser in &mut browsers {
        let frame = browser.frame_of(2).await;
        assert_eq!((&frame["you"]["rank"], &frame["you"]["version"]), (&14.into(), &2.into()));
    }
    let asked = app.scoring.asked(|asked| match asked {
        Asked::Watch(request) => Some(request.participant_id.clone()),
        _ => None,
    });
    assert_eq!(asked, [ALICE, ALICE]);
}

async fn whoever_is_not_among_the_rows_still_learns_its_own_last_standing(way: Way) {
    let app = way.start().await;
    app.scoring.show(crowd(1, 12, (ALICE, 5)));
    let path = format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}&limit=10");
    let mut alice = app.connect(&path).await.unwrap();
    assert_eq!(alice.frame().await["you"]["rank"], 13, "the first frame has it");
    for version in 2..=5 {
        app.scoring.show(crowd(version, 12 + version as u32, (ALICE, 5)));
    }
    let you = loop {
        let frame = alice.frame().await;
        if frame["you"]["version"] == 5 {
            break frame["you"].clone();
        }
    };
    assert_eq!(you["rank"], 18);
    let rounds = app.scoring.asked(|asked| matches!(asked, Asked::Standings(_)).then_some(())).len();
    assert!(rounds <= 4, "{rounds} calls for one admission and four changes");
}

async fn whoever_falls_out_of_the_rows_never_sees_an_older_standing(way: Way) {
    let app = way.start().await;
    app.scoring.show(crowd(1, 12, (ALICE, 5)));
    let path = format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}&limit=10");
    let mut alice = app.connect(&path).await.unwrap();
    assert_eq!(
        alice.frame().await["you"],
        json!({"participant_id": ALICE, "score": 5, "rank": 13, "version": 1})
    );
    app.scoring.show(State::new(2, &[(ALICE, 2000)]));
    assert_eq!(alice.frame_of(2).await["you"]["version"], 2);
    app.scoring.show(crowd(3, 12, (ALICE, 2000)));
    let you = alice.frame_of(3).await["you"].clone();
    assert!(you["version"].as_u64() >= Some(2), "{you}");
}

async fn a_board_outlives_its_last_socket_for_a_while(way: Way) {
    let app = way.start_with(&["--max-sockets=1"]).await;
    let mut first = app.watch(ALICE).await;
    first.frame().await;
    first.say(Message::Close(None)).await;
    first.closed().await;
    let path = format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}");
    let mut second = loop {
        // There is room once the first is gone.
        if let Ok(browser) = app.connect(&path).await {
            break browser;
        }
    };
    second.frame().await;
    let streams = app.scoring.asked(|asked| matches!(asked, Asked::Watch(_)).then_some(())).len();
    assert_eq!(streams, 1);
}

async fn a_removed_participant_has_no_standing(way: Way) {
    let app = way.start().await;
    let mut bob = app.watch(BOB).await;
    assert_eq!(bob.frame().await["you"]["rank"], 2);
    app.scoring.show(State::new(2, &[(ALICE, 50)]));
    while bob.frame().await.get("you").is_some() {}
}

async fn the_sockets_of_a_deleted_quiz_are_closed(way: Way) {
    let app = way.start().await;
    let mut browsers = [app.watch(ALICE).await, app.watch(BOB).await];
    app.scoring.delete();
    for browser in &mut browsers {
        assert_eq!(browser.closed().await, Some((4404, "quiz deleted".to_owned())));
    }
}

async fn a_slow_reader_skips_to_the_newest_state_and_holds_nobody_up(way: Way) {
    let app = way.start().await;
    let mut slow = app.connect_narrow(&format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}")).await;
    let mut fast = app.watch(ALICE).await;
    const LAST: u64 = 100;
    for version in 2..=LAST {
        app.scoring.show(crowd(version, 100, (ALICE, 5)));
        fast.frame_of(version).await;
    }
    let mut seen = vec![0];
    while seen.last() != Some(&LAST) {
        let version = slow.frame().await["version"].as_u64().unwrap();
        assert!(version >= *seen.last().unwrap(), "{version} after {seen:?}");
        seen.push(version);
    }
    assert!(seen.len() < LAST as usize / 2, "{} frames were kept for it", seen.len());
}
