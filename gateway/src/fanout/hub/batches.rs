//! What happens everywhere, laid out for listeners: all that comes next for one of them is written at
//! once, and most listeners have heard the same.

use std::sync::Arc;

use bytes::Bytes;

use super::scratch;
use crate::{
    activity::Log,
    socket::words::{self, Interest},
};

/// A batch ends with the event that makes it longer than this, so that a slow reader keeps little.
const MOST_BYTES: usize = 8 << 10;

/// What there is to hear, and what was laid out of it last.
pub(super) struct Batches {
    log: Arc<Log>,
    /// How much there is.
    pub(super) told: u64,
    last: Vec<Batch>,
}

/// What comes next for those who have heard the same.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    heard: u64,
    interest: Interest,
    /// How much is heard with it.
    pub(super) until: u64,
    /// Frames, ready to be written; none if nothing of it is of interest.
    pub(super) frames: Bytes,
}

impl Batches {
    /// Takes what is told from a log.
    pub(super) fn new(log: Arc<Log>) -> Self {
        Self { log, told: 0, last: Vec::new() }
    }

    /// What comes next for one who has heard so much; nothing if that is all.
    pub(super) fn next(&mut self, heard: u64, interest: Interest) -> Option<Batch> {
        if heard >= self.told {
            return None;
        }
        let is_it = |batch: &&Batch| batch.heard == heard && batch.interest == interest;
        if let Some(batch) = self.last.iter().find(is_it) {
            return Some(batch.clone());
        }
        let (mut until, mut frames) = (heard, Vec::new());
        while until < self.told && frames.len() < MOST_BYTES {
            let (told, after) = self.log.next(until)?;
            until = after;
            let text = words::news(told, interest);
            frames.extend(text.into_iter().flat_map(|text| scratch::text(&text)));
        }
        let batch = Batch { heard, interest, until, frames: frames.into() };
        self.last.retain(|last| last.interest != interest);
        self.last.push(batch.clone());
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::Told;

    /// So many events that sessions came in, and as many that a subject changed.
    fn batches(events: u64) -> Batches {
        let log = Arc::new(Log::default());
        for number in 0..events {
            log.tell(Told::Sessions(format!("session {number}").into()));
            log.tell(Told::Subject(format!("subject {number}").into()));
        }
        Batches { told: 2 * events, ..Batches::new(log) }
    }

    /// All that one listener gets.
    fn heard(batches: &mut Batches, mut heard: u64, interest: Interest) -> Vec<u8> {
        let mut frames = Vec::new();
        while let Some(batch) = batches.next(heard, interest) {
            assert!(batch.until > heard && batch.frames.len() < 2 * MOST_BYTES);
            heard = batch.until;
            frames.extend_from_slice(&batch.frames);
        }
        frames
    }

    #[test]
    fn each_listener_gets_what_it_has_not_heard_and_is_interested_in() {
        let mut batches = batches(2);
        for (from, interest, expected) in [
            (0, Interest::Everything, &["session 0", "subject 0", "session 1", "subject 1"][..]),
            (0, Interest::Sessions, &["session 0", "session 1"]),
            (2, Interest::Everything, &["session 1", "subject 1"]),
            (3, Interest::Sessions, &[]),
            (4, Interest::Everything, &[]),
        ] {
            let expected: Vec<u8> = expected.iter().flat_map(|text| scratch::text(text.as_bytes())).collect();
            assert_eq!(heard(&mut batches, from, interest), expected, "{from}, {interest:?}");
        }
    }

    #[test]
    fn those_who_have_heard_the_same_share_its_bytes() {
        let mut batches = batches(2);
        let [one, other] = [(); 2].map(|()| batches.next(1, Interest::Everything).unwrap().frames);
        assert_eq!(one.as_ptr(), other.as_ptr());
    }

    #[test]
    fn whoever_has_much_to_hear_gets_it_in_parts() {
        let log = Arc::new(Log::default());
        let long = "x".repeat(MOST_BYTES / 3);
        (0..100).for_each(|_| log.tell(Told::Sessions(long.clone().into())));
        let mut batches = Batches { told: 100, ..Batches::new(log) };
        let frame = scratch::text(long.as_bytes());
        assert_eq!(heard(&mut batches, 0, Interest::Everything), frame.repeat(100));
    }
}
