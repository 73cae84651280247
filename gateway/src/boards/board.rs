//! One board: its newest frame, who watches it, and where the watchers stand.
//!
//! What is shown never goes back: whatever is older than the frame shown is dropped here, and
//! only here. Nothing is queued: a slow watcher finds the newest.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use proto::v1::{Leaderboard, WatchLeaderboardRequest, WatchLeaderboardResponse};
use tokio::sync::{Notify, watch};
use tracing::Span;

use super::{
    follow::Screen,
    viewer::{Taker, Window},
    watcher::{Seat, Watcher},
};
use crate::{
    frame::{Form, Frame},
    ids::ParticipantId,
    news::News,
    standing::{Place, Standing, Standings},
};

/// Names a board that is followed, as long as this process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct BoardId(u64);

impl BoardId {
    /// A name that no other board has.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// One board and its watchers.
pub(super) struct Board {
    id: BoardId,
    view: watch::Sender<View<Frame>>,
    seats: Mutex<HashMap<ParticipantId, Weak<Seat>>>,
    taker: Taker,
    /// Somebody came, or the frame moved: somebody may not know where it stands.
    pub(super) moved: Notify,
}

/// What there is to see.
#[derive(Default)]
pub(crate) enum View<F> {
    /// Nothing yet.
    #[default]
    Waiting,
    /// The newest frame; watchers look again also when their standings have changed.
    Showing(Arc<F>),
    /// The board is deleted.
    Deleted,
}

impl<F> Clone for View<F> {
    fn clone(&self) -> Self {
        match self {
            Self::Waiting => Self::Waiting,
            Self::Showing(frame) => Self::Showing(Arc::clone(frame)),
            Self::Deleted => Self::Deleted,
        }
    }
}

impl Default for Board {
    fn default() -> Self {
        Self {
            id: BoardId::new(),
            view: watch::Sender::default(),
            seats: Mutex::default(),
            taker: Taker::default(),
            moved: Notify::default(),
        }
    }
}

impl Board {
    /// Begins to watch for one participant.
    pub(super) fn watcher(&self, participant: ParticipantId, standing: Standing, form: Form) -> Watcher {
        let mut seats = self.seats();
        let seat = seats.get(&participant).and_then(Weak::upgrade).unwrap_or_else(|| {
            let seat = Arc::new(Seat::new(participant));
            seats.insert(participant, Arc::downgrade(&seat));
            seat
        });
        seat.learn(standing);
        self.moved.notify_one();
        Watcher::new(self.window(form), seat)
    }

    /// Begins to look for nobody in particular.
    pub(super) fn window(&self, form: Form) -> Window<Frame> {
        Window { board: self.id, view: self.view.subscribe(), taker: self.taker.of(form) }
    }

    /// Waits until nobody watches.
    pub(super) async fn unwatched(&self) {
        self.view.closed().await;
    }

    /// Whether somebody watches.
    pub(super) fn is_watched(&self) -> bool {
        self.view.receiver_count() > 0
    }

    /// Shows a state unless a newer one is shown. Scoring is in reach.
    fn show_frame(&self, frame: Frame, board: Leaderboard) {
        let shown = self.shown();
        let frame = match &shown {
            Some(shown) => frame.after(shown),
            None => frame,
        };
        let frame = if self.taker.has_company() { frame.with_deltas(board, shown.as_deref()) } else { frame };
        self.view.send_if_modified(|view| {
            let newest = match view {
                View::Waiting => frame,
                View::Showing(shown) if frame.version() > shown.version() => frame,
                View::Showing(shown) if shown.is_stale() => shown.live(),
                View::Showing(_) | View::Deleted => return false,
            };
            *view = View::Showing(Arc::new(newest));
            true
        });
        self.moved.notify_one();
    }

    /// The frame that is shown; nobody but the one stream that is followed shows another.
    fn shown(&self) -> Option<Arc<Frame>> {
        match &*self.view.borrow() {
            View::Showing(frame) => Some(Arc::clone(frame)),
            View::Waiting | View::Deleted => None,
        }
    }

    /// Those whose standing is older than the frame and not to be found in it.
    pub(super) fn left_behind(&self) -> Vec<ParticipantId> {
        let Some(frame) = self.shown() else { return Vec::new() };
        let mut seats = self.seats();
        seats.retain(|_, seat| seat.strong_count() > 0);
        let behind = seats.iter().filter(|(participant, seat)| {
            frame.place(**participant).is_none()
                && seat.upgrade().is_some_and(|seat| seat.standing().version < frame.version())
        });
        behind.map(|(participant, _)| *participant).collect()
    }

    /// Notes where those who were asked for stand.
    pub(super) fn learn(&self, asked: &[ParticipantId], standings: &Standings) {
        let seats = self.seats();
        for participant in asked {
            if let Some(seat) = seats.get(participant).and_then(Weak::upgrade) {
                seat.learn(standings.of(*participant));
            }
        }
    }

    /// Lets all watchers look again, at the same frame.
    pub(super) fn look_again(&self) {
        self.view.send_modify(|_| {});
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<ParticipantId, Weak<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Screen for Board {
    fn show(&self, request: &WatchLeaderboardRequest, state: WatchLeaderboardResponse) {
        let (news, span) = News::of(&state).map_or((None, Span::none()), |(news, span)| (Some(news), span));
        let Some(board) = state.leaderboard else { return };
        let mut frame = span.in_scope(|| Frame::encode(&board));
        frame.news = news.map(Arc::new);
        if let Ok(participant) = request.participant_id.parse::<ParticipantId>() {
            let place = state.standing.as_ref().map(|own| Place { score: own.score, rank: own.rank });
            let places = HashMap::from_iter(place.map(|place| (participant, place)));
            self.learn(&[participant], &Standings { version: frame.version(), places });
        }
        self.show_frame(frame, board);
    }

    /// Marks what is shown.
    fn lose_touch(&self) {
        self.view.send_if_modified(|view| match view {
            View::Showing(shown) if !shown.is_stale() => {
                *view = View::Showing(Arc::new(shown.stale()));
                true
            }
            View::Waiting | View::Showing(_) | View::Deleted => false,
        });
    }

    /// Ends it for all watchers.
    fn delete(&self) {
        self.view.send_replace(View::Deleted);
    }
}
