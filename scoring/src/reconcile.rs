//! Makes the board equal to the ledger again, whatever happened: gaps, lost keys, lost calls,
//! restored backups, processes that died in between. Times are the ledger's: the clock of this process
//! is never asked.

mod sweeper;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, hash_map::Entry},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use services::shutdown::Shutdown;
use tokio::{
    sync::{Semaphore, oneshot},
    time::{sleep, timeout},
};

use crate::{
    board::{self, Applied, Board, BoardId, Change, Claim, Found},
    config::bounds::{CLAIM_RENEWED_EVERY, GAP_PAUSES, RESTORE_ROUNDS, RESTORED_AT_ONCE, SWEEP_EVERY},
    ids::QuizId,
    ledger::{self, Effect, Ledger},
    metrics,
};

pub(crate) use sweeper::Sweeper;

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
                match this.board.apply(std::slice::from_ref(&change)).await.as_slice() {
                    [Ok(Applied::Gap(_))] => {}
                    [Ok(Applied::Missing) | Err(_)] => break,
                    _ => return metrics::gap_healed("waiting"),
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
            let at = match self.board.find(std::slice::from_ref(board)).await.pop().transpose()? {
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
            match self.board.apply(&[change]).await.pop().transpose()? {
                Some(Applied::Gap(_)) => {}
                Some(Applied::Missing) => return self.rebuild(board).await,
                _ => {
                    metrics::gap_healed("ledger");
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The claim comes before the snapshot: whoever rebuilds after us reads a later one.
    async fn rebuild(&self, board: &BoardId) -> Result<(), Error> {
        let Some(claim) = self.board.claim(board).await? else { return Ok(()) };
        let snapshot = match kept(self.board.as_ref(), &claim, self.ledger.snapshot(board)).await {
            Some(Ok(snapshot)) => snapshot,
            Some(Err(ledger::Error::Refused(_))) => return Ok(self.board.forget(board).await?),
            Some(Err(error)) => return Err(error.into()),
            None => return Ok(()),
        };
        let outcome = self.board.replace(&claim, &snapshot).await?;
        metrics::rebuilt(outcome);
        tracing::debug!(board.id = %board, rows = snapshot.rows.len(), ?outcome, "rebuilt a board");
        Ok(())
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

/// Keeps a claim while something else is done under it. Once it is found to be lost, that is given up.
async fn kept<T>(board: &dyn Board, claim: &Claim, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    loop {
        let done = timeout(CLAIM_RENEWED_EVERY, &mut work).await;
        // Also at the end, so that all of it is left for what comes next. A board store that does not
        // answer now may do so the next time.
        if let Ok(false) = board.renew(claim).await {
            return None;
        }
        if let Ok(done) = done {
            return Some(done);
        }
    }
}

/// Learns whether a board store answers, by asking for a board that does not exist.
pub(crate) async fn answers(board: &dyn Board) -> board::Result<()> {
    board.find(&[BoardId::Quiz(QuizId::random())]).await.pop().transpose().map(drop)
}
