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
    pub(super) fn is_over(&self) -> bool {
        self.status == Status::Ended || (self.status == Status::Started && self.left.is_zero())
    }

    /// What becomes of a batch: what can be counted is, row by row; what was not is explained by how
    /// things stand afterwards.
    pub(super) fn record(&mut self, batch: &[NewAnswer]) -> Vec<Outcome> {
        let mut counted = Vec::new();
        for row in batch {
            self.version += u64::from(row.run == self.run && self.status == Status::Started);
            counted.push(self.count(row));
        }
        let outcome = |(row, counted): (&NewAnswer, Option<Verdict>)| match counted {
            // Readers see a seat's answers of one batch together, from its last one's version on.
            Some(verdict) => {
                let seat = self.seat(row.participant).expect("it answered");
                Outcome::Counted(Verdict { version: seat.version, ..verdict })
            }
            None => self.explain(row),
        };
        batch.iter().zip(counted).map(outcome).collect()
    }

    /// Counts a row, for which the version has just moved, if nothing stands against it.
    fn count(&mut self, row: &NewAnswer) -> Option<Verdict> {
        let can_count = row.run == self.run && self.status == Status::Started && !self.left.is_zero();
        if !can_count || self.stored(row).is_some() || self.is_reused(row) {
            return None;
        }
        let version = self.version;
        let seat = self.seats.iter_mut().find(|seat| seat.id == row.participant && !seat.is_removed)?;
        (seat.score, seat.version) = (seat.score + row.points, version);
        let verdict = Verdict { correct: row.points > 0, points: row.points, total: seat.score, version };
        let counted = Counted { call: call_of(row).to_owned(), points: row.points };
        self.answers.insert((row.run, row.participant, row.question), counted);
        Some(verdict)
    }

    fn explain(&self, row: &NewAnswer) -> Outcome {
        if row.run != self.run {
            return Outcome::OtherRun;
        }
        let Some(seat) = self.seat(row.participant) else {
            return Outcome::Refused(Refusal::NotAParticipant);
        };
        if let Some(Counted { call, points }) = self.stored(row) {
            if call.is_empty() || call != call_of(row) {
                return Outcome::Refused(Refusal::AlreadyAnswered);
            }
            let (correct, points) = (*points > 0, *points);
            return Outcome::Counted(Verdict { correct, points, total: seat.score, version: seat.version });
        }
        Outcome::Refused(match self.status {
            _ if self.is_reused(row) => Refusal::invalid("submission_id", "was used for another question"),
            Status::Pending => Refusal::QuizNotStarted,
            Status::Ended | Status::Started => Refusal::QuizEnded,
        })
    }

    fn seat(&self, id: ParticipantId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.id == id && !seat.is_removed)
    }

    /// What was counted for the same question.
    fn stored(&self, row: &NewAnswer) -> Option<&Counted> {
        self.answers.get(&(row.run, row.participant, row.question))
    }

    /// Whether the seat's answer to some question had the same submission id.
    fn is_reused(&self, row: &NewAnswer) -> bool {
        let mut of_seat =
            self.answers.iter().filter(|((run, seat, _), _)| (*run, *seat) == (row.run, row.participant));
        !call_of(row).is_empty() && of_seat.any(|(_, counted)| counted.call == call_of(row))
    }
}

fn call_of(row: &NewAnswer) -> &str {
    row.submission_id.as_ref().map_or("", CallId::as_str)
}
