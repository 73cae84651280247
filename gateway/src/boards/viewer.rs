//! A look at a board on nobody's behalf: each new state, the newest only.

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use tokio::sync::watch;
use tokio_stream::{Stream, StreamExt as _, once, wrappers::WatchStream};

use super::board::View;
use crate::frame::Frame;

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

/// Begins to look; whatever there is, is new. `of` makes what is seen of a state, knowing what was
/// seen before.
pub(super) fn viewer<F>(
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
