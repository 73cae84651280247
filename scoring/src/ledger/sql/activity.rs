//! What happens across quizzes: written by whoever makes it happen, in the same transaction.

use async_trait::async_trait;
use sqlx::Row as _;

use super::{Columns as _, LEDGER_CALL, Session, Store, rows};
use crate::{
    activity::{Activity, Event},
    clock::Clock,
    config::bounds::EVENTS_KEPT_MS,
    ledger::{Activities, Error, Result},
};

#[async_trait]
impl Activities for Store {
    async fn last_activity(&self) -> Result<u64> {
        let mut session = Session::plain(&self.readers, LEDGER_CALL).await?;
        session.one(sqlx::query("SELECT last_seq FROM activity_counter")).await?.version("last_seq")
    }

    async fn activity_after(&self, seq: u64, limit: u32) -> Result<Vec<Activity>> {
        let mut session = Session::plain(&self.readers, LEDGER_CALL).await?;
        let select = sqlx::query("SELECT seq, at, event FROM activity WHERE seq > $1 ORDER BY seq LIMIT $2");
        let read = |row: &super::Row| {
            let event = serde_json::from_str(row.try_get("event")?)
                .map_err(|error| Error::nonsense(format_args!("a malformed event: {error}")))?;
            Ok(Activity { seq: row.version("seq")?, at: rows::timestamp(row.try_get("at")?)?, event })
        };
        session.all(select.bind(seq.cast_signed()).bind(i64::from(limit)), read).await
    }
}

/// Writes events. Takes the last lock of a transaction: nothing but its commit comes after.
pub(super) async fn tell<const N: usize>(
    session: &mut Session,
    clock: &Clock,
    events: [Option<Event>; N],
) -> Result<()> {
    for event in events.into_iter().flatten() {
        let move_on = sqlx::query("UPDATE activity_counter SET last_seq = last_seq + 1 RETURNING last_seq");
        let seq: i64 = session.one(move_on).await?.try_get("last_seq")?;
        let now = session.now(clock).await?;
        let event = serde_json::to_string(&event).expect("an event is JSON");
        let insert = sqlx::query("INSERT INTO activity (seq, at, event) VALUES ($1, $2, $3)");
        session.execute(insert.bind(seq).bind(now).bind(event)).await?;
        let forget = sqlx::query("DELETE FROM activity WHERE at < $1");
        session.execute(forget.bind(now - EVENTS_KEPT_MS)).await?;
    }
    Ok(())
}
