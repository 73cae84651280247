//! Browsers that do not behave: each is told so, nothing grows, and nobody else notices.

use std::time::{Duration, Instant};

use faults::{
    clients::{End, Rude},
    cluster::Cluster,
    proxy::Proxy,
};
use tokio::time::{MissedTickBehavior, interval};

use crate::scene::{Scene, Size, assert_unharmed, report, roomy};

const MIB: u64 = 1 << 20;

/// They keep at it for so long: what grows would grow within it.
const AT_IT: Duration = Duration::from_secs(60);

/// Longer than a socket that says nothing is borne.
const OUT_OF_REACH: Duration = Duration::from_secs(75);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_that_do_not_behave_harm_nobody() {
    // Frames of a hundred rows, so that somebody who does not read is soon full.
    let size = Size { seats: 100, seconds: 90, ..Size::from_env() };
    let scene = Scene::begun(roomy(), size).await;
    let rude = Rude {
        gateway: scene.cluster.gateways[0].address(),
        quiz: scene.games[0].quiz.clone(),
        participant: scene.games[0].answers[0].participant.clone(),
    };
    scene.play();
    scene.percent_played(10).await;
    let before = memory(&scene.cluster);
    let vanishing = async {
        let link = Proxy::open(vec![rude.gateway]).await.unwrap();
        let through = Rude { gateway: link.address(), ..rude.clone() };
        let end = through.vanish(&link, OUT_OF_REACH).await.unwrap();
        report("half open", format!("{end:?}"));
        assert!(matches!(end, End::Told(1013) | End::Cut), "{end:?}");
    };
    let (rounds, (), ()) = tokio::join!(misbehave(&rude), doze(&rude), vanishing);
    let crowd = rude.crowd_in(1000).await.unwrap();
    let after = memory(&scene.cluster);
    report("rude browsers", format!("{rounds} rounds; with {} sockets more: {after:?}", crowd.len()));
    for ((name, before), (_, after)) in before.into_iter().zip(after) {
        assert!(after <= before / 10 * 11 + 16 * MIB, "{name} grew from {before} to {after} bytes");
    }
    drop(crowd);
    scene.played().await;
    let histories = scene.reckon("rude browsers", Duration::from_secs(1)).await;
    histories.iter().for_each(|history| assert_unharmed("rude browsers", history, |_| true));
}

/// Does what no browser should, a thousand messages a second and all else as often; tells how often.
async fn misbehave(rude: &Rude) -> u32 {
    let (began, mut rounds, mut beat) = (Instant::now(), 0, interval(Duration::from_secs(1)));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while began.elapsed() < AT_IT {
        beat.tick().await;
        assert_eq!(rude.flood(1000).await.unwrap(), End::Told(1008), "1000 messages at once");
        assert_eq!(rude.shout(5000).await.unwrap(), End::Told(1009), "5000 bytes in one message");
        assert!(matches!(rude.babble().await.unwrap(), End::Told(1002) | End::Cut), "no WebSocket frame");
        assert_eq!(rude.mumble().await.unwrap(), End::Cut, "no HTTP");
        for is_announced in [true, false] {
            let (status, taken) = rude.upload(1 << 30, is_announced).await.unwrap();
            assert_eq!(status, Some(413), "after {taken} bytes of 1 GiB");
            assert!(taken < 64 << 20, "{taken} bytes of 1 GiB were taken");
        }
        rounds += 1;
    }
    rounds
}

/// Reads nothing for a while, again and again, and then looks what became of it.
async fn doze(rude: &Rude) {
    let (began, mut told) = (Instant::now(), 0);
    // A socket counts as stalled 5 s after its buffers are full, and has 2 s more to hear of it.
    for seconds in (6..10).cycle() {
        match rude.doze(Duration::from_secs(seconds)).await.unwrap() {
            End::Told(1013) => told += 1,
            End::Cut => {}
            end => panic!("{end:?}"),
        }
        if began.elapsed() > AT_IT {
            break;
        }
    }
    report("rude browsers", format!("{told} who did not read were told so"));
    assert!(told > 0, "nobody who did not read for some seconds was told so");
}

/// What each process holds in memory, in bytes.
fn memory(cluster: &Cluster) -> Vec<(String, u64)> {
    let named = |(kind, processes): (&'static str, _)| {
        let processes: &[faults::cluster::Process] = processes;
        processes.iter().enumerate().map(move |(number, process)| {
            (format!("{kind} {number}"), process.memory_bytes().expect("it runs"))
        })
    };
    [("gateway", &*cluster.gateways), ("scoring", &*cluster.scoring)].into_iter().flat_map(named).collect()
}
