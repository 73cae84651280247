//! The way from a gateway to the scoring processes breaks: its sockets stay and are marked as
//! stale, those of the other gateway notice nothing.

use std::time::{Duration, Instant};

use faults::{history::Viewer, proxy::Mode};

use crate::scene::{Scene, assert_all_stayed, assert_unharmed, lenient, report};

const SECOND: Duration = Duration::from_secs(1);

/// Within this everything is right again.
const PROMISED: Duration = Duration::from_secs(5);

/// Within this a half-open link is found.
const NOTICED: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_behind_a_cut_link_see_a_stale_board_until_it_is_whole() {
    broken("link cut", Mode::Cut, SECOND).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_behind_a_black_hole_see_a_stale_board_until_it_is_whole() {
    broken("link black-holed", Mode::BlackHole, NOTICED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_link_holds_up_only_those_behind_it() {
    let scene = Scene::set().await;
    scene.play();
    scene.percent_played(20).await;
    scene.cluster.to_scoring[0].set(Mode::Slow(8_000));
    scene.percent_played(60).await;
    scene.cluster.to_scoring[0].set(Mode::Pass);
    let seen = scene.viewers_catch_up(lenient(PROMISED)).await;
    report("link slow", format!("right again after {seen:.1?}"));
    scene.played().await;
    let histories = scene.reckon("link slow", PROMISED).await;
    assert_all_stayed(&histories);
    histories.iter().for_each(|history| assert_unharmed("link slow", history, |viewer| viewer % 2 == 1));
}

async fn broken(name: &str, mode: Mode, noticed: Duration) {
    let scene = Scene::set().await;
    scene.play();
    scene.percent_played(30).await;
    let began = Instant::now();
    scene.cluster.to_scoring[0].set(mode);
    for game in &scene.games {
        let is_marked = |number: usize, viewer: &Viewer| {
            number % 2 == 1 || viewer.sightings().last().is_some_and(|last| last.stale)
        };
        game.crowd.until_each(lenient(noticed), is_marked).await.unwrap();
    }
    report(name, format!("marked as stale after {:.1?}", began.elapsed()));
    scene.cluster.to_scoring[0].set(Mode::Pass);
    let seen = scene.viewers_catch_up(lenient(PROMISED)).await;
    report(name, format!("right again after {seen:.1?}"));
    scene.played().await;
    let histories = scene.reckon(name, PROMISED).await;
    assert_all_stayed(&histories);
    histories.iter().for_each(|history| assert_unharmed(name, history, |viewer| viewer % 2 == 1));
}
