//! One board's newest state, and the same laid out for its subscribers.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio_stream::{Stream as _, wrappers::WatchStream};

use super::scratch;
use crate::{
    boards::{View, Window},
    frame::{Form, Frame, Part},
    news::News,
    socket::words,
};

/// One board's newest state.
pub(super) struct Slot<F> {
    view: WatchStream<View<F>>,
    newest: View<F>,
    /// Whether somebody still follows the board.
    is_followed: bool,
    /// How many states were here before.
    before: u64,
    /// The newest as its subscribers get it, once one has: each of its parts, and the message with it.
    laid_out: Vec<(Bytes, Bytes)>,
}

/// Why a board is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// It is deleted.
    Deleted,
    /// Nobody follows it any more.
    Lost,
}

/// The newest state of a board, for its subscribers.
#[derive(Debug)]
pub(super) struct Update {
    pub(super) state: State,
    /// Ready to be written.
    pub(super) frame: Bytes,
    pub(super) form: Form,
    pub(super) news: Option<Arc<News>>,
}

/// Enough to tell one state of a board from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    ordinal: u64,
    is_stale: bool,
}

impl State {
    /// How many states between an earlier one and this were not shown.
    pub(super) fn skipped_since(self, shown: Self) -> u64 {
        self.ordinal.saturating_sub(shown.ordinal + 1)
    }
}

/// What subscribers are told of a state.
pub(super) trait Told: Send + Sync + 'static {
    /// Which state it is, if so many were in the slot before.
    fn state(&self, before: u64) -> State;

    /// The part of it for those who take deltas and were shown this base, or for all others.
    fn part(&self, base: Option<State>) -> Part<'_>;

    /// The message, as text.
    fn text(&self, part: Part<'_>) -> Bytes;

    /// What is news in it.
    fn news(&self) -> Option<Arc<News>>;
}

impl Told for Frame {
    fn state(&self, _: u64) -> State {
        State { ordinal: self.ordinal(), is_stale: self.is_stale() }
    }

    fn part(&self, base: Option<State>) -> Part<'_> {
        Self::part(self, base.map(|base| base.ordinal))
    }

    fn text(&self, part: Part<'_>) -> Bytes {
        words::update(self, part)
    }

    fn news(&self) -> Option<Arc<News>> {
        self.news.clone()
    }
}

/// A subject's state is a text already.
impl Told for Bytes {
    fn state(&self, before: u64) -> State {
        State { ordinal: before, is_stale: false }
    }

    fn part(&self, _: Option<State>) -> Part<'_> {
        Part::Whole(self)
    }

    fn text(&self, part: Part<'_>) -> Bytes {
        part.bytes().clone()
    }

    fn news(&self) -> Option<Arc<News>> {
        None
    }
}

impl<F: Told> Slot<F> {
    /// Begins to look.
    pub(super) fn new(window: Window<F>) -> Self {
        let view = WatchStream::new(window.view);
        Self { view, newest: View::Waiting, is_followed: true, before: 0, laid_out: Vec::new() }
    }

    /// Takes the newest state. Whoever waits is woken when there may be another.
    pub(super) fn look(&mut self, context: &mut Context<'_>) {
        while self.is_followed {
            match Pin::new(&mut self.view).poll_next(context) {
                Poll::Ready(Some(view)) => {
                    self.newest = view;
                    self.before += 1;
                    self.laid_out.clear();
                }
                Poll::Ready(None) => self.is_followed = false,
                Poll::Pending => break,
            }
        }
    }

    /// The newest state; nothing if there is none yet.
    pub(super) fn newest(&self) -> Result<Option<&F>, Over> {
        match &self.newest {
            View::Deleted => Err(Over::Deleted),
            _ if !self.is_followed => Err(Over::Lost),
            View::Waiting => Ok(None),
            View::Showing(state) => Ok(Some(state)),
        }
    }

    /// The same for a subscriber, and nothing if it was shown. A delta may build on the base.
    pub(super) fn update(
        &mut self,
        shown: Option<State>,
        base: Option<State>,
    ) -> Result<Option<Update>, Over> {
        let Some(newest) = self.newest()? else { return Ok(None) };
        let (state, news) = (newest.state(self.before), newest.news());
        if shown == Some(state) {
            return Ok(None);
        }
        let part = newest.part(base);
        let form = part.form();
        let laid_out = self.laid_out.iter().find(|(of, _)| of.as_ptr() == part.bytes().as_ptr());
        if let Some((_, frame)) = laid_out {
            return Ok(Some(Update { state, frame: frame.clone(), form, news }));
        }
        let (of, frame) = (part.bytes().clone(), Bytes::from(scratch::text(&newest.text(part))));
        self.laid_out.push((of, frame.clone()));
        Ok(Some(Update { state, frame, form, news }))
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use proto::v1;
    use tokio::sync::watch;

    use super::*;
    use crate::boards::BoardId;

    fn slot() -> (watch::Sender<View<Bytes>>, Slot<Bytes>) {
        let view = watch::Sender::default();
        let mut slot = Slot::new(Window { board: BoardId::new(), view: view.subscribe(), taker: None });
        look(&mut slot);
        (view, slot)
    }

    fn look(slot: &mut Slot<Bytes>) {
        slot.look(&mut Context::from_waker(Waker::noop()));
    }

    #[test]
    fn a_board_that_nobody_follows_any_more_is_over() {
        let (view, mut slot) = slot();
        assert!(slot.update(None, None).unwrap().is_none());
        drop(view);
        look(&mut slot);
        assert_eq!(slot.update(None, None).err(), Some(Over::Lost));
    }

    #[test]
    fn a_deleted_board_is_over_for_that_reason() {
        let (view, mut slot) = slot();
        view.send_replace(View::Deleted);
        drop(view);
        look(&mut slot);
        assert_eq!(slot.update(None, None).err(), Some(Over::Deleted));
    }

    #[test]
    fn each_state_is_shown_once_to_each_subscriber() {
        let (view, mut slot) = slot();
        let mut shown = None;
        for text in ["a", "b"] {
            view.send_replace(View::Showing(Arc::new(text.into())));
            look(&mut slot);
            let update = slot.update(shown, None).unwrap().expect("a state");
            assert_eq!(update.frame, scratch::text(text.as_bytes()));
            shown = Some(update.state);
            assert!(slot.update(shown, None).unwrap().is_none());
        }
        assert!(slot.update(None, None).unwrap().is_some(), "somebody else has not seen it");
    }

    #[test]
    fn each_part_of_a_state_is_laid_out_once_for_all_who_get_it() {
        let board = |version| v1::Leaderboard {
            entries: (1..50)
                .map(|rank| v1::Entry {
                    id: Some(v1::entry::Id::ParticipantId(format!("p_{rank}"))),
                    rank,
                    ..v1::Entry::default()
                })
                .collect(),
            version,
            ..v1::Leaderboard::default()
        };
        let first = Frame::encode(&board(1)).with_deltas(board(1), None);
        let second = Frame::encode(&board(2)).after(&first).with_deltas(board(2), Some(&first));
        let view = watch::Sender::default();
        let mut slot = Slot::new(Window { board: BoardId::new(), view: view.subscribe(), taker: None });
        let mut context = Context::from_waker(Waker::noop());
        view.send_replace(View::Showing(Arc::new(first)));
        slot.look(&mut context);
        let shown = slot.update(None, None).unwrap().map(|update| update.state);
        view.send_replace(View::Showing(Arc::new(second)));
        slot.look(&mut context);
        let mut frame = |base| slot.update(shown, base).unwrap().expect("a state").frame;
        let (whole, delta) = (frame(None), frame(shown));
        assert!(2 * delta.len() < whole.len(), "{} of {} bytes", delta.len(), whole.len());
        assert_eq!((frame(None).as_ptr(), frame(shown).as_ptr()), (whole.as_ptr(), delta.as_ptr()));
    }
}
