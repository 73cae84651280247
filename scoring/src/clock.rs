//! The ledger's clock, which alone decides times and ends, and how tests move it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// An offset that every ledger adds to its own time: zero, except in tests.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Moves the time forward for everyone who holds this clock.
    pub fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).expect("a test moves by less than ages");
        self.offset_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Moves the time back for everyone who holds this clock.
    pub fn set_back(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).expect("a test moves by less than ages");
        self.offset_ms.fetch_sub(ms, Ordering::SeqCst);
    }

    /// What to add to the ledger's own time, in ms.
    #[must_use]
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }
}
