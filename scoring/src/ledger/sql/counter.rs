//! A quiz's counter row: the lock of whoever changes its board, and the board's version.

use services::telemetry::Causes;
use sqlx::Row as _;

use super::{Columns as _, Row, Session};
use crate::{
    board::{BoardId, Change, ChangedRow, Phase, Version},
    clock::Clock,
    config::bounds::ANSWER_DEADLINE,
    ids::QuizId,
    ledger::Result,
    quiz::{PARTICIPANTS_MAX, Status},
    refusal::Refusal,
};

/// A counter as it is, locked until the end of the transaction.
pub(super) struct Counter {
    pub(super) quiz: QuizId,
    pub(super) phase: Phase,
    pub(super) status: Status,
    pub(super) started_at: Option<i64>,
    pub(super) ends_at: Option<i64>,
    /// Below zero where a seat was to be removed of a quiz that has none.
    pub(super) seats: i64,
    /// The version before the step, and the one after it.
    pub(super) from: u64,
    pub(super) version: Version,
    /// The database's clock once the lock was there, in ms since 1970.
    pub(super) now: i64,
}

/// What a locked counter moves by.
#[derive(Clone, Copy)]
pub(super) struct Step {
    versions: i64,
    seats: i32,
}

impl Step {
    /// The board stays as it is.
    pub(super) const NONE: Self = Self { versions: 0, seats: 0 };
    /// The board gets its next version.
    pub(super) const CHANGE: Self = Self { versions: 1, seats: 0 };
    /// The same, with one seat more.
    pub(super) const JOIN: Self = Self { versions: 1, seats: 1 };
    /// The same, with one seat less.
    pub(super) const REMOVAL: Self = Self { versions: 1, seats: -1 };

    /// So many seats more, each with a version.
    pub(super) fn arrivals(count: usize) -> Self {
        let seats = i32::try_from(count).expect("an upload is bounded");
        Self { versions: seats.into(), seats }
    }
}

impl Counter {
    /// Locks the counter of a quiz and moves it by a step. A caller that then refuses drops its
    /// transaction, and the step with it.
    pub(super) async fn lock(session: &mut Session, clock: &Clock, quiz: QuizId, step: Step) -> Result<Self> {
        // An update also where nothing moves: every database knows it, and reads the clock for
        // RETURNING only once it has the lock.
        let update = sqlx::query(concat!(
            "UPDATE quiz_counters SET last_seq = last_seq + $2, seats = seats + $3,
                 moved_at = CASE WHEN $2 = 0 THEN moved_at ELSE ",
            now!(),
            " + $4 END
             WHERE quiz_id = $1
             RETURNING run, status, started_at, ends_at, seats, last_seq,
                 (SELECT epoch FROM epoch) AS epoch, ",
            now!(),
            " AS now"
        ));
        let update = update.bind(quiz).bind(step.versions).bind(step.seats).bind(clock.offset_ms());
        let row = session.optional(update).await?.ok_or(Refusal::QuizNotFound)?;
        let version = version(&row)?;
        Ok(Self {
            quiz,
            phase: phase(&row)?,
            status: row.status()?,
            started_at: row.try_get("started_at")?,
            ends_at: row.try_get("ends_at")?,
            seats: row.try_get::<i32, _>("seats")?.into(),
            from: version.seq - step.versions.cast_unsigned(),
            version,
            now: row.try_get::<i64, _>("now")? + clock.offset_ms(),
        })
    }

    /// Whether the end time is past, noticed or not.
    pub(super) fn is_past_end(&self) -> bool {
        self.ends_at.is_some_and(|ends_at| self.now > ends_at)
    }

    /// Whether the end time is past, for so long that no answer that came before it still waits.
    pub(super) fn is_overdue(&self) -> bool {
        self.ends_at.is_some_and(|ends_at| ends_at < overdue_before(self.now))
    }

    /// The run that seats taken now belong to.
    pub(super) fn seats_run(&self) -> u32 {
        self.phase.run.max(1)
    }

    /// Refuses a step beyond the most seats.
    pub(super) fn must_have_room(&self) -> Result<()> {
        if self.seats <= i64::from(PARTICIPANTS_MAX) {
            return Ok(());
        }
        let problem = format!("a quiz has at most {PARTICIPANTS_MAX} participants");
        Err(Refusal::invalid("quiz_id", problem).into())
    }

    /// What the step did to the board.
    pub(super) fn change(&self, rows: Vec<ChangedRow>) -> Change {
        Change {
            board: BoardId::Quiz(self.quiz),
            epoch: self.version.epoch,
            from: self.from,
            to: self.version.seq,
            phase: self.phase,
            rows,
            causes: Causes::default(),
        }
    }
}

/// The end time before which a quiz is overdue: what came in time may still wait to be recorded.
pub(super) fn overdue_before(now: i64) -> i64 {
    now - i64::try_from(ANSWER_DEADLINE.as_millis()).expect("a deadline is short")
}

/// Where a board stands, from the columns `epoch` and `last_seq`.
pub(super) fn version(row: &Row) -> Result<Version> {
    Ok(Version { epoch: row.version("epoch")?, seq: row.version("last_seq")? })
}

/// The phase of a quiz, from the columns `status` and `run`.
pub(super) fn phase(row: &Row) -> Result<Phase> {
    Ok(Phase { status: Some(row.status()?), run: row.whole("run")? })
}
