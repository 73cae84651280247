//! A look at a board on nobody's behalf: each new state, the newest only.

use std::{pin::Pin, sync::Arc};

use tokio::sync::watch;
use tokio_stream::{Stream, StreamExt as _, once, wrappers::WatchStream};

use super::board::View;
use crate::{frame::Frame, metrics};

/// What there is to see, one after the other; a state that was not taken in time is left out.
pub(crate) type Viewer = Pin<Box<dyn Stream<Item = Seen> + Send>>;

/// What a viewer sees.
pub(crate) enum Seen {
    /// This state.
    Frame(Arc<Frame>),
    /// The quiz does not exist, or no more.
    Deleted,
    /// Nobody follows the board any more.
    Lost,
}

/// Begins to look; whatever there is, is new.
pub(super) fn viewer(view: watch::Receiver<View>) -> Viewer {
    let mut shown: Option<Arc<Frame>> = None;
    let seen = WatchStream::new(view).filter_map(move |view| match view {
        View::Waiting => None,
        View::Deleted => Some(Seen::Deleted),
        View::Showing(frame) if shown.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, &frame)) => None,
        View::Showing(frame) => {
            if let Some(shown) = &shown {
                metrics::skipped(frame.skipped_since(shown));
            }
            shown = Some(Arc::clone(&frame));
            Some(Seen::Frame(frame))
        }
    });
    Box::pin(seen.chain(once(Seen::Lost)))
}
