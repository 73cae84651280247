//! Redis loses what it holds, hangs, is out of reach or gone: answers go on, and nobody sees an
//! empty or an older board.

use std::time::Duration;

use faults::proxy::Mode;

use crate::scene::{LENIENCE, Scene, assert_all_stayed, report, scale};

const SECOND: Duration = Duration::from_secs(1);

/// Within this the boards are equal again.
const PROMISED: Duration = Duration::from_secs(2);

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
        let healed = scene.boards_catch_up(PROMISED * LENIENCE).await;
        report("key deleted", format!("{part} healed after {healed:.1?}"));
    }
    scene.percent_played(70).await;
    scene.stores.flush().await.unwrap();
    let healed = scene.boards_catch_up(PROMISED * LENIENCE).await;
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
    go_on_without(&scene, "redis killed").await;
    scene.cluster.redis.restart();
    equal_again(scene, "redis killed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_hangs_answers_go_on_and_viewers_follow_from_the_ledger() {
    let scene = Scene::set().await;
    scene.play();
    scene.percent_played(20).await;
    scene.cluster.redis.pause();
    go_on_without(&scene, "redis hung").await;
    scene.cluster.redis.resume();
    equal_again(scene, "redis hung").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_black_holed_answers_go_on_and_viewers_follow_from_the_ledger() {
    let scene = Scene::set().await;
    scene.play();
    scene.percent_played(20).await;
    scene.cluster.to_redis.iter().for_each(|link| link.set(Mode::BlackHole));
    go_on_without(&scene, "redis black-holed").await;
    scene.cluster.to_redis.iter().for_each(|link| link.set(Mode::Pass));
    equal_again(scene, "redis black-holed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_read_only_answers_go_on_and_viewers_follow() {
    let scene = Scene::set().await;
    scene.play();
    scene.percent_played(20).await;
    scene.stores.make_redis_read_only().await.unwrap();
    go_on_without(&scene, "redis read-only").await;
    scene.stores.make_redis_writable().await.unwrap();
    equal_again(scene, "redis read-only").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_without_redis_shows_no_older_board_than_the_other() {
    let scene = Scene::set().await;
    scene.play();
    scene.percent_played(20).await;
    scene.cluster.to_redis[0].set(Mode::Reset);
    go_on_without(&scene, "redis reset for one").await;
    scene.cluster.to_redis[0].set(Mode::Pass);
    equal_again(scene, "redis reset for one").await;
}

/// While Redis is away: answers are acknowledged, and viewers see them.
async fn go_on_without(scene: &Scene, name: &str) {
    let before: Vec<_> =
        scene.games.iter().map(|game| game.players.progress().borrow().acknowledged).collect();
    tokio::time::sleep(outage()).await;
    for (game, before) in scene.games.iter().zip(before) {
        let acknowledged = game.players.progress().borrow().acknowledged;
        let is_done = acknowledged * 10 >= game.answers.len() * 9;
        assert!(acknowledged > before || is_done, "{name}: no answer was acknowledged in {:?}", outage());
    }
    let seen = scene.viewers_catch_up(SECOND * LENIENCE).await;
    report(name, format!("seen from the ledger after {seen:.1?}"));
}

/// Redis is back.
async fn equal_again(scene: Scene, name: &str) {
    let healed = scene.boards_catch_up(PROMISED * LENIENCE).await;
    report(name, format!("equal again after {healed:.1?}"));
    scene.played().await;
    let histories = scene.reckon(name, PROMISED).await;
    assert_all_stayed(&histories);
}
