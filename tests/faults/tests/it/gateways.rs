//! Gateways die or leave: browsers find the other one, and nobody sees an older board there.

use std::time::{Duration, Instant};

use faults::{
    cluster::Signal,
    history::{Closed, Viewer},
};

use crate::scene::{Scene, Size, lenient, report, roomy, scale};

const SECOND: Duration = Duration::from_secs(1);

/// So many sockets a second are sent away, or more, if the first half of the grace period is too
/// short for that.
const LEAVING_PER_SECOND: u32 = 100;

/// Within this those who were sent away come back, and a second later they see the board.
const RETURN_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_of_a_killed_gateway_go_on_at_the_other() {
    let mut scene = Scene::set().await;
    scene.play();
    scene.percent_played(40).await;
    scene.cluster.gateways[0].kill().await;
    let seen = scene.viewers_catch_up(lenient(5 * SECOND)).await;
    report("gateway killed", format!("right again after {seen:.1?}"));
    scene.cluster.restart_gateway(0).await.unwrap();
    scene.played().await;
    let histories = scene.reckon("gateway killed", 5 * SECOND).await;
    for history in &histories {
        for (number, viewer) in history.viewers.iter().enumerate() {
            // Every other one began at the gateway that died.
            assert_eq!(viewer.sockets.len() > 1, number % 2 == 0, "viewer {number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminated_gateway_sends_its_viewers_away_spread_over_time_and_is_gone_in_time() {
    let grace = 8 * SECOND;
    let mut shape = roomy();
    shape.gateway_settings.push(("SHUTDOWN_GRACE", "8s".to_owned()));
    let viewers = if scale() == 1 { 600 } else { 4000 };
    let rate = if scale() == 1 { 20 } else { 4 };
    let size = Size { quizzes: 1, viewers, rate, seconds: 10, ..Size::from_env() };
    let mut scene = Scene::begun(shape, size).await;
    scene.play();
    scene.percent_played(10).await;
    let (began, at) = (Instant::now(), scene.stopwatch.now());
    scene.cluster.gateways[0].signal(Signal::Terminate);
    // Every day on a machine that may be busy otherwise, strictly where figures are wanted.
    let (patience, unevenness, shortest) =
        if scale() == 1 { (lenient(grace), 2.5, 0.5) } else { (grace, 1.5, 0.8) };
    assert!(scene.cluster.gateways[0].ends_within(patience).await, "it is still there after {patience:?}");
    report("gateway terminated", format!("it was gone after {:.1?}", began.elapsed()));
    let seen = scene.viewers_catch_up(lenient(RETURN_WITHIN + SECOND)).await;
    report("gateway terminated", format!("right again {seen:.1?} later"));
    scene.played().await;
    let histories = scene.reckon("gateway terminated", 5 * SECOND).await;

    let closed = |viewer: &Viewer| viewer.sockets[0].closed.clone();
    let closed: Vec<Closed> = histories[0].viewers.iter().filter_map(closed).collect();
    // Half of the viewers, but for those who did not come in there and found the other one.
    assert!(closed.len() * 20 > viewers as usize * 9, "{} of {viewers} were at this gateway", closed.len());
    for Closed { code, .. } in &closed {
        let is_right = code.as_ref().is_some_and(|(code, reason)| {
            *code == 1001
                && reason.strip_prefix("retry_after_ms=").is_some_and(|ms| ms.parse::<u32>().is_ok())
        });
        assert!(is_right, "{code:?}");
    }
    let mut after: Vec<Duration> = closed.iter().map(|closed| closed.at - at).collect();
    after.sort_unstable();
    let sockets = u32::try_from(closed.len()).unwrap();
    let window = (SECOND * sockets / LEAVING_PER_SECOND).min(grace / 2);
    let even = f64::from(sockets) / window.as_secs_f64();
    let within_a_second =
        |from: &Duration| after.iter().filter(|at| (*from..*from + SECOND).contains(*at)).count();
    let most = u32::try_from(after.iter().map(within_a_second).max().unwrap()).unwrap();
    let last = *after.last().unwrap();
    report(
        "gateway terminated",
        format!("closed over {last:.1?} of {window:.1?}, {most} in a second at most, {even:.0} if even"),
    );
    assert!(last >= window.mul_f64(shortest), "closed within {last:.1?}, not spread over {window:.1?}");
    assert!(f64::from(most) <= unevenness * even, "{most} in a second, {even:.0} would be even");
}
