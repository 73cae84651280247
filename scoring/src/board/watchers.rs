//! Who looks at which board, and who waits for news. Knows nothing of rows or stores.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard},
};

use services::telemetry::Cause;
use tokio::sync::{Notify, watch};

use super::{BoardId, Nudges, Told};

/// Entries whose last receiver is gone are let go when the table has doubled, not before.
const SWEEP_AT_LEAST: usize = 64;

/// The receivers of nudges, by board.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    table: Mutex<Table>,
    grew: Notify,
    news: watch::Sender<Told>,
}

#[derive(Debug, Default)]
struct Table {
    senders: HashMap<BoardId, watch::Sender<Told>>,
    sweep_at: usize,
}

impl Watchers {
    /// Adds a receiver for a board.
    pub(super) fn watch(&self, board: &BoardId) -> Nudges {
        let mut table = self.table();
        if table.senders.len() >= table.sweep_at {
            table.sweep();
        }
        let new = || {
            self.grew.notify_one();
            watch::Sender::default()
        };
        table.senders.entry(board.clone()).or_insert_with(new).subscribe()
    }

    /// Waits until a board is watched that was not before.
    pub(super) async fn grew(&self) {
        self.grew.notified().await;
    }

    /// Names the boards that somebody looks at.
    pub(super) fn boards(&self) -> HashSet<BoardId> {
        let mut table = self.table();
        table.sweep();
        table.senders.keys().cloned().collect()
    }

    /// Nudges whoever looks at a board.
    pub(super) fn nudge(&self, board: &BoardId) {
        self.tell(board, None);
    }

    /// Nudges whoever looks at a board, and tells which change led to it and what led to that.
    pub(super) fn tell(&self, board: &BoardId, change: Option<(u64, Cause)>) {
        if let Some(sender) = self.table().senders.get(board) {
            sender
                .send_modify(|told| change.into_iter().for_each(|(version, cause)| told.add(version, cause)));
        }
    }

    /// Adds a receiver of news.
    pub(super) fn wait_for_news(&self) -> Nudges {
        self.news.subscribe()
    }

    /// Nudges whoever waits for news.
    pub(super) fn tell_news(&self) {
        self.news.send_modify(|_| {});
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().expect("nobody panics while holding the table")
    }
}

impl Table {
    fn sweep(&mut self) {
        self.senders.retain(|_, sender| sender.receiver_count() > 0);
        self.sweep_at = SWEEP_AT_LEAST.max(2 * self.senders.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::QuizId;

    #[test]
    fn a_hundred_thousand_boards_watched_once_leave_nothing_behind() {
        let watchers = Watchers::default();
        let kept = watchers.watch(&BoardId::Quiz(QuizId::random()));
        for _ in 0..100_000 {
            watchers.watch(&BoardId::Quiz(QuizId::random()));
        }
        assert!(watchers.table().senders.len() <= SWEEP_AT_LEAST);
        drop(kept);
    }

    #[test]
    fn a_receiver_hears_of_its_own_board_only() {
        let watchers = Watchers::default();
        let (one, other) = (BoardId::Quiz(QuizId::random()), BoardId::Quiz(QuizId::random()));
        let nudges = watchers.watch(&one);
        watchers.nudge(&other);
        assert!(!nudges.has_changed().unwrap());
        watchers.nudge(&one);
        assert!(nudges.has_changed().unwrap());
    }
}
