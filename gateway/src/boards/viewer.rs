//! A look at a board on nobody's behalf: where it can be seen, and each new state, the newest only.

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use tokio::sync::watch;
use tokio_stream::{Stream, StreamExt as _, once, wrappers::WatchStream};

use super::board::{BoardId, View};
use crate::{
    frame::{Form, Frame},
    metrics,
};

/// Where a board can be seen, and its name: whoever looks for many at once needs it only once.
pub(crate) struct Window<F> {
    pub(crate) board: BoardId,
    pub(crate) view: watch::Receiver<View<F>>,
    /// Only for whoever takes deltas.
    pub(crate) taker: Option<Taker>,
}

/// Held by everybody who takes deltas of a board: they are made only for somebody.
#[derive(Clone, Default)]
pub(crate) struct Taker(Arc<()>);

impl Taker {
    /// One more, if the form is that of deltas.
    pub(super) fn of(&self, form: Form) -> Option<Self> {
        match form {
            Form::Whole => None,
            Form::Deltas => Some(self.clone()),
        }
    }

    /// Whether there is another one.
    pub(super) fn has_company(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

/// What there is to see, one after the other; a state that was not taken in time is left out.
pub(crate) type Viewer = Pin<Box<dyn Stream<Item = Seen> + Send>>;

/// What a viewer sees.
pub(crate) enum Seen {
    /// This state of a quiz; a delta may build on the one with this ordinal.
    Quiz { frame: Arc<Frame>, base: Option<u64> },
    /// This state of a subject, as it is told.
    Subject(Arc<Bytes>),
    /// The board does not exist, or no more.
    Deleted,
    /// Nobody follows the board any more.
    Lost,
}

impl Window<Frame> {
    /// Begins to look.
    pub(crate) fn viewer(self) -> Viewer {
        let Self { view, taker, .. } = self;
        viewer(view, move |shown: Option<&Frame>, frame| {
            if let Some(shown) = shown {
                metrics::skipped(frame.skipped_since(shown));
            }
            let base = taker.as_ref().and(shown).map(Frame::ordinal);
            metrics::shown(frame.part(base).form());
            Seen::Quiz { frame, base }
        })
    }
}

impl Window<Bytes> {
    /// Begins to look.
    pub(crate) fn viewer(self) -> Viewer {
        viewer(self.view, |_, text| {
            metrics::shown(Form::Whole);
            Seen::Subject(text)
        })
    }
}

/// Whatever there is when one begins to look is new. `of` makes what is seen of a state, knowing what was
/// seen before.
fn viewer<F>(
    view: watch::Receiver<View<F>>,
    of: impl Fn(Option<&F>, Arc<F>) -> Seen + Send + 'static,
) -> Viewer
where
    F: Send + Sync + 'static,
{
    let mut shown: Option<Arc<F>> = None;
    let seen = WatchStream::new(view).filter_map(move |view| match view {
        View::Waiting => None,
        View::Deleted => Some(Seen::Deleted),
        View::Showing(frame) if shown.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, &frame)) => None,
        View::Showing(frame) => {
            let before = shown.replace(Arc::clone(&frame));
            Some(of(before.as_deref(), frame))
        }
    });
    Box::pin(seen.chain(once(Seen::Lost)))
}
