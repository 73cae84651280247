//! One board: its newest frame, who watches it, and where the watchers stand.
//!
//! What is shown never goes back: whatever is older than the frame shown is dropped here, and
//! only here. Nothing is queued: a slow watcher finds the newest.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::{Notify, watch};

use super::{
    viewer::{self, Viewer},
    watcher::{Seat, Watcher},
};
use crate::{
    frame::Frame,
    ids::ParticipantId,
    standing::{Standing, Standings},
};

/// One board and its watchers.
#[derive(Default)]
pub(super) struct Board {
    view: watch::Sender<View>,
    seats: Mutex<HashMap<ParticipantId, Weak<Seat>>>,
    /// Somebody came, or the frame moved: somebody may not know where it stands.
    pub(super) moved: Notify,
}

/// What there is to see.
#[derive(Clone, Default)]
pub(super) enum View {
    /// Nothing yet.
    #[default]
    Waiting,
    /// The newest frame; watchers look again also when their standings have changed.
    Showing(Arc<Frame>),
    /// The quiz is deleted.
    Deleted,
}

impl Board {
    /// Begins to watch for one participant.
    pub(super) fn watcher(&self, participant: ParticipantId, standing: Standing) -> Watcher {
        let mut seats = self.seats();
        let seat = seats.get(&participant).and_then(Weak::upgrade).unwrap_or_else(|| {
            let seat = Arc::new(Seat::new(participant));
            seats.insert(participant, Arc::downgrade(&seat));
            seat
        });
        seat.learn(standing);
        self.moved.notify_one();
        Watcher::new(self.view.subscribe(), seat)
    }

    /// Begins to look for nobody in particular.
    pub(super) fn viewer(&self) -> Viewer {
        viewer::viewer(self.view.subscribe())
    }

    /// Waits until nobody watches.
    pub(super) async fn unwatched(&self) {
        self.view.closed().await;
    }

    /// Whether somebody watches.
    pub(super) fn is_watched(&self) -> bool {
        self.view.receiver_count() > 0
    }

    /// Shows a frame unless a newer one is shown. Scoring is in reach.
    pub(super) fn show(&self, frame: Frame) {
        self.view.send_if_modified(|view| {
            let newest = match view {
                View::Waiting => frame,
                View::Showing(shown) if frame.version() > shown.version() => frame.after(shown),
                View::Showing(shown) if shown.is_stale() => shown.live(),
                View::Showing(_) | View::Deleted => return false,
            };
            *view = View::Showing(Arc::new(newest));
            true
        });
        self.moved.notify_one();
    }

    /// Marks what is shown: scoring is out of reach.
    pub(super) fn lose_touch(&self) {
        self.view.send_if_modified(|view| match view {
            View::Showing(shown) if !shown.is_stale() => {
                *view = View::Showing(Arc::new(shown.stale()));
                true
            }
            View::Waiting | View::Showing(_) | View::Deleted => false,
        });
    }

    /// Ends it for all watchers: the quiz is deleted.
    pub(super) fn delete(&self) {
        self.view.send_replace(View::Deleted);
    }

    /// Those whose standing is older than the frame and not to be found in it.
    pub(super) fn left_behind(&self) -> Vec<ParticipantId> {
        let View::Showing(frame) = self.view.borrow().clone() else { return Vec::new() };
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
