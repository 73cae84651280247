//! What is true of one quiz afterwards: the rows of its ledger and its final board, as plain data.

use std::collections::{BTreeMap, HashMap};

use crate::history::Row;

/// The rows of the ledger that belong to one quiz.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// The epoch of the whole ledger.
    pub epoch: u64,
    /// The version of the quiz's last change.
    pub last_seq: u64,
    /// The versions at which runs began, with the run: whatever is lower belongs to the run before.
    pub runs: BTreeMap<u64, u32>,
    /// The seats that were not removed.
    pub seats: Vec<Seat>,
    /// The answers of every run.
    pub answers: Vec<Counted>,
}

/// A seat as the ledger sums it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Whose.
    pub participant: String,
    /// The name to show.
    pub username: String,
    /// Points in the present run.
    pub score: u32,
    /// Answers in the present run.
    pub answered: u32,
    /// How many of them were correct.
    pub correct: u32,
}

/// An answer that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The run that it counts in.
    pub run: u32,
    /// Who gave it.
    pub participant: String,
    /// What it answers.
    pub question: String,
    /// Which call brought it.
    pub submission_id: String,
    /// The chosen option.
    pub choice: u32,
    /// Whether it was the correct one.
    pub correct: bool,
    /// The points it earned.
    pub points: u32,
    /// The version that it made.
    pub seq: u64,
}

/// The whole board as a reader gets it in the end.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// The epoch of its version.
    pub epoch: u64,
    /// The last change that it shows.
    pub version: u64,
    /// All rows, best first.
    pub rows: Vec<Row>,
}

impl Ledger {
    /// The run that a version belongs to; 0 before the first.
    #[must_use]
    pub fn run_at(&self, version: u64) -> u32 {
        self.runs.range(..=version).next_back().map_or(0, |(_, run)| *run)
    }

    /// The run that was begun last.
    #[must_use]
    pub fn last_run(&self) -> u32 {
        self.run_at(u64::MAX)
    }
}

/// Per run, the versions at which a score moved, each with the score from there on.
type Runs = HashMap<u32, Vec<(u64, u32)>>;

/// Every seat's score at every version, counted again from the answers.
#[derive(Debug)]
pub struct Recount<'a> {
    ledger: &'a Ledger,
    scores: HashMap<&'a str, Runs>,
}

impl<'a> Recount<'a> {
    /// Counts the answers of a ledger.
    #[must_use]
    pub fn of(ledger: &'a Ledger) -> Self {
        let mut answers: Vec<&Counted> = ledger.answers.iter().collect();
        answers.sort_by_key(|answer| answer.seq);
        let mut scores: HashMap<&str, Runs> = HashMap::new();
        for answer in answers {
            let steps = scores.entry(&answer.participant).or_default().entry(answer.run).or_default();
            let before = steps.last().map_or(0, |(_, score)| *score);
            steps.push((answer.seq, before + answer.points));
        }
        Self { ledger, scores }
    }

    /// A seat's score at a version.
    #[must_use]
    pub fn score(&self, participant: &str, version: u64) -> u32 {
        let steps = self.steps(self.ledger.run_at(version), participant);
        let passed = steps.partition_point(|(seq, _)| *seq <= version);
        passed.checked_sub(1).map_or(0, |last| steps[last].1)
    }

    /// The versions of a run at which a seat answered, with its score from there on.
    #[must_use]
    pub fn steps(&self, run: u32, participant: &str) -> &[(u64, u32)] {
        self.scores.get(participant).and_then(|runs| runs.get(&run)).map_or(&[], Vec::as_slice)
    }

    /// The scores of all seats at a version, greatest first.
    #[must_use]
    pub fn scores_at(&self, version: u64) -> Vec<u32> {
        let mut scores: Vec<u32> =
            self.ledger.seats.iter().map(|seat| self.score(&seat.participant, version)).collect();
        scores.sort_unstable_by(|a, b| b.cmp(a));
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(run: u32, participant: &str, points: u32, seq: u64) -> Counted {
        Counted {
            run,
            participant: participant.to_owned(),
            question: format!("q_{seq}"),
            submission_id: format!("s{seq}"),
            choice: 0,
            correct: points > 0,
            points,
            seq,
        }
    }

    #[test]
    fn a_score_is_the_sum_of_the_answers_of_its_run_up_to_its_version() {
        let ledger = Ledger {
            runs: [(2, 1), (10, 2)].into(),
            answers: vec![answer(1, "a", 5, 4), answer(1, "a", 3, 3), answer(2, "a", 7, 12)],
            ..Ledger::default()
        };
        let recount = Recount::of(&ledger);
        let scores: Vec<_> = [1, 2, 3, 4, 9, 10, 11, 12].map(|at| recount.score("a", at)).into();
        assert_eq!(scores, [0, 0, 3, 8, 8, 0, 0, 7]);
        assert_eq!(recount.score("nobody", 12), 0);
    }

    #[test]
    fn a_version_belongs_to_the_run_that_began_last_before_it() {
        let ledger = Ledger { runs: [(2, 1), (10, 2)].into(), ..Ledger::default() };
        assert_eq!([0, 1, 2, 9, 10, 99].map(|version| ledger.run_at(version)), [0, 0, 1, 1, 2, 2]);
        assert_eq!(ledger.last_run(), 2);
    }
}
