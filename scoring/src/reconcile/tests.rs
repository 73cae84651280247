//! Sweeps by hand: what they heal, whatever the clock of this process says and whoever died.

use std::{future::pending, time::Duration};

use servers::{postgres::Postgres, redis::Redis};
use services::health::Health;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::{
    task::yield_now,
    time::{Instant, advance, pause, resume},
};

use super::{sweeper::Seen, *};
use crate::{
    board::{Phase, Snapshot, Version},
    clock::Clock,
    config::bounds::CLAIM_LASTS,
    quiz::{Plan, Question},
};

const HOUR: Duration = Duration::from_hours(1);
/// So much the clock of this process is ahead of the ledger's: more than boards at rest are kept.
const AHEAD: Duration = Duration::from_hours(30);

/// A started quiz, and a sweeper that is asked for each sweep.
struct Scene {
    clock: Clock,
    ledger: Arc<dyn Ledger>,
    sweeper: Sweeper,
    seen: Seen,
    quiz: QuizId,
    _shutdown: Shutdown,
}

impl Scene {
    async fn new(ledger_url: &str, board_url: &str) -> Self {
        let (clock, shutdown) = (Clock::default(), Shutdown::default());
        clock.set_back(AHEAD);
        let ledger = ledger::open(ledger_url, 8, clock.clone()).unwrap();
        ledger.migrate().await.unwrap();
        let board = board::open(board_url, &shutdown).unwrap();
        let reconciler = Reconciler::new(Arc::clone(&ledger), Arc::clone(&board), shutdown.clone());
        let (health, _) = Health::new(&[]).await;
        let sweeper = Sweeper { ledger: Arc::clone(&ledger), board, reconciler, health };

        let quiz = ledger.create("host", &Plan::parse("a quiz", "", "", None).unwrap()).await.unwrap().id;
        let question = Question::parse("why?", &["yes".to_owned(), "no".to_owned()], Some(0), None).unwrap();
        ledger.add_question(quiz, &question).await.unwrap();
        ledger.start(quiz).await.unwrap();
        Self { clock, ledger, sweeper, seen: Seen::default(), quiz, _shutdown: shutdown }
    }

    /// The same with a ledger in this folder.
    async fn beside(folder: &TempDir, board_url: &str) -> Self {
        Self::new(&format!("sqlite:{}", folder.path().join("ledger.db").display()), board_url).await
    }

    /// Sweeps and waits for what comes of it.
    async fn sweep(&mut self) {
        self.sweeper.sweep(&mut self.seen).await;
        while !self.sweeper.reconciler.under_way().is_empty() {
            yield_now().await;
        }
    }

    /// Learns of boards, then compares them.
    async fn sweep_twice(&mut self) {
        self.sweep().await;
        self.sweep().await;
    }

    /// Ends the quiz, and nobody tells the board.
    async fn end_untold(&self) {
        self.ledger.end(self.quiz).await.unwrap();
        assert!(!self.is_equal().await);
    }

    async fn is_equal(&self) -> bool {
        let board = self.id();
        let stands = self.ledger.version(&board).await.unwrap();
        matches!(*self.sweeper.board.find(&[board]).await, [Ok(Found::Whole(at))] if at == stands)
    }

    fn id(&self) -> BoardId {
        BoardId::Quiz(self.quiz)
    }
}

#[tokio::test]
async fn an_end_that_the_board_missed_is_healed_though_this_clock_is_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let mut scene = Scene::beside(&folder, "memory:").await;
    scene.sweep_twice().await;
    assert!(scene.is_equal().await);
    scene.end_untold().await;
    scene.sweep_twice().await;
    assert!(scene.is_equal().await);
}

#[tokio::test]
async fn an_end_that_was_missed_while_the_board_was_away_is_healed_though_this_clock_is_ahead() {
    let (folder, redis) = (tempfile::tempdir().unwrap(), Redis::start());
    let mut scene = Scene::beside(&folder, &redis.url()).await;
    scene.sweep_twice().await;
    redis.pause();
    scene.sweep().await;
    scene.ledger.end(scene.quiz).await.unwrap();
    // So long that only what is caught up with can tell of it.
    scene.clock.advance(2 * HOUR);
    redis.resume();
    while answers(scene.sweeper.board.as_ref()).await.is_err() {
        yield_now().await;
    }
    assert!(!scene.is_equal().await);
    scene.sweep().await;
    assert!(scene.is_equal().await);
}

#[tokio::test]
async fn an_end_that_was_missed_before_the_start_is_healed_though_this_clock_is_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let mut scene = Scene::beside(&folder, "memory:").await;
    scene.sweep_twice().await;
    scene.end_untold().await;
    scene.clock.advance(2 * HOUR);
    scene.seen = Seen::default();
    scene.sweep().await;
    assert!(scene.is_equal().await);
}

#[tokio::test]
async fn a_board_comes_back_three_seconds_after_whoever_rebuilt_it_died() {
    let folder = tempfile::tempdir().unwrap();
    let mut scene = Scene::beside(&folder, "memory:").await;
    scene.sweeper.board.claim(&scene.id()).await.unwrap().expect("nobody else claims it");
    scene.sweep_twice().await;
    assert!(!scene.is_equal().await);
    pause();
    advance(Duration::from_secs(3)).await;
    resume();
    scene.sweep().await;
    assert!(scene.is_equal().await);
}

#[tokio::test]
async fn a_claim_is_kept_while_the_ledger_is_read_for_longer_than_it_lasts() {
    let url = Postgres::shared().fresh_database();
    let scene = Scene::new(&url, "memory:").await;
    let mut lock = PgConnection::connect(&url).await.unwrap();
    let mut locked = lock.begin().await.unwrap();
    sqlx::query("LOCK TABLE participants").execute(&mut *locked).await.unwrap();
    scene.sweeper.reconciler.restore(scene.id(), Waiting::new());
    // The task claims the board before it waits for anything.
    yield_now().await;
    let until = Instant::now() + CLAIM_LASTS + CLAIM_RENEWED_EVERY;
    while Instant::now() < until {
        assert_eq!(scene.sweeper.board.claim(&scene.id()).await.unwrap(), None);
        sleep(Duration::from_millis(50)).await;
    }
    locked.commit().await.unwrap();
    while !scene.sweeper.reconciler.under_way().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(scene.is_equal().await);
}

async fn a_claim() -> (Arc<dyn Board>, Claim) {
    let board = board::open("memory:", &Shutdown::default()).unwrap();
    let claim = board.claim(&BoardId::Quiz(QuizId::random())).await.unwrap().expect("nobody else claims it");
    (board, claim)
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_kept_for_as_long_as_work_takes_and_lasts_from_then_on() {
    let (board, claim) = a_claim().await;
    let long = CLAIM_LASTS * 4 - Duration::from_millis(1);
    assert!(kept(board.as_ref(), &claim, sleep(long)).await.is_some());
    advance(CLAIM_LASTS - Duration::from_millis(1)).await;
    let snapshot = Snapshot {
        board: claim.board.clone(),
        version: Version { epoch: 1, seq: 1 },
        phase: Phase { status: None, run: 0 },
        rows: Vec::new(),
    };
    assert_eq!(board.replace(&claim, &snapshot).await.unwrap(), Applied::Done);
}

#[tokio::test(start_paused = true)]
async fn work_under_a_claim_that_was_lost_is_given_up() {
    let (board, claim) = a_claim().await;
    board.forget(&claim.board).await.unwrap();
    let given_up = timeout(CLAIM_LASTS, kept(board.as_ref(), &claim, pending::<()>())).await;
    assert_eq!(given_up, Ok(None));
}
