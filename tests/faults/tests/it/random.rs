//! Faults at random, one after another or two at once: what nobody thought of breaking together.

use std::time::{Duration, Instant};

use faults::{
    cluster::{Cluster, Signal},
    proxy::{Mode, Proxy},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tokio::time::sleep;

use crate::scene::{Scene, Size, lenient, report, roomy, scale};

const SECOND: Duration = Duration::from_secs(1);

/// Something broken, and which of two of its kind.
#[derive(Debug, Clone, Copy)]
struct Broken {
    fault: Fault,
    which: usize,
}

/// What can be broken.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    KillScoring,
    CrashScoring(&'static str),
    FreezeScoring,
    TerminateScoring,
    KillGateway,
    TerminateGateway,
    KillRedis,
    FreezeRedis,
    FlushRedis,
    MakeRedisReadOnly,
    KillPostgres,
    FreezePostgres,
    Link(Ends, Mode),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Ends {
    ScoringAndPostgres,
    ScoringAndRedis,
    GatewayAndScoring,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_faults_break_no_promise() {
    let setting = |name| std::env::var(name).ok().map(|value| value.parse::<u64>());
    let seed = setting("FAULTS_SEED").map_or_else(rand::random::<u32>, |seed| {
        u32::try_from(seed.expect("FAULTS_SEED is a number"))
            .expect("FAULTS_SEED is as an earlier run printed it")
    });
    let minutes = setting("FAULTS_MINUTES").map_or(0, |minutes| minutes.expect("FAULTS_MINUTES is a number"));
    let until = Instant::now() + 60 * SECOND * u32::try_from(minutes).expect("FAULTS_MINUTES is small");
    for seed in (0..).map(|round| seed.wrapping_add(round)) {
        let repeat =
            format!("make chaos-at-random FAULTS_SEED={seed} FAULTS_MINUTES=0 FAULTS_SCALE={}", scale());
        report("random faults", format!("to repeat this round: {repeat}"));
        round(seed).await;
        if Instant::now() >= until {
            break;
        }
    }
}

/// Plays quizzes in which one thing after another breaks, and reckons.
async fn round(seed: u32) {
    let mut random = StdRng::seed_from_u64(seed.into());
    let size = Size::from_env();
    let mut scene = Scene::begun(roomy(), Size { seconds: size.seconds * 3, ..size }).await;
    scene.play();
    let turns = 5 * scale();
    let start_again_at = random.random_range(0..turns);
    for turn in 0..turns {
        let broken = draw(&mut random);
        let ms = |random: &mut StdRng, from, to| Duration::from_millis(random.random_range(from..to));
        // One in five outlasts every deadline, the claim of a rebuild, and the time in which a
        // half-open link is found.
        let is_long = random.random_ratio(1, 5);
        let lasting = if is_long { ms(&mut random, 5000, 20_000) } else { ms(&mut random, 50, 1500) };
        let pause = ms(&mut random, 0, 1000);
        report("random faults", format!("{broken:?} for {lasting:.1?}"));
        for broken in &broken {
            scene.suffer(*broken).await;
        }
        if turn == start_again_at {
            report("random faults", "a quiz is ended and started again meanwhile");
            scene.start_again(0, random.random_range(0..2)).await;
        }
        sleep(lasting).await;
        for broken in &broken {
            scene.recover(*broken).await;
        }
        sleep(pause).await;
    }
    scene.played().await;
    let seen = scene.viewers_catch_up(lenient(5 * SECOND)).await;
    report("random faults", format!("right again after {seen:.1?}"));
    scene.boards_catch_up(lenient(2 * SECOND)).await;
    scene.reckon(&format!("random faults of seed {seed}"), 5 * SECOND).await;
}

/// Draws one fault or two at once, of different kinds.
fn draw(random: &mut StdRng) -> Vec<Broken> {
    let one = Broken { fault: draw_fault(random), which: random.random_range(0..2) };
    let other = Broken { fault: draw_fault(random), which: random.random_range(0..2) };
    let is_double = random.random_ratio(1, 3);
    if is_double && one.fault.subject() != other.fault.subject() { vec![one, other] } else { vec![one] }
}

fn draw_fault(random: &mut StdRng) -> Fault {
    let ends = [Ends::ScoringAndPostgres, Ends::ScoringAndRedis, Ends::GatewayAndScoring];
    let modes = [
        Mode::Cut,
        Mode::Reset,
        Mode::BlackHole,
        Mode::Delay(Duration::from_millis(100)),
        Mode::Slow(20_000),
    ];
    let places = ["committed", "acknowledged", "applied", "loaded"];
    let link = Fault::Link(*ends.choose(random).expect("three"), *modes.choose(random).expect("five"));
    let faults = [
        Fault::KillScoring,
        Fault::CrashScoring(places.choose(random).expect("four")),
        Fault::FreezeScoring,
        Fault::TerminateScoring,
        Fault::KillGateway,
        Fault::TerminateGateway,
        Fault::KillRedis,
        Fault::FreezeRedis,
        Fault::FlushRedis,
        Fault::MakeRedisReadOnly,
        Fault::KillPostgres,
        Fault::FreezePostgres,
        link,
        link,
        link,
    ];
    *faults.choose(random).expect("some")
}

impl Fault {
    /// What it befalls. Nothing is broken twice at once: whoever mends the first would mend both.
    fn subject(self) -> &'static str {
        match self {
            Self::KillScoring | Self::CrashScoring(_) | Self::FreezeScoring | Self::TerminateScoring => {
                "scoring"
            }
            Self::KillGateway | Self::TerminateGateway => "gateway",
            Self::KillRedis | Self::FreezeRedis | Self::FlushRedis | Self::MakeRedisReadOnly => "redis",
            Self::KillPostgres | Self::FreezePostgres => "postgres",
            Self::Link(..) => "link",
        }
    }
}

impl Scene {
    /// Breaks something.
    async fn suffer(&mut self, Broken { fault, which }: Broken) {
        let cluster = &mut self.cluster;
        match fault {
            Fault::KillScoring => cluster.scoring[which].kill().await,
            Fault::CrashScoring(place) => {
                // It may come to the place or not: either is a fault.
                cluster.scoring[which].set("FAIL_AT", &format!("{place}:3"));
                cluster.scoring[which].restart().await.unwrap();
            }
            Fault::FreezeScoring => cluster.scoring[which].signal(Signal::Stop),
            Fault::TerminateScoring => cluster.scoring[which].signal(Signal::Terminate),
            Fault::KillGateway => cluster.gateways[which].kill().await,
            Fault::TerminateGateway => cluster.gateways[which].signal(Signal::Terminate),
            Fault::KillRedis => cluster.redis.kill(),
            Fault::FreezeRedis => cluster.redis.pause(),
            Fault::FlushRedis => self.stores.flush().await.unwrap(),
            Fault::MakeRedisReadOnly => self.stores.make_redis_read_only().await.unwrap(),
            Fault::KillPostgres => cluster.postgres.kill(),
            Fault::FreezePostgres => cluster.postgres.pause(),
            Fault::Link(ends, mode) => link(cluster, ends, which).set(mode),
        }
    }

    /// Mends it. A process that needs its stores to start waits for them by itself.
    async fn recover(&mut self, Broken { fault, which }: Broken) {
        let cluster = &mut self.cluster;
        match fault {
            Fault::KillScoring => cluster.scoring[which].restart().await.unwrap(),
            Fault::CrashScoring(_) => {
                cluster.scoring[which].unset("FAIL_AT");
                cluster.scoring[which].restart().await.unwrap();
            }
            Fault::FreezeScoring => cluster.scoring[which].signal(Signal::Continue),
            Fault::TerminateScoring => {
                assert!(cluster.scoring[which].ends_within(SECOND * 40).await, "it does not end on SIGTERM");
                cluster.scoring[which].restart().await.unwrap();
            }
            Fault::KillGateway => cluster.gateways[which].restart().await.unwrap(),
            Fault::TerminateGateway => {
                assert!(cluster.gateways[which].ends_within(SECOND * 40).await, "it does not end on SIGTERM");
                cluster.gateways[which].restart().await.unwrap();
            }
            Fault::KillRedis => cluster.redis.restart(),
            Fault::FreezeRedis => cluster.redis.resume(),
            Fault::FlushRedis => {}
            Fault::MakeRedisReadOnly => self.stores.make_redis_writable().await.unwrap(),
            Fault::KillPostgres => cluster.postgres.restart(),
            Fault::FreezePostgres => cluster.postgres.resume(),
            Fault::Link(ends, _) => link(cluster, ends, which).set(Mode::Pass),
        }
    }
}

fn link(cluster: &Cluster, ends: Ends, which: usize) -> &Proxy {
    match ends {
        Ends::ScoringAndPostgres => &cluster.to_postgres[which],
        Ends::ScoringAndRedis => &cluster.to_redis[which],
        Ends::GatewayAndScoring => &cluster.to_scoring[which],
    }
}
