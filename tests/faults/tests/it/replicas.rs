//! Two scoring processes and two gateways over one Postgres and one Redis.

use std::time::Duration;

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_fault_every_promise_holds_at_every_replica() {
    let scene = Scene::set().await;
    scene.play().await;
    scene.reckon("no fault", Duration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flushall_under_load_is_healed_unseen() {
    let scene = Scene::set().await;
    let breaking = async {
        scene.percent_played(40).await;
        scene.stores.flush().await.unwrap();
        let healed = scene.boards_catch_up(Duration::from_secs(20)).await;
        crate::scene::report("FLUSHALL", &format!("healed after {healed:.1?}"));
    };
    tokio::join!(scene.play(), breaking);
    scene.reckon("FLUSHALL", Duration::from_secs(2)).await;
}
