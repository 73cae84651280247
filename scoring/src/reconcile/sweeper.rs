//! Looks for boards that differ from the ledger although nobody said so.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use services::{health::Health, shutdown::Shutdown};
use tokio::time::{MissedTickBehavior, interval};

use super::{Error, Reconciler, Waiting, answers};
use crate::{
    board::{self, Board, BoardId, Found, Version},
    config::bounds::{COMPARED_AFTER_CHANGE, KEPT_AT_REST, SWEEP_EVERY},
    ledger::{self, Ledger},
    metrics,
};

/// Compares all active boards with the ledger every second, and after a time without that, also at
/// start, all boards of which a change may have been missed.
pub(crate) struct Sweeper {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) board: Arc<dyn Board>,
    pub(crate) reconciler: Reconciler,
    pub(crate) health: Health,
}

/// What a sweep leaves for the next one.
pub(super) struct Seen {
    /// Where active boards stood in the ledger.
    known: HashMap<BoardId, Version>,
    /// The last sweep that missed nothing, by the ledger's clock; none before the first.
    compared_at: Option<Timestamp>,
    /// Some sweep since then could not be made.
    is_behind: bool,
    ledger_up: bool,
    board_up: bool,
}

impl Default for Seen {
    fn default() -> Self {
        Self { known: HashMap::new(), compared_at: None, is_behind: true, ledger_up: true, board_up: true }
    }
}

impl Sweeper {
    /// Sweeps until the service stops.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let mut beat = interval(SWEEP_EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = Seen::default();
        while shutdown.token().run_until_cancelled(beat.tick()).await.is_some() {
            self.sweep(&mut seen).await;
        }
    }

    pub(super) async fn sweep(&self, seen: &mut Seen) {
        let compared = self.compare(&seen.known).await;
        let active = self.active().await;
        self.report("board", compared.is_ok(), &mut seen.board_up).await;
        self.report("ledger", active.is_ok(), &mut seen.ledger_up).await;
        seen.is_behind |= compared.is_err() || active.is_err();
        let Ok((now, active)) = active else { return };
        // Also while some boards cannot be asked for: the others are compared with it.
        seen.known = active.into_iter().collect();
        if compared.is_err() {
            return;
        }
        // Boards at rest that have missed more are gone.
        let compared_at = seen.compared_at.unwrap_or_else(|| before(now, KEPT_AT_REST));
        seen.is_behind = seen.is_behind && self.catch_up(lately(compared_at)).await.is_err();
        if !seen.is_behind {
            seen.compared_at = Some(now);
        }
    }

    /// The ledger's time, and where active boards stand then or later.
    async fn active(&self) -> ledger::Result<(Timestamp, Vec<(BoardId, Version)>)> {
        let now = self.ledger.now().await?;
        Ok((now, self.ledger.active(lately(now)).await?))
    }

    /// Reads the board first and the ledger second: a board that is behind what the ledger said a
    /// sweep ago misses something, and one of an older epoch has to go.
    async fn compare(&self, known: &HashMap<BoardId, Version>) -> board::Result<()> {
        let boards: Vec<BoardId> = known.keys().cloned().collect();
        if boards.is_empty() {
            answers(self.board.as_ref()).await?;
        }
        let found = self.board.find(&boards).await;
        let mut outcome = Ok(());
        for (board, found) in boards.into_iter().zip(found) {
            match found {
                Ok(Found::Whole(at)) if known.get(&board).is_none_or(|then| at >= *then) => {}
                Ok(_) => self.reconciler.restore(board, Waiting::new()),
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    /// Has those boards made equal that are there and behind what happened since `since`, and has
    /// those of subjects compared, which are kept for ever. The others come back when somebody looks.
    async fn catch_up(&self, since: Timestamp) -> Result<(), Error> {
        let (boards, stand): (Vec<_>, Vec<_>) = self.ledger.active(since).await?.into_iter().unzip();
        let found = self.board.find(&boards).await;
        for ((board, stands), found) in boards.into_iter().zip(stand).zip(found) {
            if matches!(found?, Found::Whole(at) if at < stands) {
                self.reconciler.restore(board, Waiting::new());
            }
        }
        let subjects = self.ledger.subjects(&[]).await?.into_iter();
        let boards: Vec<BoardId> = subjects.map(|subject| BoardId::Subject(subject.code)).collect();
        for (board, found) in boards.iter().zip(self.board.find(&boards).await) {
            if let Found::Whole(_) = found? {
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

/// From when on changes are looked at to have missed none up to this moment: a commit comes later than
/// its time, and what failed is tried again.
fn lately(now: Timestamp) -> Timestamp {
    before(now, COMPARED_AFTER_CHANGE)
}

fn before(now: Timestamp, span: Duration) -> Timestamp {
    now.saturating_sub(span).expect("a span of time has no months")
}
