//! Columns read back as what they stand for.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use sqlx::{Database, Row as _};

use super::Db;
use crate::{
    ledger::{Error, Result},
    quiz::{GivenAnswer, Plan, Question, Quiz, Status},
    ranking::Key,
    sessions::{AnswerCounts, Attempt, Origin},
};

/// A row as the driver gives it.
pub(crate) type Row = <Db as Database>::Row;

/// Reads columns of the few kinds that the ledger has.
pub(crate) trait Columns {
    /// A small whole number.
    fn whole(&self, column: &str) -> Result<u32>;
    /// A version.
    fn version(&self, column: &str) -> Result<u64>;
    /// A moment, if it has come.
    fn moment(&self, column: &str) -> Result<Option<Timestamp>>;
    /// Where a quiz is in its life.
    fn status(&self) -> Result<Status>;
    /// The name of a seat.
    fn username(&self) -> Result<Arc<str>>;
    /// Where a seat ranks.
    fn key(&self) -> Result<Key>;
}

impl Columns for Row {
    fn whole(&self, column: &str) -> Result<u32> {
        let number: i32 = self.try_get(column)?;
        u32::try_from(number).map_err(|_| Error::nonsense(format_args!("{column} = {number}")))
    }

    fn version(&self, column: &str) -> Result<u64> {
        let number: i64 = self.try_get(column)?;
        u64::try_from(number).map_err(|_| Error::nonsense(format_args!("{column} = {number}")))
    }

    fn moment(&self, column: &str) -> Result<Option<Timestamp>> {
        self.try_get::<Option<i64>, _>(column)?.map(timestamp).transpose()
    }

    fn status(&self) -> Result<Status> {
        let word: &str = self.try_get("status")?;
        word.parse().map_err(|_| Error::nonsense(format_args!("the status {word}")))
    }

    fn username(&self) -> Result<Arc<str>> {
        Ok(self.try_get::<&str, _>("username")?.into())
    }

    fn key(&self) -> Result<Key> {
        Ok(Key::of_seat(self.whole("score")?, self.whole("time_ms")?))
    }
}

/// Reads a time that stands as ms since 1970.
pub(super) fn timestamp(ms: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(ms).map_err(|_| Error::nonsense(format_args!("the time {ms}")))
}

pub(super) fn quiz(row: &Row) -> Result<Quiz> {
    let total_questions: i64 = row.try_get("total_questions")?;
    Ok(Quiz {
        id: row.try_get("quiz_id")?,
        join_code: row.try_get("join_code")?,
        owner_id: row.try_get("owner_id")?,
        plan: Plan {
            title: row.try_get("title")?,
            description: row.try_get("description")?,
            subject: row.try_get("subject")?,
            duration: Duration::from_secs(row.whole("duration_s")?.into()),
            listed: row.try_get("listed")?,
            self_report: row.try_get("self_report")?,
        },
        status: row.status()?,
        run: row.whole("run")?,
        created_at: timestamp(row.try_get("created_at")?)?,
        started_at: row.moment("started_at")?,
        ends_at: row.moment("ends_at")?,
        ended_at: row.moment("ended_at")?,
        total_questions: u32::try_from(total_questions)
            .map_err(|_| Error::nonsense(format_args!("{total_questions} questions")))?,
        total_participants: row.whole("seats")?,
    })
}

pub(super) fn question(row: &Row) -> Result<Question> {
    let options = serde_json::from_str(row.try_get("options")?)
        .map_err(|error| Error::nonsense(format_args!("malformed options: {error}")))?;
    Ok(Question {
        id: row.try_get("question_id")?,
        text: row.try_get("text")?,
        options,
        correct: row.whole("correct")? as usize,
        points: row.whole("points")?,
    })
}

pub(super) fn given_answer(row: &Row) -> Result<GivenAnswer> {
    Ok(GivenAnswer {
        question: row.try_get("question_id")?,
        choice: row.whole("choice")?,
        correct: row.try_get("correct")?,
        points: row.whole("points")?,
        at: timestamp(row.try_get("at")?)?,
    })
}

/// What was achieved in a session.
pub(super) fn attempt(row: &Row) -> Result<Attempt> {
    Ok(Attempt {
        username: row.try_get("username")?,
        score: row.whole("score")?,
        duration_ms: row.whole("duration_ms")?,
        started_at: row.moment("started_at")?,
        ended_at: row.moment("ended_at")?,
    })
}

/// How a seat or session came to be.
pub(super) fn origin(row: &Row) -> Result<Origin> {
    match row.try_get("origin")? {
        "join" => Ok(Origin::Join),
        "upload" => Ok(Origin::Upload),
        other => Err(Error::nonsense(format_args!("the origin {other}"))),
    }
}

/// How many questions a seat answered.
pub(super) fn answer_counts(row: &Row) -> Result<AnswerCounts> {
    Ok(AnswerCounts { answered: row.whole("answered")?, correct: row.whole("correct")? })
}
