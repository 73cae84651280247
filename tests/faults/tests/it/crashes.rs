//! A scoring process crashes between two steps that belong together: nothing is lost or doubled,
//! sockets stay, and everything is right again soon.

use std::time::{Duration, Instant};

use faults::{clients::Host, history::Outcome};

use crate::scene::{Scene, Size, assert_all_stayed, lenient, report, roomy};

const SECOND: Duration = Duration::from_secs(1);

/// Within this everything is right again.
const PROMISED: Duration = Duration::from_secs(5);

/// How long a crash may be waited for.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_around_a_commit_and_its_board_loses_and_doubles_nothing_and_sockets_stay() {
    let mut scene = Scene::set().await;
    scene.play();
    for (step, place) in ["committed", "acknowledged", "applied", "loaded"].into_iter().enumerate() {
        scene.percent_played(10 + 20 * step).await;
        scene.arm(place).await;
        let until = Instant::now() + PATIENCE;
        while !scene.cluster.scoring[0].ends_within(SECOND / 10).await {
            assert!(Instant::now() < until, "it never came to {place}");
            if place == "loaded" {
                // The other replica may be the one that rebuilds; then once more.
                scene.stores.flush().await.unwrap();
            }
        }
        let seen = scene.viewers_catch_up(lenient(PROMISED)).await;
        let equal = scene.boards_catch_up(lenient(PROMISED)).await;
        report("crash", format!("{place}: right again after {seen:.1?}, in Redis {equal:.1?} later"));
        scene.disarm().await;
    }
    scene.played().await;
    let histories = scene.reckon("crash", PROMISED).await;
    assert_all_stayed(&histories);
    let unsure = histories.iter().flat_map(|history| &history.answers);
    let unsure = unsure.filter(|call| matches!(call.outcome, Outcome::Unknown(_))).count();
    assert!(unsure > 0, "nobody was left without a reply: the crashes harmed nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_inside_the_end_of_a_quiz_ends_it_once_for_everybody() {
    let mut scene = Scene::begun(roomy(), Size { quizzes: 1, ..Size::from_env() }).await;
    let quiz = scene.games[0].quiz.clone();
    let other = Host::at(scene.cluster.scoring[1].address(), scene.stopwatch);
    for user in ["ada", "bob", "cyd"] {
        let join = other.seat_user(&quiz, user).await;
        assert!(join.outcome.done().is_some(), "{join:?}");
        scene.games[0].history.joins.push(join);
    }
    scene.play();
    scene.played().await;
    // Before the commit, and after it but before anybody has heard of it. The other replica would
    // settle what is ended, so it is gone by then.
    for place in ["ending", "ended"] {
        if place == "ended" {
            scene.cluster.scoring[1].kill().await;
        }
        scene.arm(place).await;
        let crashing = Host::at(scene.cluster.scoring[0].address(), scene.stopwatch);
        let end = crashing.end(&quiz).await;
        assert!(matches!(end.outcome, Outcome::Unknown(_)), "{end:?}");
        assert!(scene.cluster.scoring[0].ends_within(PATIENCE).await, "it never came to {place}");
        scene.games[0].history.ends.push(end);
    }
    scene.arm("settling").await;
    assert!(scene.cluster.scoring[0].ends_within(PATIENCE).await, "it never came to settling");
    scene.disarm().await;
    scene.cluster.restart_scoring(1).await.unwrap();
    let seen = scene.viewers_catch_up(lenient(PROMISED)).await;
    report("crash", format!("inside the end: right again after {seen:.1?}"));

    let until = Instant::now() + lenient(PROMISED);
    while scene.stores.outcome(&quiz).await.unwrap().told == 0 {
        assert!(Instant::now() < until, "nobody was told of the sessions");
        tokio::time::sleep(SECOND / 20).await;
    }
    let outcome = scene.stores.outcome(&quiz).await.unwrap();
    assert_eq!((outcome.ends, outcome.sessions, outcome.told), (1, 3, 1), "ends, sessions, events");
    scene.reckon("crash inside the end", PROMISED).await;
}

impl Scene {
    /// Starts the first replica again so that it ends when it comes to this place, which may be
    /// before it serves.
    async fn arm(&mut self, place: &str) {
        self.cluster.scoring[0].set("FAIL_AT", place);
        self.cluster.scoring[0].restart().await.unwrap();
    }

    /// Starts the first replica again so that it passes everywhere.
    async fn disarm(&mut self) {
        self.cluster.scoring[0].unset("FAIL_AT");
        self.cluster.restart_scoring(0).await.unwrap();
    }
}
