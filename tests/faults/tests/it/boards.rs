//! Redis loses what it holds, hangs, is out of reach or gone: answers go on, and nobody sees an
//! empty or an older board.

use std::{ops::Range, time::Duration};

use faults::{
    history::{Moment, Run},
    proxy::Mode,
};

use crate::scene::{Scene, assert_all_stayed, lenient, report, scale};

const SECOND: Duration = Duration::from_secs(1);

/// Within this the boards are equal again.
const PROMISED: Duration = Duration::from_secs(2);

/// How long scoring waits for Redis until the breaker opens: were answers to wait for it too, those
/// of the first moments would take as long.
const CALL: Duration = Duration::from_millis(500);

/// How long Redis is away.
fn outage() -> Duration {
    if scale() == 1 { SECOND * 2 } else { SECOND * 10 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flushall_and_single_deleted_keys_are_healed_unseen() {
    let scene = Scene::set().await;
    scene.play();
    for (step, part) in ['z', 'n', 'm'].into_iter().enumerate() {
        scene.percent_played(15 + 15 * step).await;
        for game in &scene.games {
            scene.stores.delete(&game.quiz, part).await.unwrap();
        }
        let healed = scene.boards_catch_up(lenient(PROMISED)).await;
        report("key deleted", format!("{part} healed after {healed:.1?}"));
    }
    scene.percent_played(70).await;
    scene.stores.flush().await.unwrap();
    let healed = scene.boards_catch_up(lenient(PROMISED)).await;
    report("FLUSHALL", format!("healed after {healed:.1?}"));
    scene.played().await;
    let histories = scene.reckon("lost keys", PROMISED).await;
    assert_all_stayed(&histories);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_gone_answers_go_on_and_viewers_follow_from_the_ledger() {
    let mut scene = Scene::set().await;
    scene.play();
    scene.percent_played(20).await;
    scene.cluster.redis.kill();
    let without = go_on_without(&scene, "redis killed").await;
    scene.cluster.redis.restart();
    equal_again(scene, "redis killed", without).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_hangs_answers_go_on_and_viewers_follow_from_the_ledger() {
    let scene = Scene::set().await;
    scene.play();
    scene.percent_played(20).await;
    scene.cluster.redis.pause();
    let without = go_on_without(&scene, "redis hung").await;
    scene.cluster.redis.resume();
    equal_again(scene, "redis hung", without).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_black_holed_answers_go_on_and_viewers_follow_from_the_ledger() {
    let scene = Scene::set().await;
    scene.play();
    scene.percent_played(20).await;
    scene.cluster.to_redis.iter().for_each(|link| link.set(Mode::BlackHole));
    let without = go_on_without(&scene, "redis black-holed").await;
    scene.cluster.to_redis.iter().for_each(|link| link.set(Mode::Pass));
    equal_again(scene, "redis black-holed", without).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_read_only_answers_go_on_and_viewers_follow() {
    let scene = Scene::set().await;
    scene.play();
    scene.percent_played(20).await;
    scene.stores.make_redis_read_only().await.unwrap();
    let without = go_on_without(&scene, "redis read-only").await;
    scene.stores.make_redis_writable().await.unwrap();
    equal_again(scene, "redis read-only", without).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_without_redis_shows_no_older_board_than_the_other() {
    let scene = Scene::set().await;
    scene.play();
    scene.percent_played(20).await;
    scene.cluster.to_redis[0].set(Mode::Reset);
    let without = go_on_without(&scene, "redis reset for one").await;
    scene.cluster.to_redis[0].set(Mode::Pass);
    equal_again(scene, "redis reset for one", without).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiz_that_is_started_again_while_redis_is_gone_begins_at_nothing_everywhere() {
    let mut scene = Scene::set().await;
    scene.play();
    scene.percent_played(30).await;
    scene.cluster.redis.kill();
    for game in 0..scene.games.len() {
        scene.start_again(game, game % 2).await;
        let start = scene.games[game].history.starts.last().unwrap();
        assert_eq!(start.outcome.done(), Some(&Run(2)), "{start:?}");
    }
    let without = go_on_without(&scene, "started again").await;
    scene.cluster.redis.restart();
    equal_again(scene, "started again", without).await;
}

/// While Redis is away: answers are acknowledged, and viewers see them. Tells when it was away.
async fn go_on_without(scene: &Scene, name: &str) -> Range<Moment> {
    let from = scene.stopwatch.now();
    let before: Vec<_> =
        scene.games.iter().map(|game| game.players.progress().borrow().acknowledged).collect();
    tokio::time::sleep(outage()).await;
    let to = scene.stopwatch.now();
    for (game, before) in scene.games.iter().zip(before) {
        let acknowledged = game.players.progress().borrow().acknowledged;
        let is_done = acknowledged * 10 >= game.answers.len() * 9;
        assert!(acknowledged > before || is_done, "{name}: no answer was acknowledged in {:?}", outage());
    }
    let seen = scene.viewers_catch_up(lenient(SECOND)).await;
    report(name, format!("seen from the ledger after {seen:.1?}"));
    from..to
}

/// Redis is back. It was away `without` that any answer should have waited for it.
async fn equal_again(scene: Scene, name: &str, without: Range<Moment>) {
    let healed = scene.boards_catch_up(lenient(PROMISED)).await;
    report(name, format!("equal again after {healed:.1?}"));
    scene.played().await;
    let histories = scene.reckon(name, PROMISED).await;
    assert_all_stayed(&histories);
    let first = without.start..without.start + CALL;
    let first = histories
        .iter()
        .flat_map(|history| &history.answers)
        .filter(|call| call.outcome.done().is_some() && first.contains(&call.began));
    let mut times: Vec<Duration> = first.map(|call| call.ended - call.began).collect();
    times.sort_unstable();
    let median = times[times.len() / 2];
    report(name, format!("{} answers given at once took {median:.1?} (median)", times.len()));
    assert!(median < CALL / 2, "{name}: answers took {median:?}, as if they waited for Redis");
}
