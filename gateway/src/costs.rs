//! The steps that a state takes from scoring to the sockets, one by one, so that `bench counts` can
//! count what each costs. What they do is the services' own code; nothing is done here.

use proto::v1;

pub use crate::fanout::Counted;
use crate::frame::Frame;

/// One state of a board, encoded.
pub struct State(pub(crate) Frame);

impl State {
    /// Encodes a state for those who take it as a whole.
    #[must_use]
    pub fn encode(board: &v1::Leaderboard) -> Self {
        Self(Frame::encode(board))
    }

    /// The same as what comes after another state, if there is one, also for those who take what
    /// changed.
    #[must_use]
    pub fn with_deltas(self, board: v1::Leaderboard, shown: Option<&Self>) -> Self {
        let shown = shown.map(|Self(frame)| frame);
        let frame = match shown {
            Some(shown) => self.0.after(shown),
            None => self.0,
        };
        Self(frame.with_deltas(board, shown))
    }
}
