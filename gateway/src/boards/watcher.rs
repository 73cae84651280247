//! One socket's look at its board: what is new to it, and where its participant stands.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::board::View;
use crate::{
    frame::Frame,
    ids::ParticipantId,
    metrics,
    news::News,
    standing::{Place, Standing},
};

/// A participant whom somebody watches the board for, and where it stands as far as is known.
pub(super) struct Seat {
    participant: ParticipantId,
    standing: Mutex<Standing>,
}

impl Seat {
    /// A participant of whom nothing is known yet.
    pub(super) fn new(participant: ParticipantId) -> Self {
        Self { participant, standing: Mutex::default() }
    }

    /// Where it stands as far as is known.
    pub(super) fn standing(&self) -> Standing {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is newer than what is known.
    pub(super) fn learn(&self, standing: Standing) {
        let mut known = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if standing.version > known.version {
            *known = standing;
        }
    }
}

/// One pair of eyes on a board.
pub(crate) struct Watcher {
    view: watch::Receiver<View<Frame>>,
    seat: Arc<Seat>,
    /// The newest known standing of this watcher; never goes back.
    standing: Standing,
    shown: Option<(Arc<Frame>, Option<Place>)>,
    /// What is news in the frame that is being written.
    writing: Option<Arc<News>>,
}

/// What a watcher sees next.
pub(crate) enum Next {
    /// This frame, with this end.
    Frame { frame: Arc<Frame>, participant: ParticipantId, standing: Standing },
    /// Nothing that it has not seen.
    Nothing,
    /// The quiz is deleted.
    Deleted,
}

impl Watcher {
    /// Begins to look; whatever there is, is new.
    pub(super) fn new(mut view: watch::Receiver<View<Frame>>, seat: Arc<Seat>) -> Self {
        view.mark_changed();
        Self { view, standing: seat.standing(), seat, shown: None, writing: None }
    }

    /// Waits until there may be something new to see. Tells whether anybody still follows the board.
    pub(crate) async fn changed(&mut self) -> bool {
        self.view.changed().await.is_ok()
    }

    /// The last frame has been written.
    pub(crate) fn written(&mut self) {
        if let Some(news) = self.writing.take() {
            news.written();
        }
    }

    /// Looks at the newest state; what it returns counts as seen.
    pub(crate) fn next(&mut self) -> Next {
        let frame = match &*self.view.borrow_and_update() {
            View::Waiting => return Next::Nothing,
            View::Deleted => return Next::Deleted,
            View::Showing(frame) => Arc::clone(frame),
        };
        let participant = self.seat.participant;
        let known = match frame.place(participant) {
            Some(place) => Standing { version: frame.version(), place: Some(place) },
            None => self.seat.standing(),
        };
        if known.version >= self.standing.version {
            self.standing = known;
        }
        let place = self.standing.place;
        if self.shown.as_ref().is_some_and(|(shown, at)| Arc::ptr_eq(shown, &frame) && *at == place) {
            return Next::Nothing;
        }
        if let Some((shown, _)) = &self.shown
            && !Arc::ptr_eq(shown, &frame)
        {
            metrics::skipped(frame.skipped_since(shown));
            self.writing.clone_from(&frame.news);
        }
        self.shown = Some((Arc::clone(&frame), place));
        Next::Frame { frame, participant, standing: self.standing }
    }
}
