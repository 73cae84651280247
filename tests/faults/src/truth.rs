//! What is true of one quiz afterwards: the rows of its ledger and its final board, as plain data.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use crate::history::{Row, Status};

/// The rows of the ledger that belong to one quiz.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// The epoch of the whole ledger.
    pub epoch: u64,
    /// The version of the quiz's last change.
    pub last_seq: u64,
    /// Where the quiz is in its life.
    pub status: Status,
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
    /// How long after the run's start it had its score, or without one was taken.
    pub time: Duration,
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
    /// How long after the run's start it came in.
    pub time: Duration,
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

    /// The last version that belongs to a run.
    #[must_use]
    pub fn last_of(&self, run: u32) -> u64 {
        let next = self.runs.iter().find(|(_, later)| **later > run);
        next.map_or(u64::MAX, |(begun, _)| begun.saturating_sub(1))
    }

    /// The run that was begun last.
    #[must_use]
    pub fn last_run(&self) -> u32 {
        self.run_at(u64::MAX)
    }
}

/// What a seat stands at from one of its answers on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The version that the answer made.
    pub seq: u64,
    /// The score from there on.
    pub score: u32,
    /// The greatest time of the answers that earned points; none before the first.
    pub time: Option<Duration>,
}

/// The steps of one seat by run.
type Runs = HashMap<u32, Vec<Step>>;

/// Every seat's score at every version, counted again from the answers.
#[derive(Debug)]
pub struct Recount<'a> {
    ledger: &'a Ledger,
    steps: HashMap<&'a str, Runs>,
    /// The times of the seats that the ledger has without a score.
    idle: HashMap<&'a str, Duration>,
}

impl<'a> Recount<'a> {
    /// Counts the answers of a ledger.
    #[must_use]
    pub fn of(ledger: &'a Ledger) -> Self {
        let mut answers: Vec<&Counted> = ledger.answers.iter().collect();
        answers.sort_by_key(|answer| answer.seq);
        let mut steps: HashMap<&str, Runs> = HashMap::new();
        for answer in answers {
            let of_seat = steps.entry(&answer.participant).or_default().entry(answer.run).or_default();
            let (score, time) = of_seat.last().map_or((0, None), |last| (last.score, last.time));
            let gained = (answer.points > 0).then_some(answer.time);
            of_seat.push(Step { seq: answer.seq, score: score + answer.points, time: time.max(gained) });
        }
        let idle = ledger.seats.iter().filter(|seat| seat.score == 0);
        Self { ledger, steps, idle: idle.map(|seat| (seat.participant.as_str(), seat.time)).collect() }
    }

    /// A seat's score at a version.
    #[must_use]
    pub fn score(&self, participant: &str, version: u64) -> u32 {
        self.step(participant, version).map_or(0, |step| step.score)
    }

    /// A seat's time at a version; none if it had no score and got one later, for then nobody knows
    /// any more.
    #[must_use]
    pub fn time(&self, participant: &str, version: u64) -> Option<Duration> {
        let gained = self.step(participant, version).and_then(|step| step.time);
        let is_idle = self.ledger.run_at(version) == self.ledger.last_run();
        gained.or_else(|| self.idle.get(participant).copied().filter(|_| is_idle))
    }

    /// What a seat has stood at since its last answer up to a version.
    fn step(&self, participant: &str, version: u64) -> Option<&Step> {
        let steps = self.steps(self.ledger.run_at(version), participant);
        steps[..steps.partition_point(|step| step.seq <= version)].last()
    }

    /// What a seat stood at with each of its answers of a run.
    #[must_use]
    pub fn steps(&self, run: u32, participant: &str) -> &[Step] {
        self.steps.get(participant).and_then(|runs| runs.get(&run)).map_or(&[], Vec::as_slice)
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
            time: Duration::from_millis(seq * 10),
        }
    }

    fn seat(participant: &str) -> Seat {
        let (participant, username) = (participant.to_owned(), participant.to_owned());
        Seat { participant, username, score: 0, answered: 0, correct: 0, time: Duration::ZERO }
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
    fn a_time_is_the_greatest_of_the_answers_that_earned_points() {
        let mut answers = [(5, 4), (0, 5), (3, 6), (9, 12)].map(|(points, seq)| answer(1, "a", points, seq));
        answers[2].time = Duration::from_millis(7);
        answers[3].run = 2;
        let idle = Duration::from_millis(33);
        let ledger = Ledger {
            runs: [(0, 1), (10, 2)].into(),
            seats: vec![Seat { time: idle, ..seat("b") }, Seat { score: 9, ..seat("a") }],
            answers: answers.into(),
            ..Ledger::default()
        };
        let recount = Recount::of(&ledger);
        let times = [3, 4, 5, 6, 11, 12].map(|at| recount.time("a", at).map(|time| time.as_millis()));
        assert_eq!(times, [None, Some(40), Some(40), Some(40), None, Some(120)]);
        assert_eq!([9, 10].map(|at| recount.time("b", at)), [None, Some(idle)]);
    }

    #[test]
    fn a_version_belongs_to_the_run_that_began_last_before_it() {
        let ledger = Ledger { runs: [(2, 1), (10, 2)].into(), ..Ledger::default() };
        assert_eq!([0, 1, 2, 9, 10, 99].map(|version| ledger.run_at(version)), [0, 0, 1, 1, 2, 2]);
        assert_eq!([ledger.last_of(1), ledger.last_of(2)], [9, u64::MAX]);
        assert_eq!(ledger.last_run(), 2);
    }
}
