//! The clock of one process jumps by an hour: one clock decides, and it is the ledger's.

use std::time::{Duration, SystemTime};

use faults::{clients::Reader, cluster::Shape};
use tokio::time::{Instant, sleep};

use crate::scene::{Scene, Size, assert_all_stayed, assert_unharmed, lenient, report, roomy};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: i64 = 3600;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_by_an_hour_changes_no_version_no_rank_and_no_end() {
    let shape = Shape { has_own_clocks: true, ..roomy() };
    let size = Size { viewers: 12, ..Size::from_env() };
    let scene = Scene::begun(shape, size).await;
    let reader = Reader::at(scene.cluster.scoring[0].address());
    scene.play();
    for (step, hours) in [1, -1, 0].into_iter().enumerate() {
        scene.percent_played(15 + 25 * step).await;
        // The quizzes last for an hour: by this clock they are over.
        scene.cluster.scoring[0].set_clock(hours * HOUR);
        scene.cluster.gateways[0].set_clock(hours * HOUR);
        let (quiz, until) = (&scene.games[0].quiz, Instant::now() + lenient(SECOND));
        while (reader.off_by(quiz, SystemTime::now()).await.unwrap() - hours * HOUR).abs() > HOUR / 2 {
            assert!(Instant::now() < until, "the jump does not arrive");
            sleep(SECOND / 20).await;
        }
        // Longer than a sweep for quizzes that are past their time.
        sleep(SECOND * 2).await;
        let seen = scene.viewers_catch_up(lenient(SECOND)).await;
        report("clock", format!("{hours} h off: seen everywhere after {seen:.1?}"));
    }
    scene.played().await;
    for game in &scene.games {
        let outcome = scene.stores.outcome(&game.quiz).await.unwrap();
        assert_eq!(outcome.ends, 0, "a quiz was ended by a clock that is not the ledger's");
    }
    let histories = scene.reckon("clock", SECOND).await;
    assert_all_stayed(&histories);
    histories.iter().for_each(|history| assert_unharmed("clock", history, |_| true));
}
