//! Reading a board: from the board store, or from the ledger while the board is away.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::anyhow;
use services::telemetry::limit_reached;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use crate::{
    board::{Board, BoardId, Found, Member, Version, View, Window},
    config::bounds::{BELIEVED_AFTER, BELIEVED_AT_ONCE, BELIEVED_FOR, LEDGER_READS, LEDGER_TURN, PAGE},
    ledger::{self, Ledger},
    metrics,
    quiz::Status,
    reconcile::{Reconciler, Waiting},
    turns::Turns,
};

/// Reads boards.
#[derive(Clone)]
pub(crate) struct Views {
    board: Arc<dyn Board>,
    ledger: Arc<dyn Ledger>,
    reconciler: Reconciler,
    ledger_reads: Arc<Semaphore>,
    /// When the ledger was last asked whether there is the quiz of a board.
    believed: Arc<Mutex<HashMap<BoardId, Instant>>>,
    pages: Arc<Turns<Page, Shown>>,
}

/// A board, how many rows to pass over, and how many to show.
type Page = (BoardId, u32, u32);

/// What all who wait for a page are told.
type Shown = Result<Arc<View>, Arc<ledger::Error>>;

/// Where a view was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Board,
    Ledger,
}

impl Views {
    pub(crate) fn new(board: Arc<dyn Board>, ledger: Arc<dyn Ledger>, reconciler: Reconciler) -> Self {
        let ledger_reads = Arc::new(Semaphore::new(LEDGER_READS));
        let pages = Arc::new(Turns::new(PAGE));
        Self { board, ledger, reconciler, ledger_reads, believed: Arc::default(), pages }
    }

    /// Reads a page as [`Self::read`] does. All who ask for the same one at the same time share a
    /// read, which began after they asked.
    ///
    /// # Errors
    /// As there, or if the page was not read in time.
    pub(crate) async fn page(&self, board: &BoardId, offset: u32, limit: u32) -> ledger::Result<Arc<View>> {
        let read = async {
            let view = self.read(board, Window::Page { offset, limit }, &[]).await;
            view.map(|(view, _)| Arc::new(view)).map_err(Arc::new)
        };
        let page = self.pages.read((board.clone(), offset, limit), read).await;
        match page {
            Some(page) => page.map_err(|error| error.for_another()),
            None => {
                limit_reached("ledger.reads");
                Err(ledger::Error::Unavailable(anyhow!("a page was not read in time")))
            }
        }
    }

    /// Reads a window and some members' rows, all of one version.
    ///
    /// # Errors
    /// If there is no such board, or the ledger is needed and away.
    pub(crate) async fn read(
        &self,
        board: &BoardId,
        window: Window,
        members: &[Member],
    ) -> ledger::Result<(View, Source)> {
        let is_missing = match self.board.read(board, window, members).await {
            Ok(Some(view)) => {
                self.must_still_be(board).await?;
                metrics::board_read(Source::Board);
                return Ok((view, Source::Board));
            }
            Ok(None) => true,
            Err(_) => false,
        };
        let view = self.read_ledger(board, window, members).await?;
        // The board of an ended quiz does not come back: the ledger serves it from now on.
        if is_missing && view.phase.status != Some(Status::Ended) {
            self.reconciler.restore(board.clone(), Waiting::new());
        }
        Ok((view, Source::Ledger))
    }

    /// Refuses the board of a quiz that was deleted, and has it forgotten: the board store may have
    /// missed it. While the ledger is away, boards are believed. Subjects are never deleted.
    async fn must_still_be(&self, board: &BoardId) -> ledger::Result<()> {
        if matches!(board, BoardId::Subject(_)) {
            return Ok(());
        }
        let believed = || self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut believed = believed();
            if believed.get(board).is_some_and(|asked| asked.elapsed() < BELIEVED_FOR) {
                return Ok(());
            }
            if believed.len() >= BELIEVED_AT_ONCE {
                believed.clear();
            }
            believed.insert(board.clone(), Instant::now());
        }
        match timeout(BELIEVED_AFTER, self.ledger.version(board)).await {
            Ok(Err(ledger::Error::Refused(refusal))) => {
                believed().remove(board);
                self.reconciler.restore(board.clone(), Waiting::new());
                Err(refusal.into())
            }
            _ => Ok(()),
        }
    }

    /// Reads the same from the ledger, which does not answer all at once.
    ///
    /// # Errors
    /// If there is no such board, or the ledger is away or has enough to do.
    pub(crate) async fn read_ledger(
        &self,
        board: &BoardId,
        window: Window,
        members: &[Member],
    ) -> ledger::Result<View> {
        let _turn = timeout(LEDGER_TURN, self.ledger_reads.acquire()).await.map_err(|_| {
            limit_reached("ledger.reads");
            ledger::Error::Unavailable(anyhow!("too many boards are read from the ledger"))
        })?;
        let view = self.ledger.view(board, window, members).await?;
        metrics::board_read(Source::Ledger);
        Ok(view)
    }

    /// Where the board stands, if that can be told cheaply.
    pub(crate) async fn version(&self, board: &BoardId) -> Option<Version> {
        match self.board.find(std::slice::from_ref(board)).await.pop()?.ok()? {
            Found::Whole(version) => Some(version),
            Found::Missing => None,
        }
    }

    /// Learns of changes of a board.
    pub(crate) fn nudges(&self, board: &BoardId) -> crate::board::Nudges {
        self.board.nudges(board)
    }
}
