//! Two scoring processes and two gateways over one Postgres and one Redis.

use std::time::Duration;

use faults::{clients::Host, cluster::Signal, history::Outcome};

use crate::scene::{Scene, Size, assert_all_stayed, lenient, report, roomy};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_fault_an_answer_given_at_one_replica_is_seen_at_the_other() {
    let scene = Scene::set().await;
    scene.play();
    scene.percent_played(50).await;
    // Answers go in at both replicas in turn, and each gateway looks at one of them.
    let seen = scene.viewers_catch_up(lenient(SECOND)).await;
    report("no fault", format!("seen everywhere after {seen:.1?}"));
    scene.played().await;
    let histories = scene.reckon("no fault", SECOND).await;
    assert_all_stayed(&histories);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_scoring_process_loses_and_doubles_nothing_and_sockets_stay() {
    let mut scene = Scene::set().await;
    scene.play();
    for replica in [0, 1] {
        scene.percent_played(30 + 30 * replica).await;
        scene.cluster.scoring[replica].kill().await;
        let seen = scene.viewers_catch_up(lenient(5 * SECOND)).await;
        report("scoring killed", format!("right again after {seen:.1?}"));
        scene.cluster.restart_scoring(replica).await.unwrap();
    }
    scene.played().await;
    let histories = scene.reckon("scoring killed", 5 * SECOND).await;
    assert_all_stayed(&histories);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_all_scoring_processes_are_away_frames_are_marked_as_stale() {
    let mut scene = Scene::set().await;
    scene.play();
    scene.percent_played(30).await;
    for process in &mut scene.cluster.scoring {
        process.kill().await;
    }
    for game in &scene.games {
        let is_stale =
            |viewer: &faults::history::Viewer| viewer.sightings().last().is_some_and(|last| last.stale);
        game.crowd.until(lenient(5 * SECOND), is_stale).await.unwrap();
    }
    for replica in [0, 1] {
        scene.cluster.restart_scoring(replica).await.unwrap();
    }
    let seen = scene.viewers_catch_up(lenient(5 * SECOND)).await;
    report("all scoring killed", format!("right again after {seen:.1?}"));
    scene.played().await;
    let histories = scene.reckon("all scoring killed", 5 * SECOND).await;
    assert_all_stayed(&histories);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminated_scoring_process_finishes_what_it_began() {
    let mut scene = Scene::set().await;
    scene.play();
    scene.percent_played(40).await;
    scene.cluster.scoring[0].signal(Signal::Terminate);
    assert!(scene.cluster.scoring[0].ends_within(SECOND * 30).await, "it does not end on SIGTERM");
    let seen = scene.viewers_catch_up(lenient(5 * SECOND)).await;
    report("scoring terminated", format!("right again after {seen:.1?}"));
    scene.cluster.restart_scoring(0).await.unwrap();
    scene.played().await;
    let histories = scene.reckon("scoring terminated", 5 * SECOND).await;
    assert_all_stayed(&histories);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_and_an_end_at_one_replica_are_obeyed_by_the_other_at_once() {
    let mut scene = Scene::gathered(roomy(), Size { quizzes: 1, ..Size::from_env() }).await;
    let [one, other] =
        [0, 1].map(|replica| Host::at(scene.cluster.scoring[replica].address(), scene.stopwatch));
    scene.play();
    let game = &mut scene.games[0];
    let all = game.answers.len();
    game.until(|progress| progress.tried >= all / 4).await;
    let start = one.start(&game.quiz).await;
    game.history.starts.push(start);
    game.until(|progress| progress.acknowledged >= all / 4).await;
    let end = other.end(&game.quiz).await;
    assert!(matches!(&end.outcome, Outcome::Done(ended) if !ended.rows.is_empty()), "{end:?}");
    game.history.ends.push(end);
    scene.played().await;
    // The checker compares the final results with all that was acknowledged before and after.
    scene.reckon("start and end", SECOND).await;
}
