//! Postgres dies, hangs or is out of reach: nothing is acknowledged that is not stored, everybody
//! is told to try again, and answers go on soon after it is back.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use faults::{
    history::{History, Moment, Outcome},
    proxy::Mode,
};

use crate::scene::{Scene, assert_all_stayed, lenient, report};

/// Within this answers go on again.
const PROMISED: Duration = Duration::from_secs(5);

/// Within this callers are told to try again: 2 s is what a gateway gives a call with its second
/// try, the rest is for the way there.
const REFUSED: Duration = Duration::from_millis(2500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgres_is_dead_callers_are_told_to_try_again_and_nothing_is_lost() {
    let mut scene = Scene::set().await;
    scene.play();
    scene.percent_played(30).await;
    let from = scene.stopwatch.now();
    scene.cluster.postgres.kill();
    refused_for_a_while(&scene).await;
    let to = scene.stopwatch.now();
    scene.cluster.postgres.restart();
    let told = answers_again(scene, "postgres killed", from..to).await;
    assert!(told > 0, "nobody was told to try again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgres_hangs_callers_are_told_to_try_again_and_nothing_is_lost() {
    let scene = Scene::set().await;
    scene.play();
    scene.percent_played(30).await;
    let from = scene.stopwatch.now();
    scene.cluster.postgres.pause();
    refused_for_a_while(&scene).await;
    let to = scene.stopwatch.now();
    scene.cluster.postgres.resume();
    let told = answers_again(scene, "postgres hung", from..to).await;
    assert!(told > 0, "nobody was told to try again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_restarted_under_load_loses_nothing() {
    let mut scene = Scene::set().await;
    scene.play();
    scene.percent_played(30).await;
    let from = scene.stopwatch.now();
    scene.cluster.postgres.restart();
    let to = scene.stopwatch.now();
    answers_again(scene, "postgres restarted", from..to).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_whose_postgres_is_black_holed_refuses_while_the_other_goes_on() {
    let scene = Scene::set().await;
    scene.play();
    scene.percent_played(30).await;
    let from = scene.stopwatch.now();
    scene.cluster.to_postgres[0].set(Mode::BlackHole);
    // Whoever is refused by one replica asks the other.
    scene.percent_played(70).await;
    let to = scene.stopwatch.now();
    scene.cluster.to_postgres[0].set(Mode::Pass);
    let told = answers_again(scene, "postgres black-holed for one", from..to).await;
    assert!(told > 0, "nobody was told to try again");
}

/// Waits until a good number of attempts have failed.
async fn refused_for_a_while(scene: &Scene) {
    for game in &scene.games {
        let begin = *game.players.progress().borrow();
        game.until(|now| {
            let acknowledged = now.acknowledged - begin.acknowledged;
            now.tried - begin.tried >= acknowledged + 20
        })
        .await;
    }
}

/// Postgres is back. During `outage` it was not there for one replica or for both; tells how many
/// callers were told so.
async fn answers_again(scene: Scene, name: &str, outage: Range<Moment>) -> usize {
    let back = Instant::now();
    for game in &scene.games {
        let before = game.players.progress().borrow().acknowledged;
        if before * 10 < game.answers.len() * 9 {
            game.until(|now| now.acknowledged > before).await;
        }
    }
    let after = back.elapsed();
    assert!(after < lenient(PROMISED), "{name}: answers go on only after {after:?}");
    report(name, format!("answers go on after {after:.1?}"));
    let seen = scene.viewers_catch_up(lenient(PROMISED)).await;
    report(name, format!("right again after {seen:.1?}"));
    scene.played().await;
    let histories = scene.reckon(name, PROMISED).await;
    assert_all_stayed(&histories);
    told_to_try_again(name, &histories, &outage)
}

/// Who asked and was answered while the ledger was away was told to try again, and when. Tells how
/// many were.
fn told_to_try_again(name: &str, histories: &[History], outage: &Range<Moment>) -> usize {
    let during = |history: &History| {
        let calls = history
            .answers
            .iter()
            .filter(|call| outage.contains(&call.began) && outage.contains(&call.ended));
        calls.cloned().collect::<Vec<_>>()
    };
    let calls: Vec<_> = histories.iter().flat_map(during).collect();
    let longest = calls.iter().map(|call| call.ended - call.began).max().unwrap_or_default();
    let (mut told, mut late) = (0, 0);
    for call in &calls {
        match &call.outcome {
            Outcome::Unknown(trouble) if trouble.code == "UNAVAILABLE" => {
                assert!(trouble.retry_after.is_some(), "nobody said when to try again: {call:?}");
                told += 1;
            }
            // Sent before the outage was complete, or on a machine that was busy otherwise.
            Outcome::Unknown(_) => late += 1,
            Outcome::Refused(code) => assert_eq!(code, "ALREADY_ANSWERED", "{call:?}"),
            Outcome::Done(_) => {}
        }
    }
    report(name, format!("{told} were told to try again, {late} heard nothing, {longest:.1?} at most"));
    assert!(longest < lenient(REFUSED), "{name}: a caller waited for {longest:?}");
    assert!(told >= late * 10, "{late} of {} were not told to try again", calls.len());
    told
}
