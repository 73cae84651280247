//! Compares what clients did and saw with what is true, and names every promise that was broken.
//!
//! Pure: it asks nobody and waits for nothing.

mod answers;
#[cfg(test)]
pub(crate) mod example;
mod frames;
mod order;
mod refusals;
mod rows;
mod runs;
mod seats;
mod sent;
mod settling;
mod sums;
mod times;
mod verdicts;
mod violation;

use std::time::Duration;

pub use settling::settled;
pub use violation::Violation;

use crate::{
    history::{History, Moment},
    truth::{Board, Ledger, Recount},
};

/// What is promised about time.
#[derive(Debug, Clone, Copy)]
pub struct Promises {
    /// From here on nothing changed any more and nothing was broken any more.
    pub quiet_from: Moment,
    /// How long after that everybody sees the final board at the latest.
    pub settled_within: Duration,
    /// How long a new socket may be behind what the one before has shown.
    pub behind_at_most: Duration,
}

/// Names every promise that the history of one quiz shows to be broken; none if all held.
#[must_use]
pub fn check(history: &History, ledger: &Ledger, board: &Board, promises: Promises) -> Vec<Violation> {
    let recount = Recount::of(ledger);
    let sent = sent::Sent::of(history, ledger);
    let mut found = answers::broken(history, ledger, &sent);
    found.extend(refusals::broken(history, ledger, &sent));
    found.extend(verdicts::broken(history, ledger, &recount));
    found.extend(times::broken(history, ledger, &sent));
    found.extend(seats::broken(history, ledger));
    found.extend(runs::broken(history, ledger, &recount, &sent));
    found.extend(sums::broken(ledger, board, &recount));
    found.extend(order::broken(history, promises.behind_at_most));
    found.extend(frames::broken(history, ledger, &recount));
    found.extend(settling::broken(history, ledger, board, promises));
    found
}
