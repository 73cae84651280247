//! A backup of a running system, restored into an empty database, goes on in a new epoch.

use std::time::Duration;

use faults::{
    cluster::{Signal, scoring_program},
    history::Viewer,
    stores::Stores,
};

use crate::scene::{Scene, Size, assert_all_stayed, lenient, report, roomy};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restore_and_a_new_epoch_everybody_follows_the_restored_ledger() {
    let mut scene = Scene::begun(roomy(), Size { quizzes: 1, ..Size::from_env() }).await;
    let quiz = scene.games[0].quiz.clone();
    scene.play();
    scene.percent_played(50).await;
    let dumped_at = scene.stopwatch.now();
    let dump = scene.cluster.postgres.dump();
    scene.played().await;
    scene.viewers_catch_up(lenient(SECOND)).await;
    let lost = scene.stores.ledger(&quiz).await.unwrap();

    for process in &mut scene.cluster.scoring {
        process.signal(Signal::Terminate);
        assert!(process.ends_within(SECOND * 30).await, "it does not end on SIGTERM");
    }
    let url = scene.cluster.postgres.restore("restored", &dump);
    let settings = [("LEDGER_URL", url.clone()), ("BOARD_URL", scene.cluster.redis.url())];
    let check = scoring_program(&settings).unwrap().args(["check", "--new-epoch"]).output().await.unwrap();
    report(
        "restore",
        format!("check --new-epoch: {}, {}", check.status, String::from_utf8_lossy(&check.stdout)),
    );
    for replica in [0, 1] {
        scene.cluster.scoring[replica].set("LEDGER_URL", &url);
        scene.cluster.restart_scoring(replica).await.unwrap();
    }
    let restored_at = scene.stopwatch.now();
    scene.stores = Stores::at(&url, &scene.cluster.redis.url()).unwrap();
    let ledger = scene.stores.ledger(&quiz).await.unwrap();
    assert!(ledger.epoch > lost.epoch, "epoch {} after {}", ledger.epoch, lost.epoch);
    assert!(ledger.answers.len() < lost.answers.len(), "nothing was answered after the dump");
    scene.games[0].forgets(dumped_at..restored_at, &ledger);
    let follows = |viewer: &Viewer| {
        let last = viewer.sightings().last();
        last.is_some_and(|last| last.frame.epoch == ledger.epoch && last.frame.version >= ledger.last_seq)
    };
    let seen = scene.games[0].crowd.until(lenient(5 * SECOND), follows).await.unwrap();
    report("restore", format!("seen after {seen:.1?}"));

    // Players who send everything again lose nothing: what was lost with the backup counts anew.
    scene.play_again();
    scene.played().await;
    let ledger = scene.stores.ledger(&quiz).await.unwrap();
    assert_eq!(ledger.answers.len(), lost.answers.len());
    let histories = scene.reckon("restore", 5 * SECOND).await;
    assert_all_stayed(&histories);
}
