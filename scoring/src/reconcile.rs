//! Makes the board equal to the ledger again, whatever happened: gaps, lost keys, lost calls,
//! restored backups, processes that died in between.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use services::{health::Health, shutdown::Shutdown};
use tokio::{
    sync::{Semaphore, oneshot},
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    board::{self, Applied, Board, BoardId, Change, Found, Phase, Version},
    config::bounds::{
        COMPARED_AFTER_CHANGE, GAP_PAUSES, KEPT_AT_REST, RESTORE_ROUNDS, RESTORED_AT_ONCE, SWEEP_EVERY,
    },
    ids::QuizId,
    ledger::{self, Effect, Ledger},
    metrics,
    quiz::Status,
};

/// Makes boards equal to the ledger, each by one task at a time.
#[derive(Clone)]
pub(crate) struct Reconciler {
    ledger: Arc<dyn Ledger>,
    board: Arc<dyn Board>,
    shutdown: Shutdown,
    under_way: Arc<Mutex<HashMap<BoardId, Work>>>,
    places: Arc<Semaphore>,
}

/// Those who wait for a board to be equal: each is dropped when it is, or cannot be made so now.
pub(crate) type Waiting = Vec<oneshot::Sender<()>>;

/// One board being worked on.
#[derive(Default)]
struct Work {
    /// Somebody asked meanwhile: look once more afterwards.
    again: bool,
    waiting: Waiting,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    #[error(transparent)]
    Board(#[from] board::Error),
}

impl Reconciler {
    pub(crate) fn new(ledger: Arc<dyn Ledger>, board: Arc<dyn Board>, shutdown: Shutdown) -> Self {
        let places = Arc::new(Semaphore::new(RESTORED_AT_ONCE));
        Self { ledger, board, shutdown, under_way: Arc::default(), places }
    }

    /// Tries a change again that found a gap, then reads from the ledger what is missing.
    pub(crate) fn gap(&self, change: Change, waiting: Waiting) {
        metrics::gap_found();
        let this = self.clone();
        self.shutdown.spawn(async move {
            for pause in GAP_PAUSES {
                sleep(pause).await;
                match this.board.apply(std::slice::from_ref(&change)).await.as_deref() {
                    Ok([Applied::Gap(_)]) => {}
                    Ok([Applied::Missing]) | Err(_) => break,
                    Ok(_) => return metrics::gap_healed("waiting"),
                }
            }
            this.restore(change.board, waiting);
        });
    }

    /// Makes a board equal, in the background. Asked again meanwhile, it looks once more.
    pub(crate) fn restore(&self, board: BoardId, waiting: Waiting) {
        match self.under_way().entry(board.clone()) {
            Entry::Occupied(mut entry) => {
                let work = entry.get_mut();
                work.again = true;
                work.waiting.extend(waiting);
                return;
            }
            Entry::Vacant(entry) => entry.insert(Work { again: false, waiting }),
        };
        let this = self.clone();
        self.shutdown.spawn(async move {
            tokio::select! {
                () = this.work_on(board) => {}
                () = this.shutdown.begun() => {}
            }
        });
    }

    async fn work_on(&self, board: BoardId) {
        let _place = self.places.acquire().await;
        loop {
            if let Err(error) = self.make_equal(&board).await {
                tracing::debug!(board.id = %board, error = &error as &dyn std::error::Error, "the board stays behind");
            }
            let mut under_way = self.under_way();
            match under_way.get_mut(&board) {
                Some(work) if work.again => work.again = false,
                _ => {
                    under_way.remove(&board);
                    return;
                }
            }
        }
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<BoardId, Work>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn make_equal(&self, board: &BoardId) -> Result<(), Error> {
        for _ in 0..RESTORE_ROUNDS {
            let at = match self.board.find(std::slice::from_ref(board)).await?.pop() {
                Some(Found::Whole(at)) => at,
                _ => return self.rebuild(board).await,
            };
            let stands = match self.ledger.version(board).await {
                Err(ledger::Error::Refused(_)) => return Ok(self.board.forget(board).await?),
                stands => stands?,
            };
            if stands.epoch > at.epoch {
                return self.rebuild(board).await;
            }
            if stands < at {
                tracing::error!(
                    board.id = %board,
                    "the board is ahead of the ledger: after a restore, run `scoring check --new-epoch`"
                );
                return Ok(());
            }
            let change = match self.ledger.changed_since(board, at.seq).await? {
                Effect::None => return Ok(()),
                Effect::Changed(change) => change,
                Effect::Reset(_) => return self.rebuild(board).await,
            };
            let phase = change.phase;
            match self.board.apply(&[change]).await?.as_slice() {
                [Applied::Gap(_)] => {}
                [Applied::Missing] => return self.rebuild(board).await,
                _ => {
                    metrics::gap_healed("ledger");
                    self.settled(board, phase).await;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The claim comes before the snapshot: whoever rebuilds after us reads a later one.
    async fn rebuild(&self, board: &BoardId) -> Result<(), Error> {
        let Some(claim) = self.board.claim(board).await? else { return Ok(()) };
        let snapshot = match self.ledger.snapshot(board).await {
            Ok(snapshot) => snapshot,
            Err(ledger::Error::Refused(_)) => return Ok(self.board.forget(board).await?),
            Err(error) => return Err(error.into()),
        };
        let outcome = self.board.replace(&claim, &snapshot).await?;
        metrics::rebuilt(outcome);
        tracing::debug!(board.id = %board, rows = snapshot.rows.len(), ?outcome, "rebuilt a board");
        self.settled(board, snapshot.phase).await;
        Ok(())
    }

    /// Lets a board go a day after the last change of a quiz that nobody answers: the ledger serves
    /// it from then on.
    pub(crate) async fn settled(&self, board: &BoardId, phase: Phase) {
        if matches!(phase.status, None | Some(Status::Started)) {
            return;
        }
        let at = Timestamp::now().saturating_add(KEPT_AT_REST).expect("a span of hours");
        if let Err(error) = self.board.expire(board, at.as_second()).await {
            tracing::debug!(board.id = %board, error = &error as &dyn std::error::Error, "a board at rest has no end yet");
        }
    }

    /// Forgets the board of a quiz that is gone. While that cannot be done it is tried again, in
    /// the background.
    pub(crate) async fn forget(&self, board: BoardId) {
        let Err(error) = self.board.forget(&board).await else { return };
        tracing::warn!(board.id = %board, error = &error as &dyn std::error::Error, "the board of a deleted quiz stays for now");
        let this = self.clone();
        self.shutdown.spawn(async move {
            let trying = async {
                while this.board.forget(&board).await.is_err() {
                    sleep(SWEEP_EVERY).await;
                }
            };
            tokio::select! {
                () = trying => {}
                () = this.shutdown.begun() => {}
            }
        });
    }
}

/// Compares all active boards with the ledger every second, and after a time without that, also at
/// start, all boards of which a change may have been missed.
pub(crate) struct Sweeper {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) board: Arc<dyn Board>,
    pub(crate) reconciler: Reconciler,
    pub(crate) health: Health,
}

impl Sweeper {
    /// Sweeps until the service stops.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let mut beat = interval(SWEEP_EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut known = HashMap::new();
        // Boards at rest that have missed more are gone.
        let mut compared_at = Timestamp::now().saturating_sub(KEPT_AT_REST).expect("a span of hours");
        let mut is_behind = true;
        let (mut ledger_up, mut board_up) = (true, true);
        while shutdown.token().run_until_cancelled(beat.tick()).await.is_some() {
            let compared = self.compare(&known).await;
            let now = Timestamp::now();
            let active = self.ledger.active(lately(now)).await;
            self.report("board", compared.is_ok(), &mut board_up).await;
            self.report("ledger", active.is_ok(), &mut ledger_up).await;
            let (Ok(()), Ok(active)) = (compared, active) else {
                is_behind = true;
                continue;
            };
            known = active.into_iter().collect();
            is_behind = is_behind && self.catch_up(lately(compared_at)).await.is_err();
            if !is_behind {
                compared_at = now;
            }
        }
    }

    /// Reads the board first and the ledger second: a board that is behind what the ledger said a
    /// sweep ago misses something, and one of an older epoch has to go.
    async fn compare(&self, known: &HashMap<BoardId, Version>) -> board::Result<()> {
        let boards: Vec<BoardId> = known.keys().cloned().collect();
        if boards.is_empty() {
            answers(self.board.as_ref()).await?;
        }
        let found = self.board.find(&boards).await?;
        for (board, found) in boards.into_iter().zip(found) {
            let is_equal =
                matches!(found, Found::Whole(at) if known.get(&board).is_none_or(|then| at >= *then));
            if !is_equal {
                self.reconciler.restore(board, Waiting::new());
            }
        }
        Ok(())
    }

    /// Has those boards made equal that are there and behind what happened since `since`, and has
    /// those of subjects compared, which are kept for ever. The others come back when somebody looks.
    async fn catch_up(&self, since: Timestamp) -> Result<(), Error> {
        let (boards, stand): (Vec<_>, Vec<_>) = self.ledger.active(since).await?.into_iter().unzip();
        let found = self.board.find(&boards).await?;
        for ((board, stands), found) in boards.into_iter().zip(stand).zip(found) {
            if matches!(found, Found::Whole(at) if at < stands) {
                self.reconciler.restore(board, Waiting::new());
            }
        }
        let subjects = self.ledger.subjects(&[]).await?.into_iter();
        let boards: Vec<BoardId> = subjects.map(|subject| BoardId::Subject(subject.code)).collect();
        for (board, found) in boards.iter().zip(self.board.find(&boards).await?) {
            if let Found::Whole(_) = found {
                self.reconciler.restore(board.clone(), Waiting::new());
            }
        }
        Ok(())
    }

    /// Reports a store's state, and logs when it changes.
    async fn report(&self, store: &'static str, is_up: bool, was_up: &mut bool) {
        match (*was_up, is_up) {
            (true, false) => tracing::error!(store, "a store is away"),
            (false, true) => tracing::info!(store, "a store is back"),
            _ => {}
        }
        *was_up = is_up;
        metrics::store(store, is_up);
        self.health.part(store, is_up).await;
    }
}

/// From when on changes are looked at to have missed none up to this moment: clocks differ, and
/// what failed is tried again.
fn lately(now: Timestamp) -> Timestamp {
    now.saturating_sub(COMPARED_AFTER_CHANGE).expect("a span of minutes")
}

/// Learns whether a board store answers, by asking for a board that does not exist.
pub(crate) async fn answers(board: &dyn Board) -> board::Result<()> {
    board.find(&[BoardId::Quiz(QuizId::random())]).await.map(drop)
}
