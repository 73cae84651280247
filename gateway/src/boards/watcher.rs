//! One socket's look at its board: what is new to it, and where its participant stands.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    board::View,
    viewer::{Taker, Window},
};
use crate::{
    frame::{Frame, Part},
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
    window: Window<Frame>,
    eyes: Eyes,
    /// What is news in the frame that is being written.
    writing: Option<Arc<News>>,
}

/// What a watcher sees next.
pub(crate) enum Next {
    /// This frame, seen so.
    Frame(Arc<Frame>, Glance),
    /// Nothing that it has not seen.
    Nothing,
    /// The quiz is deleted.
    Deleted,
}

impl Watcher {
    /// Begins to look; whatever there is, is new.
    pub(super) fn new(mut window: Window<Frame>, seat: Arc<Seat>) -> Self {
        window.view.mark_changed();
        let taker = window.taker.take();
        Self { window, eyes: Eyes { standing: seat.standing(), seat, taker, shown: None }, writing: None }
    }

    /// Waits until there may be something new to see. Tells whether anybody still follows the board.
    pub(crate) async fn changed(&mut self) -> bool {
        self.window.view.changed().await.is_ok()
    }

    /// The last frame has been written.
    pub(crate) fn written(&mut self) {
        if let Some(news) = self.writing.take() {
            news.written();
        }
    }

    /// Looks at the newest state; what it returns counts as seen.
    pub(crate) fn next(&mut self) -> Next {
        let frame = match &*self.window.view.borrow_and_update() {
            View::Waiting => return Next::Nothing,
            View::Deleted => return Next::Deleted,
            View::Showing(frame) => Arc::clone(frame),
        };
        let Some(glance) = self.eyes.look(&frame) else { return Next::Nothing };
        self.eyes.remember(&glance, &frame);
        self.writing = glance.news(&frame).cloned();
        Next::Frame(frame, glance)
    }

    /// The eyes alone, and where they look.
    pub(crate) fn into_parts(self) -> (Window<Frame>, Eyes) {
        (self.window, self.eyes)
    }
}

/// What one socket has seen of its board, and where its participant stands.
pub(crate) struct Eyes {
    seat: Arc<Seat>,
    /// The newest standing that was shown; never goes back.
    standing: Standing,
    /// Only if it takes deltas.
    taker: Option<Taker>,
    shown: Option<Shown>,
}

/// What was shown: enough to tell whether another state of the same board looks different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shown {
    ordinal: u64,
    is_stale: bool,
    place: Option<Place>,
}

/// A state as one pair of eyes sees it.
pub(crate) struct Glance {
    /// Whom the state is shown to.
    participant: ParticipantId,
    /// Where it stands.
    standing: Standing,
    shown: Shown,
    /// What was shown before, if anything was.
    before: Option<Shown>,
    /// Which state a delta may build on.
    base: Option<u64>,
}

impl Glance {
    /// The part of the state that others get, too.
    pub(crate) fn part<'a>(&self, frame: &'a Frame) -> Part<'a> {
        frame.part(self.base)
    }

    /// Appends the end that belongs to these eyes alone.
    pub(crate) fn write_end(&self, frame: &Frame, out: &mut Vec<u8>) {
        frame.write_end(self.participant, &self.standing, out);
    }

    /// The state, as text.
    pub(crate) fn text(&self, frame: &Frame) -> Vec<u8> {
        frame.for_seat(self.part(frame), self.participant, &self.standing)
    }

    /// What is news in the state to these eyes: the first state is none, nor is one seen again.
    pub(crate) fn news<'a>(&self, frame: &'a Frame) -> Option<&'a Arc<News>> {
        frame.news.as_ref().filter(|_| self.before.is_some_and(|before| before.ordinal != self.shown.ordinal))
    }
}

impl Eyes {
    /// Eyes that have seen nothing, of a participant of whom nothing is known.
    #[cfg(any(test, feature = "costs"))]
    pub(crate) fn of(participant: ParticipantId, form: crate::frame::Form) -> Self {
        Self {
            seat: Arc::new(Seat::new(participant)),
            standing: Standing::default(),
            taker: Taker::default().of(form),
            shown: None,
        }
    }

    /// Looks at a state; nothing if it has been seen.
    pub(crate) fn look(&self, frame: &Frame) -> Option<Glance> {
        let participant = self.seat.participant;
        let known = match frame.place(participant) {
            Some(place) => Standing { version: frame.version(), place: Some(place) },
            None => self.seat.standing(),
        };
        let standing = if known.version >= self.standing.version { known } else { self.standing };
        let shown = Shown { ordinal: frame.ordinal(), is_stale: frame.is_stale(), place: standing.place };
        let before = self.shown;
        let base = self.taker.as_ref().and(before).map(|before| before.ordinal);
        (before != Some(shown)).then_some(Glance { participant, standing, shown, before, base })
    }

    /// Counts a state that was looked at as seen.
    pub(crate) fn remember(&mut self, glance: &Glance, frame: &Frame) {
        metrics::shown(glance.part(frame).form());
        if let Some(before) = glance.before {
            metrics::skipped(glance.shown.ordinal.saturating_sub(before.ordinal + 1));
        }
        self.standing = glance.standing;
        self.shown = Some(glance.shown);
    }
}
