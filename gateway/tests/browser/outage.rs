//! What sockets and callers see while scoring is away, and when it is back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Notify, time::timeout};

use crate::{
    app::{PATIENCE, TestApp, Way, in_each_way},
    scoring::{ALICE, Asked, BOB, Fault, State},
};

in_each_way! {
    every: [
        a_frame_is_stale_while_scoring_is_out_of_reach_and_live_when_it_is_back,
        versions_never_go_back_even_if_scoring_comes_back_behind,
    ]
}

async fn a_frame_is_stale_while_scoring_is_out_of_reach_and_live_when_it_is_back(way: Way) {
    let mut app = way.start().await;
    let mut alice = app.watch(ALICE).await;
    let before = alice.frame().await;
    assert_eq!(before.get("stale"), None);

    app.scoring.stop().await;
    let stale = alice.frame().await;
    assert_eq!(stale["stale"], true);
    assert_eq!(stale["leaderboard"], before["leaderboard"]);
    assert_eq!(stale["you"], before["you"]);

    app.scoring.listen().await;
    let back = alice.frame().await;
    assert_eq!(back, before);

    app.scoring.show(State::new(2, &[(BOB, 60), (ALICE, 50)]));
    assert_eq!(alice.frame().await["version"], 2);
}

async fn versions_never_go_back_even_if_scoring_comes_back_behind(way: Way) {
    let mut app = way.start().await;
    app.scoring.show(State::new(5, &[(ALICE, 90), (BOB, 30)]));
    let mut alice = app.watch(ALICE).await;
    assert_eq!(alice.frame().await["version"], 5);

    app.scoring.stop().await;
    assert_eq!(alice.frame().await["stale"], true);
    app.scoring.show(State::new(3, &[(ALICE, 50), (BOB, 30)]));
    app.scoring.listen().await;
    let back = alice.frame().await;
    assert_eq!((&back["version"], back.get("stale")), (&5.into(), None));

    app.scoring.show(State::new(4, &[(ALICE, 70), (BOB, 30)]));
    app.scoring.show(State::new(6, &[(ALICE, 95), (BOB, 30)]));
    assert_eq!(alice.frame().await["version"], 6);
}

#[tokio::test]
async fn a_stream_that_is_old_is_left_for_a_new_one_and_only_for_one_that_works() {
    let app = TestApp::start_with(&["--upstream-stream-age=50ms"]).await;
    let mut alice = app.watch(ALICE).await;
    let first = alice.frame().await;
    for _ in 0..3 {
        app.scoring.fail("watch_leaderboard", Fault::Status(tonic::Status::unavailable("not now")));
    }
    let opened = || app.scoring.asked(|asked| matches!(asked, Asked::Watch(_)).then_some(())).len();
    let reopening = async {
        while opened() < 8 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, reopening).await.expect("it is opened again and again");
    app.scoring.show(State::new(2, &[(BOB, 60), (ALICE, 50)]));
    let next = alice.frame().await;
    assert_eq!((&first["version"], &next["version"]), (&1.into(), &2.into()), "nothing is seen of it");
    assert_eq!(next.get("stale"), None);
}

#[tokio::test]
async fn a_stream_is_read_on_while_its_successor_is_slow_to_open() {
    let app = TestApp::start_with(&["--upstream-stream-age=50ms"]).await;
    let mut alice = app.watch(ALICE).await;
    alice.frame().await;
    let asked = || app.scoring.asked(|asked| matches!(asked, Asked::Watch(_)).then_some(())).len();
    let before = asked();
    for _ in 0..2 {
        app.scoring.fail("watch_leaderboard", Fault::Pause(Arc::new(Notify::new())));
    }
    let opening = async {
        while asked() == before {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, opening).await.expect("another one is opened");
    let began = Instant::now();
    app.scoring.show(State::new(2, &[(BOB, 60), (ALICE, 50)]));
    assert_eq!(alice.frame().await["version"], 2);
    // Opening it is given up after two seconds.
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
}
