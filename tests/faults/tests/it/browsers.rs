//! Browsers that do not behave: each is told so, nothing grows, and nobody else notices.

use std::time::{Duration, Instant};

use faults::{
    clients::{End, Rude},
    proxy::Proxy,
};

use crate::scene::{Scene, Size, assert_unharmed, report, roomy, scale};

const MIB: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_that_do_not_behave_harm_nobody() {
    // Frames of a hundred rows, so that somebody who does not read is soon full.
    let size = Size::from_env();
    let size = Size { seats: 100, seconds: if scale() == 1 { 12 } else { 90 }, ..size };
    let scene = Scene::begun(roomy(), size).await;
    let rude = Rude {
        gateway: scene.cluster.gateways[0].address(),
        quiz: scene.games[0].quiz.clone(),
        participant: scene.games[0].answers[0].participant.clone(),
    };
    scene.play();
    scene.percent_played(10).await;
    let memory = || scene.cluster.gateways[0].memory_bytes().expect("it runs");
    let before = memory();

    let dozing = async {
        let began = Instant::now();
        let end = rude.doze(Duration::from_secs(15)).await.unwrap();
        report("stops reading", format!("{end:?} after {:.1?}", began.elapsed()));
        // Whoever does not read for long may miss the word, but not the end.
        assert!(matches!(end, End::Told(1013) | End::Cut), "{end:?}");
    };
    let rude_ones = async {
        assert_eq!(rude.flood(1000).await.unwrap(), End::Told(1008), "1000 messages at once");
        assert_eq!(rude.shout(5000).await.unwrap(), End::Told(1009), "5000 bytes in one message");
        assert!(matches!(rude.babble().await.unwrap(), End::Told(1002) | End::Cut), "no WebSocket frame");
        assert_eq!(rude.mumble().await.unwrap(), End::Cut, "no HTTP");
        let bytes = if scale() == 1 { 100 << 20 } else { 1 << 30 };
        let (status, taken) = rude.upload(bytes).await.unwrap();
        report("upload", format!("{status:?} after {taken} of {bytes} bytes"));
        assert_eq!(status, Some(413));
        assert!(taken < bytes / 4, "{taken} bytes were taken");
        let sockets = rude.crowd_in(if scale() == 1 { 100 } else { 1000 }).await.unwrap();
        report("many sockets", format!("{} MiB with {} more", memory() / MIB, sockets.len()));
    };
    let vanishing = async {
        // Silence is borne for a minute, which an everyday run has not; there a test of the socket
        // itself tries it with a clock that it moves.
        if scale() > 1 {
            let link = Proxy::open(vec![rude.gateway]).await.unwrap();
            let through = Rude { gateway: link.address(), ..rude.clone() };
            let end = through.vanish(&link, Duration::from_secs(75)).await.unwrap();
            report("half open", format!("{end:?}"));
            assert!(matches!(end, End::Told(1013) | End::Cut), "{end:?}");
        }
    };
    tokio::join!(dozing, rude_ones, vanishing);

    let after = memory();
    report("rude browsers", format!("{} MiB before, {} MiB after", before / MIB, after / MIB));
    assert!(after <= before / 10 * 11 + 16 * MIB, "the gateway grew from {before} to {after} bytes");
    scene.played().await;
    let histories = scene.reckon("rude browsers", Duration::from_secs(1)).await;
    histories.iter().for_each(|history| assert_unharmed("rude browsers", history, |_| true));
}
