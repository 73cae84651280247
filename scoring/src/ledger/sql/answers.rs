//! The hot path, as far as databases agree on it.

use anyhow::anyhow;
use async_trait::async_trait;
use sqlx::Row as _;

use super::{Columns as _, Row, Store, record};
use crate::ledger::{
    Answers, Error, NewAnswer, Recorded, Result,
    batch::{Batch, Circumstances, QuizThen, SeatThen, Stored},
};

/// How often a row is tried. A statement that waited for the quiz sees the tables as they were
/// before: a seat that was taken meanwhile is there the second time.
const TRIES: u32 = 3;

/// How far a try to count the rows of a batch got.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To every quiz.
    All,
    /// Only to those that nobody holds.
    Free,
}

#[async_trait]
impl Answers for Store {
    async fn record(&self, answers: &[NewAnswer]) -> Result<Recorded> {
        let mut batch = Batch::of(answers);
        let mut session = self.recorders.begin().await?;
        for _ in 0..TRIES {
            let reach = record::insert(&mut session, &self.clock, &mut batch).await?;
            if batch.open().is_empty() {
                break;
            }
            for (row, circumstances) in record::look_up(&mut session, &self.clock, &batch).await? {
                batch.explain(row, &circumstances);
            }
            if reach == Reach::Free {
                batch.put_off();
                break;
            }
        }
        if !batch.open().is_empty() {
            return Err(Error::Failed(anyhow!("an answer was neither counted nor refused")));
        }
        self.recorders.end(session).await?;
        Ok(batch.finish())
    }
}

/// Reads what stands around the row at `position`.
pub(crate) fn circumstances(row: &Row) -> Result<(usize, Circumstances)> {
    let quiz = match row.try_get::<Option<&str>, _>("status")? {
        Some(_) => Some(QuizThen {
            run: row.whole("run")?,
            status: row.status()?,
            is_late: row.try_get::<Option<bool>, _>("is_late")?.unwrap_or(false),
        }),
        None => None,
    };
    let seat = match row.try_get::<Option<i32>, _>("score")? {
        Some(_) => Some(SeatThen { score: row.whole("score")?, seq: row.version("seq")? }),
        None => None,
    };
    let stored = match row.try_get::<Option<i32>, _>("points")? {
        Some(_) => Some(Stored {
            is_same_call: row.try_get::<Option<bool>, _>("is_same_call")?.unwrap_or(false),
            correct: row.try_get("correct")?,
            points: row.whole("points")?,
        }),
        None => None,
    };
    let is_reused = row.try_get("is_reused")?;
    Ok((row.whole("position")? as usize, Circumstances { quiz, seat, stored, is_reused }))
}
