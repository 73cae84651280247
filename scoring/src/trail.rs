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
        span.record("scorecast.version", version.cast_signed());
        self.last = causes.by(&span);
        self.last.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use tokio::sync::watch;

    use super::*;
    use crate::{board::Told, ids::QuizId};

    struct Feed {
        board: BoardId,
        sender: watch::Sender<Told>,
        nudges: Nudges,
        trail: Trail,
    }

    impl Feed {
        fn new() -> Self {
            let sender = watch::Sender::<Told>::default();
            let nudges = sender.subscribe();
            Self { board: BoardId::Quiz(QuizId::random()), sender, nudges, trail: Trail::default() }
        }

        fn hear(&self, version: u64, seconds: u64) -> Cause {
            let cause = Cause::told("", SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
            self.sender.send_modify(|told| told.add(version, cause.clone()));
            cause
        }

        fn begin(&mut self, shown: Option<u64>) -> Reading {
            self.trail.begin(&self.board, &mut self.nudges, shown)
        }

        fn end(&mut self, reading: Reading, version: u64) -> Option<SystemTime> {
            self.trail.end(reading, &self.nudges, version).map(|cause| cause.at())
        }
    }

    #[test]
    fn a_reading_is_led_to_by_what_was_heard_since_the_last_one_the_oldest_counting() {
        let mut feed = Feed::new();
        let oldest = feed.hear(5, 10);
        feed.hear(6, 20);
        let reading = feed.begin(Some(4));
        assert_eq!(feed.end(reading, 6), Some(oldest.at()));
        let again = feed.begin(Some(6));
        assert_eq!(feed.end(again, 6), None, "nothing was heard since");
    }

    #[test]
    fn what_is_heard_while_the_board_is_read_and_is_in_it_led_to_it_too() {
        let mut feed = Feed::new();
        feed.hear(5, 20);
        let reading = feed.begin(Some(4));
        let meanwhile = feed.hear(6, 10);
        let later = feed.hear(7, 5);
        assert_eq!(feed.end(reading, 7), Some(later.at()));
        assert!(meanwhile.at() > later.at());
        let next = feed.begin(Some(7));
        assert_eq!(feed.end(next, 7), None);
    }

    #[test]
    fn what_was_shown_before_it_was_heard_of_is_no_news() {
        let mut feed = Feed::new();
        feed.hear(5, 10);
        let reading = feed.begin(Some(4));
        feed.end(reading, 6);
        feed.hear(6, 20);
        let late = feed.begin(Some(6));
        assert_eq!(feed.end(late, 6), None);
    }
}
