//! What was sent: all attempts to answer, by submission and by the run that they may have met.

use std::collections::HashMap;

use crate::{
    history::{Answer, Call, History, Verdict},
    truth::Ledger,
};

pub(super) type Attempt = Call<Answer, Verdict>;

/// All attempts of a history.
pub(super) struct Sent<'a> {
    history: &'a History,
    ledger: &'a Ledger,
    attempts: HashMap<&'a str, Vec<&'a Attempt>>,
}

impl<'a> Sent<'a> {
    pub(super) fn of(history: &'a History, ledger: &'a Ledger) -> Self {
        let mut attempts: HashMap<&str, Vec<&Attempt>> = HashMap::new();
        for attempt in &history.answers {
            attempts.entry(&attempt.request.submission_id).or_default().push(attempt);
        }
        for of_one in attempts.values_mut() {
            of_one.sort_by_key(|attempt| attempt.began);
        }
        Self { history, ledger, attempts }
    }

    /// The attempts of a submission that may have met a run, as they began.
    pub(super) fn in_run(&self, submission_id: &str, run: u32) -> impl Iterator<Item = &'a Attempt> {
        let attempts = self.attempts.get(submission_id).map_or(&[][..], Vec::as_slice);
        attempts.iter().copied().filter(move |attempt| self.history.may_be_of(run, attempt))
    }

    /// The first acknowledgement of a submission in a run.
    pub(super) fn acknowledged(&self, submission_id: &str, run: u32) -> Option<&'a Attempt> {
        let attempts = self.in_run(submission_id, run);
        attempts.filter(|attempt| self.run_of(attempt) == Some(run)).min_by_key(|attempt| attempt.ended)
    }

    /// The run in which an attempt was acknowledged; none if it was not.
    pub(super) fn run_of(&self, attempt: &Attempt) -> Option<u32> {
        attempt.outcome.done().map(|verdict| self.ledger.run_at(verdict.version))
    }

    /// Whether an attempt may have met another run than this one.
    pub(super) fn is_unclear(&self, attempt: &Attempt, run: u32) -> bool {
        let mut others = self.ledger.runs.values().filter(|other| **other != run);
        others.any(|other| self.history.may_be_of(*other, attempt))
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::{Game, ms};
    use super::*;
    use crate::history::{Outcome, Trouble};

    #[test]
    fn an_attempt_that_met_the_start_of_a_run_may_be_of_either_and_is_acknowledged_in_one() {
        let mut game = Game::restarted();
        let mut attempts = game.attempts("a1");
        attempts[0].outcome = Outcome::Unknown(Trouble::new("NO_ANSWER"));
        attempts[1].began = ms(128);
        let sent = Sent::of(&game.history, &game.ledger);
        let count = |run| sent.in_run("a1", run).count();
        assert_eq!([count(1), count(2)], [2, 1]);
        assert!(sent.acknowledged("a1", 1).is_none());
        assert_eq!(sent.acknowledged("a1", 2).map(|attempt| attempt.began), Some(ms(128)));
        let unclear = sent.in_run("a1", 1).map(|attempt| sent.is_unclear(attempt, 1));
        assert_eq!(unclear.collect::<Vec<_>>(), [false, true]);
    }
}
