//! What becomes of a batch of answers, as far as no database is needed to tell.

use std::sync::Arc;

use services::telemetry::Causes;

use super::{NewAnswer, Outcome, Recorded, Verdict};
use crate::{
    board::{BoardId, Change, ChangedRow, Member, Phase},
    ids::QuizId,
    quiz::Status,
    ranking::Key,
    refusal::Refusal,
};

/// A batch on its way into a ledger: each row is open until its outcome is known.
pub(super) struct Batch<'a> {
    pub(super) answers: &'a [NewAnswer],
    outcomes: Vec<Option<Outcome>>,
    changes: Vec<Change>,
}

/// The open rows of one quiz in one run. When the quiz moves from version `from`, the row at
/// place `i` of the group gets version `from + 1 + i`.
pub(super) struct Group {
    pub(super) quiz: QuizId,
    pub(super) run: u32,
    /// Positions in the batch, upwards.
    pub(super) rows: Vec<usize>,
}

/// A seat after its answers were counted.
pub(super) struct Scored {
    /// The versions of those answers, upwards; at least one.
    pub(super) seqs: Vec<u64>,
    pub(super) key: Key,
    pub(super) username: Arc<str>,
}

/// What stands around an answer that was not counted.
pub(super) struct Circumstances {
    /// None if there is no such quiz.
    pub(super) quiz: Option<QuizThen>,
    /// None if there is no such seat.
    pub(super) seat: Option<SeatThen>,
    /// What was counted for the same question.
    pub(super) stored: Option<Stored>,
    /// Whether the seat's answer to another question had the same submission id.
    pub(super) is_reused: bool,
}

/// A quiz as an answer found it.
pub(super) struct QuizThen {
    pub(super) run: u32,
    pub(super) status: Status,
    /// Whether the answer came after the end time.
    pub(super) is_late: bool,
}

/// A seat as an answer found it.
pub(super) struct SeatThen {
    pub(super) score: u32,
    /// The version of its last change.
    pub(super) seq: u64,
}

/// An answer that was counted before.
pub(super) struct Stored {
    /// Whether it had the same submission id.
    pub(super) is_same_call: bool,
    pub(super) correct: bool,
    pub(super) points: u32,
}

impl NewAnswer {
    /// How long it has waited, in ms. Beyond some weeks nobody counts.
    pub(super) fn waited_ms(&self) -> i64 {
        u32::try_from(self.waited.as_millis()).unwrap_or(u32::MAX).into()
    }
}

impl<'a> Batch<'a> {
    pub(super) fn of(answers: &'a [NewAnswer]) -> Self {
        Self { answers, outcomes: vec![None; answers.len()], changes: Vec::new() }
    }

    /// The positions of the open rows.
    pub(super) fn open(&self) -> Vec<usize> {
        (0..self.answers.len()).filter(|&row| self.outcomes[row].is_none()).collect()
    }

    /// The open rows by quiz and run.
    pub(super) fn groups(&self) -> Vec<Group> {
        let mut rows = self.open();
        let of = |row: &usize| (self.answers[*row].quiz, self.answers[*row].run);
        rows.sort_by_key(of);
        rows.chunk_by(|a, b| of(a) == of(b))
            .map(|rows| {
                let (quiz, run) = of(&rows[0]);
                Group { quiz, run, rows: rows.to_vec() }
            })
            .collect()
    }

    /// Notes that a started quiz has moved by a group, and what the seats that scored have now.
    pub(super) fn moved(&mut self, group: &Group, epoch: u64, from: u64, seats: &[Scored]) {
        let position = |seq: u64| group.rows[usize::try_from(seq - from - 1).expect("a place in the group")];
        let mut rows = Vec::with_capacity(seats.len());
        for Scored { seqs, key, username } in seats {
            let (last, mut total) = (seqs[seqs.len() - 1], key.score());
            for &seq in seqs.iter().rev() {
                let answer = &self.answers[position(seq)];
                let &NewAnswer { correct, points, .. } = answer;
                // Readers see a seat's answers of one batch together, from the last one's version on.
                let verdict = Verdict { correct, points, total, version: last };
                self.outcomes[position(seq)] = Some(Outcome::Counted(verdict));
                total -= points;
            }
            rows.push(ChangedRow {
                member: Member::Participant(self.answers[position(last)].participant),
                key: Some(*key),
                label: Arc::clone(username),
                seq: last,
            });
        }
        self.changes.push(Change {
            board: BoardId::Quiz(group.quiz),
            epoch,
            from,
            to: from + group.rows.len() as u64,
            phase: Phase { status: Some(Status::Started), run: group.run },
            rows,
            causes: Causes::default(),
        });
    }

    /// Settles a row that was not counted, unless nothing stands against it.
    pub(super) fn explain(&mut self, row: usize, circumstances: &Circumstances) {
        self.outcomes[row] = circumstances.outcome(self.answers[row].run);
    }

    /// Settles all open rows: their quizzes are held.
    pub(super) fn put_off(&mut self) {
        for outcome in &mut self.outcomes {
            outcome.get_or_insert(Outcome::Held);
        }
    }

    /// The outcomes, once no row is open.
    pub(super) fn finish(self) -> Recorded {
        let outcomes = self.outcomes.into_iter().map(|outcome| outcome.expect("no row is open"));
        Recorded { outcomes: outcomes.collect(), changes: self.changes }
    }
}

impl Circumstances {
    /// What becomes of an answer of this run; none if it should have been counted.
    fn outcome(&self, run: u32) -> Option<Outcome> {
        let refused = |refusal| Some(Outcome::Refused(refusal));
        let Some(quiz) = &self.quiz else { return refused(Refusal::QuizNotFound) };
        if quiz.run != run {
            return Some(Outcome::OtherRun);
        }
        let Some(seat) = &self.seat else { return refused(Refusal::NotAParticipant) };
        // What was counted is told before what stands in the way of counting it now.
        if let Some(&Stored { is_same_call, correct, points }) = self.stored.as_ref() {
            let verdict = Verdict { correct, points, total: seat.score, version: seat.seq };
            return if is_same_call {
                Some(Outcome::Counted(verdict))
            } else {
                refused(Refusal::AlreadyAnswered)
            };
        }
        if self.is_reused {
            return refused(Refusal::invalid("submission_id", "was used for another question"));
        }
        match quiz.status {
            Status::Pending => refused(Refusal::QuizNotStarted),
            Status::Ended => refused(Refusal::QuizEnded),
            Status::Started if quiz.is_late => refused(Refusal::QuizEnded),
            Status::Started => None,
        }
    }
}
