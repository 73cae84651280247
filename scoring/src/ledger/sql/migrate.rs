//! Brings the schema up to date: forward only, in one transaction that holds a lock.

use super::{Columns as _, MIGRATIONS, Session};
use crate::ledger::{Error, Result};

/// Runs what is missing. The session's transaction shuts out every other migration.
pub(super) async fn run(session: &mut Session) -> Result<()> {
    session.script("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)").await?;
    let row =
        session.one(sqlx::query("SELECT CAST(count(*) AS INTEGER) AS version FROM schema_version")).await?;
    let version = row.whole("version")? as usize;
    let missing = MIGRATIONS.get(version..).ok_or(Error::NewerSchema)?;
    for (number, script) in (version + 1..).zip(missing) {
        session.script(*script).await?;
        session.execute(sqlx::query("INSERT INTO schema_version VALUES ($1)").bind(number as i32)).await?;
    }
    Ok(())
}
