//! What arrived, and how late.

use hdrhistogram::Histogram;

/// The frames of one round of load.
pub(crate) struct Tally {
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
    /// From giving an answer to each socket's having its frame, in microseconds.
    pub(crate) delays: Histogram<u64>,
    /// From an answer's acknowledgement to the last socket's having its frame, in microseconds.
    pub(crate) lasts: Histogram<u64>,
}

impl Tally {
    /// Of nothing.
    pub(crate) fn new() -> Self {
        Self { frames: 0, bytes: 0, delays: microseconds(), lasts: microseconds() }
    }
}

/// A histogram of microseconds, up to a minute.
pub(crate) fn microseconds() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("these bounds are fine")
}
