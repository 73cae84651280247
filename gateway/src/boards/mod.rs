//! The boards that somebody looks at: each is followed by one stream from scoring while it is
//! watched, and a little longer.

mod board;
mod follow;
mod standings;
mod subject;
mod subjects;
mod viewer;
mod watcher;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use proto::v1::{WatchLeaderboardRequest, watch_leaderboard_request};
use services::shutdown::Shutdown;

pub(crate) use board::{BoardId, View};
pub(crate) use subjects::Subjects;
pub(crate) use viewer::{Seen, Taker, Viewer, Window};
pub(crate) use watcher::{Eyes, Next, Watcher};

use self::board::Board;
use crate::{
    config::{UpstreamStreams, bounds::BOARD_LINGERS},
    frame::{Form, Frame},
    ids::{ParticipantId, QuizId},
    standing::Standing,
    upstream::Upstream,
};

/// How many rows a watcher gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Rows {
    Ten = 10,
    Hundred = 100,
    Thousand = 1000,
}

impl Rows {
    /// The fewest rows that are enough; nothing if none are.
    pub(crate) fn covering(limit: u32) -> Option<Self> {
        match limit {
            1..=10 => Some(Self::Ten),
            11..=100 => Some(Self::Hundred),
            101..=1000 => Some(Self::Thousand),
            _ => None,
        }
    }
}

/// All boards that somebody looks at.
#[derive(Clone)]
pub(crate) struct Boards {
    upstream: Upstream,
    streams: UpstreamStreams,
    shutdown: Shutdown,
    shared: Arc<Mutex<HashMap<Key, Arc<Board>>>>,
}

type Key = (QuizId, Rows);

impl Boards {
    /// Starts with none.
    pub(crate) fn new(upstream: Upstream, streams: UpstreamStreams, shutdown: Shutdown) -> Self {
        Self { upstream, streams, shutdown, shared: Arc::default() }
    }

    /// Watches a quiz's board for one participant, whose standing a moment ago is known.
    pub(crate) fn watch(
        &self,
        quiz: QuizId,
        rows: Rows,
        participant: ParticipantId,
        standing: Standing,
        form: Form,
    ) -> Watcher {
        let own = WatchLeaderboardRequest { participant_id: participant.to_string(), ..request(quiz, rows) };
        self.look((quiz, rows), own, |board| board.watcher(participant, standing, form))
    }

    /// Looks at the first hundred rows of a quiz's board for nobody in particular.
    pub(crate) fn window(&self, quiz: QuizId, form: Form) -> Window<Frame> {
        self.look((quiz, Rows::Hundred), request(quiz, Rows::Hundred), |board| board.window(form))
    }

    /// Looks at a board, which is followed from then on: the one that all share or, by a request
    /// of its own, one for this look alone.
    fn look<L>(&self, key: Key, own: WatchLeaderboardRequest, look: impl FnOnce(&Board) -> L) -> L {
        match self.streams {
            UpstreamStreams::Shared => match self.shared().entry(key) {
                Entry::Occupied(entry) => look(entry.get()),
                Entry::Vacant(entry) => {
                    let board = Arc::clone(entry.insert(Arc::default()));
                    let looking = look(&board);
                    self.shutdown.spawn(self.clone().follow_shared(key, board));
                    looking
                }
            },
            UpstreamStreams::PerSocket => {
                let board = Board::default();
                let looking = look(&board);
                self.shutdown.spawn(self.clone().follow_alone(own, board));
                looking
            }
        }
    }

    /// Follows a board for all its watchers, who share the stream.
    async fn follow_shared(self, key: Key, board: Arc<Board>) {
        tokio::select! {
            () = follow::follow(&*board, &self.upstream, request(key.0, key.1)) => {
                self.shared().remove(&key);
            }
            () = standings::keep_up(&board, key.0, &self.upstream) => {}
            () = self.abandoned(key, &board) => {}
        }
    }

    /// Follows a board for one watcher alone.
    async fn follow_alone(self, request: WatchLeaderboardRequest, board: Board) {
        tokio::select! {
            () = follow::follow(&board, &self.upstream, request) => {}
            () = board.unwatched() => {}
        }
    }

    /// Waits until nobody has looked at a board for a while, and gives it up.
    async fn abandoned(&self, key: Key, board: &Board) {
        loop {
            board.unwatched().await;
            let _ = tokio::time::timeout(BOARD_LINGERS, self.shutdown.begun()).await;
            let mut shared = self.shared();
            if !board.is_watched() {
                shared.remove(&key);
                return;
            }
        }
    }

    fn shared(&self) -> MutexGuard<'_, HashMap<Key, Arc<Board>>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn request(quiz: QuizId, rows: Rows) -> WatchLeaderboardRequest {
    WatchLeaderboardRequest {
        board: Some(watch_leaderboard_request::Board::QuizId(quiz.to_string())),
        limit: Some(rows as u32),
        participant_id: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_board_is_given_up_a_while_after_its_last_watcher_left() {
        let boards = Boards::new(Upstream::nowhere(), UpstreamStreams::Shared, Shutdown::default());
        let watch = || {
            let participant = "p_1234567890ab".parse().unwrap();
            let quiz = "quiz_a1b2c3d4e5f6".parse().unwrap();
            boards.watch(quiz, Rows::Ten, participant, Standing::default(), Form::Whole)
        };
        let watcher = watch();
        sleep(BOARD_LINGERS * 2).await;
        assert_eq!(boards.shared().len(), 1, "it is watched");
        drop(watcher);
        sleep(BOARD_LINGERS / 2).await;
        let back = watch();
        sleep(BOARD_LINGERS * 2).await;
        assert_eq!(boards.shared().len(), 1, "it is watched again");
        drop(back);
        sleep(BOARD_LINGERS - Duration::from_millis(1)).await;
        assert_eq!(boards.shared().len(), 1, "it lingers");
        sleep(Duration::from_millis(2)).await;
        assert_eq!(boards.shared().len(), 0);
    }

    #[test]
    fn a_limit_is_rounded_up_to_10_100_or_1000_rows() {
        for (limit, expected) in [
            (0, None),
            (1, Some(10)),
            (10, Some(10)),
            (11, Some(100)),
            (100, Some(100)),
            (101, Some(1000)),
            (1000, Some(1000)),
            (1001, None),
        ] {
            assert_eq!(Rows::covering(limit).map(|rows| rows as u32), expected, "{limit}");
        }
    }
}
