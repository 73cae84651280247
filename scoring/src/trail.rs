//! Follows what led to the states that a feed reads, from the notices to the reading that is the
//! first to show them.

use services::telemetry::{Cause, Causes};
use tracing::Span;

use crate::{
    board::{BoardId, Nudges},
    spans,
};

/// What a feed has heard of so far.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    heard: u64,
    /// The last reading that showed something new.
    last: Option<Cause>,
}

/// One reading and what led to it.
#[derive(Debug)]
pub(crate) struct Reading {
    /// To be current while the board is read; disabled if nothing led to it that is traced.
    pub(crate) span: Span,
    causes: Causes,
}

impl Trail {
    /// Takes note of the nudges so far and begins a reading; `shown` is the version of the last one.
    pub(crate) fn begin(&mut self, board: &BoardId, nudges: &mut Nudges, shown: Option<u64>) -> Reading {
        let told = nudges.borrow_and_update();
        let (mut new, mut late) = (Causes::default(), Causes::default());
        for (version, cause) in told.since(self.heard) {
            if shown.is_some_and(|shown| *version <= shown) { late.add(cause) } else { new.add(cause) }
        }
        self.heard = told.count();
        drop(told);
        // Shown already by the last reading, before they were heard of.
        if late.count() > 0
            && let Some(last) = &self.last
        {
            last.link_to(&spans::process(board, &late));
        }
        let span = if new.count() > 0 { spans::process(board, &new) } else { Span::none() };
        Reading { span, causes: new }
    }

    /// Ends a reading that found the board at `version`: changes heard of meanwhile are in it, too.
    /// Tells what led to what is new.
    pub(crate) fn end(&mut self, reading: Reading, nudges: &Nudges, version: u64) -> Option<Cause> {
        let Reading { span, mut causes } = reading;
        if causes.count() == 0 {
            return None;
        }
        let told = nudges.borrow();
        if told.since(self.heard).all(|(at, _)| *at <= version) {
            for (_, cause) in told.since(self.heard) {
                cause.link_to(&span);
                causes.add(cause);
            }
            self.heard = told.count();
        }
        drop(told);
        span.record("scorecast.version", version);
        self.last = causes.by(&span);
        self.last.clone()
    }
}
