//! A ledger of one quiz, as simple as can be: what becomes of answers, in memory.

use std::{collections::HashMap, time::Duration};

use crate::{
    ids::{ParticipantId, QuestionId},
    ledger::{NewAnswer, Outcome, Verdict},
    quiz::{CallId, Status},
    refusal::Refusal,
};

/// The quiz as it should be.
pub(super) struct Simple {
    pub(super) status: Status,
    pub(super) run: u32,
    pub(super) version: u64,
    /// How much of its time is left.
    pub(super) left: Duration,
    pub(super) seats: Vec<Seat>,
    /// By run, seat and question.
    pub(super) answers: HashMap<(u32, ParticipantId, QuestionId), Counted>,
}

pub(super) struct Seat {
    pub(super) id: ParticipantId,
    pub(super) name: String,
    pub(super) user: Option<String>,
    pub(super) score: u32,
    /// The version of its last change.
    pub(super) version: u64,
    pub(super) is_removed: bool,
}

pub(super) struct Counted {
    pub(super) call: String,
    pub(super) points: u32,
}

impl Simple {
    fn seat(&mut self, id: ParticipantId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.id == id && !seat.is_removed)
    }

    pub(super) fn is_over(&self) -> bool {
        self.status == Status::Ended || (self.status == Status::Started && self.left.is_zero())
    }

    /// What becomes of a batch, row by row.
    pub(super) fn record(&mut self, batch: &[NewAnswer]) -> Vec<Outcome> {
        let base = self.version;
        let mut outcomes: Vec<Outcome> = Vec::new();
        for row in batch {
            self.version += u64::from(row.run == self.run && self.status == Status::Started);
            outcomes.push(self.count(row));
        }
        // Readers see a seat's answers of one batch together, from its last one's version on; what
        // was counted before is told with the total of now.
        for (row, outcome) in batch.iter().zip(&mut outcomes) {
            if let Outcome::Counted(verdict) = outcome {
                let seat = self.seats.iter().find(|seat| seat.id == row.participant).expect("it counted");
                if verdict.version <= base {
                    verdict.total = seat.score;
                }
                verdict.version = seat.version;
            }
        }
        outcomes
    }

    /// What becomes of one row, for which the version has just moved if it can.
    fn count(&mut self, row: &NewAnswer) -> Outcome {
        let (run, status, is_late, version) = (self.run, self.status, self.left.is_zero(), self.version);
        if row.run != run {
            return Outcome::OtherRun;
        }
        let call = row.submission_id.as_ref().map_or("", CallId::as_str).to_owned();
        let key = (run, row.participant, row.question);
        let stored = self.answers.get(&key).map(|stored| (stored.call == call, stored.points));
        let is_reused = self.answers.iter().any(|((other_run, seat, _), stored)| {
            (*other_run, *seat) == (run, row.participant) && !call.is_empty() && stored.call == call
        });
        let Some(seat) = self.seat(row.participant) else {
            return Outcome::Refused(Refusal::NotAParticipant);
        };
        match stored {
            Some((true, points)) if !call.is_empty() => {
                // A replay, also of a row of this batch: told when all of them are counted.
                let verdict = Verdict { correct: points > 0, points, total: seat.score, version: 0 };
                return Outcome::Counted(verdict);
            }
            Some(_) => return Outcome::Refused(Refusal::AlreadyAnswered),
            None if is_reused => {
                return Outcome::Refused(Refusal::invalid("submission_id", "was used for another question"));
            }
            None => {}
        }
        match status {
            Status::Pending => return Outcome::Refused(Refusal::QuizNotStarted),
            Status::Ended => return Outcome::Refused(Refusal::QuizEnded),
            Status::Started if is_late => return Outcome::Refused(Refusal::QuizEnded),
            Status::Started => {}
        }
        seat.score += row.points;
        seat.version = version;
        let total = seat.score;
        self.answers.insert(key, Counted { call, points: row.points });
        Outcome::Counted(Verdict { correct: row.points > 0, points: row.points, total, version })
    }
}
