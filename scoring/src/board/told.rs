//! What led to the changes that watchers were told of lately. Empty unless telemetry is exported.

use std::collections::VecDeque;

use services::telemetry::{Cause, LINKS_MAX};

/// The last causes, each with the version of its change. Older ones are only counted.
#[derive(Debug, Clone, Default)]
pub struct Told {
    count: u64,
    last: VecDeque<(u64, Cause)>,
}

impl Told {
    /// Takes one more.
    pub(super) fn add(&mut self, version: u64, cause: Cause) {
        if self.last.len() == LINKS_MAX {
            self.last.pop_front();
        }
        self.last.push_back((version, cause));
        self.count += 1;
    }

    /// How many were told so far.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Those after the first `heard`, as far as they are still here.
    pub(crate) fn since(&self, heard: u64) -> impl Iterator<Item = &(u64, Cause)> {
        let new = usize::try_from(self.count - heard).unwrap_or(usize::MAX);
        self.last.iter().skip(self.last.len().saturating_sub(new))
    }
}
