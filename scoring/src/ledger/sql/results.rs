//! The rows of one run, for its host.

use sqlx::Row as _;
use tokio::sync::mpsc;

use super::{Columns as _, LEDGER_LONG_CALL, Row, Store, rankings::key, rows};
use crate::{ids::QuizId, ledger::Result, refusal::Refusal, sessions::ResultRow};

/// How many rows are sent at a time.
const PORTION: usize = 1000;

/// The rows of a table of seats, ranked.
macro_rules! ranked_seats {
    ($seats:literal) => {
        concat!(
            "SELECT r.participant_id, r.username, r.key, r.rank, r.answered, r.correct, u.subject AS sub
             FROM (SELECT participant_id, user_id, username, key, answered, correct,
                       CAST(rank() OVER (ORDER BY key DESC) AS INTEGER) AS rank
                   FROM ",
            $seats,
            ") AS r LEFT JOIN users u ON u.user_id = r.user_id
             ORDER BY r.key DESC, r.participant_id"
        )
    };
}

/// Sends the rows of a run, best first.
pub(super) async fn send(
    store: &Store,
    quiz: QuizId,
    run: Option<u32>,
    to: &mpsc::Sender<Vec<ResultRow>>,
) -> Result<()> {
    let mut session = store.read(LEDGER_LONG_CALL).await?;
    let present = sqlx::query("SELECT run FROM quiz_counters WHERE quiz_id = $1");
    let present = session.optional(present.bind(quiz)).await?.ok_or(Refusal::QuizNotFound)?;
    let present = present.whole("run")?.max(1);
    let run = run.unwrap_or(present);
    let finished = sqlx::query("SELECT run FROM runs WHERE quiz_id = $1 AND run = $2");
    let finished = session.optional(finished.bind(quiz).bind(i64::from(run))).await?;
    let select = if finished.is_some() {
        sqlx::query(ranked_seats!("standings WHERE quiz_id = $1 AND run = $2"))
    } else if run == present {
        sqlx::query(ranked_seats!(
            "(SELECT participant_id, user_id, username, answered, correct,
                  CAST(score AS BIGINT) * 2147483648 + 2147483647 - time_ms AS key
              FROM participants WHERE quiz_id = $1 AND NOT removed AND $2 > 0) AS seats"
        ))
    } else {
        return Err(Refusal::invalid("run", format!("must be 1 to {present}")).into());
    };
    session.portions(select.bind(quiz).bind(i64::from(run)), PORTION, result, to).await
}

fn result(row: &Row) -> Result<ResultRow> {
    Ok(ResultRow {
        rank: row.whole("rank")?,
        participant: row.try_get("participant_id")?,
        username: row.username()?,
        key: key(row)?,
        answers: rows::answer_counts(row)?,
        sub: row.try_get("sub")?,
    })
}
