//! How a gateway leaves.

use std::time::{Duration, Instant};

use crate::{
    app::{Browser, TestApp, Way, in_each_way, jwt},
    scoring::{ALICE, Asked, Fault, QUIZ},
};

in_each_way! {
    every: [
        a_leaving_gateway_sends_its_sockets_away_one_by_one_in_any_order_and_takes_no_more,
        a_gateway_with_few_sockets_or_none_leaves_at_once,
        a_peer_that_never_hangs_up_does_not_outlast_the_grace_period,
        requests_under_way_are_answered_before_a_gateway_leaves,
    ]
}

async fn a_leaving_gateway_sends_its_sockets_away_one_by_one_in_any_order_and_takes_no_more(way: Way) {
    const SOCKETS: usize = 120;
    let app = way.start_with(&["--shutdown-grace=4s"]).await;
    let mut browsers = Vec::new();
    let user = format!("/ws/leaderboard/?token={}", jwt("ada", ""));
    for _ in 0..SOCKETS / 2 {
        let mut browser = app.watch(ALICE).await;
        browser.frame().await;
        browsers.extend([browser, app.connect(&user).await.unwrap()]);
    }
    let left = Instant::now();
    app.stop.cancel();
    let readiness = app.get("/readyz").await;
    assert_eq!(readiness.code(), (503, "UNAVAILABLE"));
    let refused = app.connect(&format!("/quizzes/{QUIZ}/ws?participant_id={ALICE}")).await.err().unwrap();
    assert_eq!(refused.code(), (503, "UNAVAILABLE"));

    let mut times = Vec::new();
    for mut browser in browsers {
        times.push(tokio::spawn(async move { (browser.closed().await, Instant::now()) }));
    }
    let mut moments = Vec::new();
    for time in times {
        let (close, moment) = time.await.unwrap();
        let (code, reason) = close.expect("it is told");
        assert_eq!(code, 1001);
        let after: u64 = reason.strip_prefix("retry_after_ms=").unwrap().parse().unwrap();
        assert!(after < 5000);
        moments.push(moment - left);
    }
    let is_earlier = |one: usize, next: usize| moments[one] < moments[next];
    let in_order = (1..SOCKETS).filter(|next| is_earlier(next - 1, *next)).count();
    assert!(
        (SOCKETS / 4..3 * SOCKETS / 4).contains(&in_order),
        "in the order in which they came: {moments:?}"
    );
    moments.sort();
    let span = moments[SOCKETS - 1] - moments[0];
    assert!(span > Duration::from_millis(500), "spread: {moments:?}");
    let gone = moments.iter().filter(|moment| **moment - moments[0] < span / 2).count();
    assert!((SOCKETS / 4..3 * SOCKETS / 4).contains(&gone), "evenly: {moments:?}");
    app.running.await.unwrap().unwrap();
    assert!(left.elapsed() < Duration::from_secs(4), "{:?}", left.elapsed());
}

async fn a_gateway_with_few_sockets_or_none_leaves_at_once(way: Way) {
    for sockets in [0, 1] {
        let app = way.start().await;
        let mut open = Vec::new();
        for _ in 0..sockets {
            open.push(app.watch(ALICE).await);
        }
        leaves_at_once(app, open).await;
    }
}

/// The default grace period is 30 seconds.
async fn leaves_at_once(app: TestApp, open: Vec<Browser>) {
    let hearing = open.into_iter().map(|mut browser| tokio::spawn(async move { browser.closed().await }));
    let hearing: Vec<_> = hearing.collect();
    let left = Instant::now();
    app.stop.cancel();
    app.running.await.unwrap().unwrap();
    assert!(left.elapsed() < Duration::from_secs(5), "{:?}", left.elapsed());
    for browser in hearing {
        assert_eq!(browser.await.unwrap().expect("it is told").0, 1001);
    }
}

async fn a_peer_that_never_hangs_up_does_not_outlast_the_grace_period(way: Way) {
    let app = way.start_with(&["--shutdown-grace=2s"]).await;
    let _deaf = app.watch(ALICE).await;
    let left = Instant::now();
    app.stop.cancel();
    app.running.await.unwrap().unwrap();
    assert!(left.elapsed() < Duration::from_millis(2500), "{:?}", left.elapsed());
}

async fn requests_under_way_are_answered_before_a_gateway_leaves(way: Way) {
    let mut app = way.start().await;
    let running = std::mem::replace(&mut app.running, tokio::spawn(async { Ok(()) }));
    app.scoring.fail("get_quiz", Fault::Silence);
    let path = format!("/quizzes/{QUIZ}/info");
    let asking = async { (app.get(&path).await, Instant::now()) };
    let stopping = async {
        while app.scoring.asked(|asked| matches!(asked, Asked::Show(_)).then_some(())).is_empty() {
            tokio::task::yield_now().await;
        }
        app.stop.cancel();
    };
    let leaving = async { (running.await.unwrap(), Instant::now()) };
    let ((reply, answered), (), (ended, left)) = tokio::join!(asking, stopping, leaving);
    assert_eq!(reply.code(), (504, "DEADLINE_EXCEEDED"));
    ended.unwrap();
    assert!(left + Duration::from_millis(500) > answered, "it left {:?} before the answer", answered - left);
}
