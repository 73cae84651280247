//! Faults at random, one after another: what nobody thought of breaking together.

use std::time::Duration;

use faults::{cluster::Signal, proxy::Mode};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tokio::time::sleep;

use crate::scene::{LENIENCE, Scene, Size, report, roomy, scale};

const SECOND: Duration = Duration::from_secs(1);

/// What can be broken.
#[derive(Debug, Clone, Copy)]
enum Fault {
    KillScoring,
    FreezeScoring,
    TerminateScoring,
    KillGateway,
    KillRedis,
    FreezeRedis,
    FlushRedis,
    KillPostgres,
    FreezePostgres,
    Link(Ends, Mode),
}

#[derive(Debug, Clone, Copy)]
enum Ends {
    ScoringAndPostgres,
    ScoringAndRedis,
    GatewayAndScoring,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_faults_break_no_promise() {
    let seed = std::env::var("FAULTS_SEED").map_or_else(
        |_| rand::random(),
        |seed| seed.parse().expect("FAULTS_SEED is a number, as an earlier run printed it"),
    );
    report("chaos", format!("FAULTS_SEED={seed}"));
    let mut random = StdRng::seed_from_u64(seed);
    let size = Size::from_env();
    let mut scene = Scene::begun(roomy(), Size { seconds: size.seconds * 3, ..size }).await;
    scene.play();
    for _ in 0..5 * scale() {
        let fault = draw(&mut random);
        let which = random.random_range(0..2);
        let lasting = Duration::from_millis(random.random_range(50..1500));
        report("chaos", format!("{fault:?} of number {which} for {lasting:.1?} (seed {seed})"));
        scene.suffer(fault, which, lasting).await;
        sleep(Duration::from_millis(random.random_range(0..1000))).await;
    }
    scene.played().await;
    let seen = scene.viewers_catch_up(5 * SECOND * LENIENCE).await;
    report("chaos", format!("right again after {seen:.1?}"));
    scene.boards_catch_up(2 * SECOND * LENIENCE).await;
    scene.reckon(&format!("chaos of seed {seed}"), 5 * SECOND).await;
}

fn draw(random: &mut StdRng) -> Fault {
    let ends = [Ends::ScoringAndPostgres, Ends::ScoringAndRedis, Ends::GatewayAndScoring];
    let modes = [
        Mode::Cut,
        Mode::Reset,
        Mode::BlackHole,
        Mode::Delay(Duration::from_millis(100)),
        Mode::Slow(20_000),
    ];
    let link = Fault::Link(*ends.choose(random).expect("three"), *modes.choose(random).expect("five"));
    let faults = [
        Fault::KillScoring,
        Fault::FreezeScoring,
        Fault::TerminateScoring,
        Fault::KillGateway,
        Fault::KillRedis,
        Fault::FreezeRedis,
        Fault::FlushRedis,
        Fault::KillPostgres,
        Fault::FreezePostgres,
        link,
        link,
        link,
    ];
    *faults.choose(random).expect("some")
}

impl Scene {
    /// Breaks something, waits, and mends it.
    async fn suffer(&mut self, fault: Fault, which: usize, lasting: Duration) {
        let cluster = &mut self.cluster;
        match fault {
            Fault::KillScoring => {
                cluster.scoring[which].kill().await;
                sleep(lasting).await;
                cluster.restart_scoring(which).await.unwrap();
            }
            Fault::FreezeScoring => {
                cluster.scoring[which].signal(Signal::Stop);
                sleep(lasting).await;
                cluster.scoring[which].signal(Signal::Continue);
            }
            Fault::TerminateScoring => {
                cluster.scoring[which].signal(Signal::Terminate);
                assert!(cluster.scoring[which].ends_within(SECOND * 30).await, "it does not end on SIGTERM");
                sleep(lasting).await;
                cluster.restart_scoring(which).await.unwrap();
            }
            Fault::KillGateway => {
                cluster.gateways[which].kill().await;
                sleep(lasting).await;
                cluster.restart_gateway(which).await.unwrap();
            }
            Fault::KillRedis => {
                cluster.redis.kill();
                sleep(lasting).await;
                cluster.redis.restart();
            }
            Fault::FreezeRedis => {
                cluster.redis.pause();
                sleep(lasting).await;
                cluster.redis.resume();
            }
            Fault::FlushRedis => self.stores.flush().await.unwrap(),
            Fault::KillPostgres => {
                cluster.postgres.kill();
                sleep(lasting).await;
                cluster.postgres.restart();
            }
            Fault::FreezePostgres => {
                cluster.postgres.pause();
                sleep(lasting).await;
                cluster.postgres.resume();
            }
            Fault::Link(ends, mode) => {
                let link = match ends {
                    Ends::ScoringAndPostgres => &cluster.to_postgres[which],
                    Ends::ScoringAndRedis => &cluster.to_redis[which],
                    Ends::GatewayAndScoring => &cluster.to_scoring[which],
                };
                link.set(mode);
                sleep(lasting).await;
                link.set(Mode::Pass);
            }
        }
    }
}
