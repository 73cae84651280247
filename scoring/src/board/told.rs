//! What led to the changes that watchers were told of lately. Empty unless telemetry is exported.

use std::collections::VecDeque;

use services::{config::bounds::LINKS, telemetry::Cause};

/// The last causes, each with the version of its change. Older ones are only counted.
#[derive(Debug, Clone, Default)]
pub struct Told {
    count: u64,
    last: VecDeque<(u64, Cause)>,
}

impl Told {
    /// Takes one more.
    pub(crate) fn add(&mut self, version: u64, cause: Cause) {
        if self.last.len() == LINKS {
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

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn the_last_32_are_held_and_all_are_counted() {
        let mut told = Told::default();
        (1..=40).for_each(|version| told.add(version, Cause::told("", SystemTime::now())));
        let versions = |heard| told.since(heard).map(|(version, _)| *version).collect::<Vec<_>>();
        assert_eq!(told.count(), 40);
        assert_eq!(versions(0), (9..=40).collect::<Vec<_>>());
        assert_eq!(versions(38), [39, 40]);
        assert_eq!(versions(40), [0; 0]);
    }
}
