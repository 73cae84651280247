//! What was told last, kept once for all: each listener knows how far it has heard, and one that is
//! too far behind skips.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::Told;
use crate::config::bounds::EVENTS_BEHIND;

/// What was told last.
#[derive(Default)]
pub(crate) struct Log {
    kept: Mutex<Kept>,
    /// How much has been told so far; who listens looks at it.
    told: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    /// How much was told before.
    before: u64,
    last: VecDeque<Told>,
}

impl Log {
    /// Tells all who listen.
    pub(crate) fn tell(&self, told: Told) {
        let mut kept = self.kept();
        if kept.last.len() == EVENTS_BEHIND {
            kept.last.pop_front();
            kept.before += 1;
        }
        kept.last.push_back(told);
        self.told.send_replace(kept.before + kept.last.len() as u64);
    }

    /// Whether anybody listens.
    pub(super) fn is_heard(&self) -> bool {
        self.told.receiver_count() > 0
    }

    /// What comes next for one who has heard so much, and how much it has heard then.
    pub(crate) fn next(&self, heard: u64) -> Option<(Told, u64)> {
        let kept = self.kept();
        if heard < kept.before {
            return Some((Told::Skipped(kept.before - heard), kept.before));
        }
        let next = kept.last.get(usize::try_from(heard - kept.before).ok()?)?;
        Some((next.clone(), heard + 1))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who listens.
pub(crate) struct Listener {
    pub(crate) log: Arc<Log>,
    /// How much has been told.
    pub(crate) told: watch::Receiver<u64>,
    /// How much of it was heard.
    pub(crate) heard: u64,
}

impl Listener {
    /// Hears what is told from now on.
    pub(super) fn new(log: Arc<Log>) -> Self {
        let told = log.told.subscribe();
        let heard = *told.borrow();
        Self { log, told, heard }
    }

    /// Waits for what comes next. Nothing is lost if the wait is given up.
    pub(crate) async fn next(&mut self) -> Told {
        loop {
            if let Some((told, heard)) = self.log.next(self.heard) {
                self.heard = heard;
                return told;
            }
            self.told.changed().await.expect("the log is there as long as its listener");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(told: &Told) -> u64 {
        match told {
            Told::Skipped(count) => *count,
            Told::Sessions(_) | Told::Subject(_) => 1,
        }
    }

    #[tokio::test]
    async fn each_listener_hears_all_in_order_from_when_it_began() {
        let log = Arc::new(Log::default());
        assert!(!log.is_heard());
        log.tell(Told::Sessions("before".into()));
        let (mut one, mut other) = (Listener::new(Arc::clone(&log)), Listener::new(Arc::clone(&log)));
        assert!(log.is_heard());
        for text in ["a", "b"] {
            log.tell(Told::Sessions(text.into()));
            assert_eq!(one.next().await, Told::Sessions(text.into()));
        }
        for text in ["a", "b"] {
            assert_eq!(other.next().await, Told::Sessions(text.into()));
        }
        assert_eq!(log.next(other.heard), None);
    }

    #[tokio::test]
    async fn whoever_is_too_far_behind_learns_how_much_it_missed() {
        let log = Arc::new(Log::default());
        let mut slow = Listener::new(Arc::clone(&log));
        let all = EVENTS_BEHIND as u64 + 10;
        (0..all).for_each(|number| log.tell(Told::Subject(number.to_string().into())));
        assert_eq!(slow.next().await, Told::Skipped(10));
        assert_eq!(slow.next().await, Told::Subject("10".into()));
        let mut heard = 11;
        while heard < all {
            heard += counted(&slow.next().await);
        }
        assert_eq!(log.next(slow.heard), None);
    }
}
