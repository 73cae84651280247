//! Brings the schema up to date: forward only, in one transaction that holds a lock.

use super::{Columns as _, MIGRATIONS, Session};
use crate::ledger::{Error, Result};

/// Runs what is missing. The session's transaction shuts out every other migration.
pub(super) async fn run(session: &mut Session) -> Result<()> {
    session.script("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)").await?;
    let select = sqlx::query("SELECT coalesce(max(version), 0) AS version FROM schema_version");
    let version = session.one(select).await?.whole("version")?;
    let missing = MIGRATIONS.get(version as usize..).ok_or(Error::NewerSchema)?;
    for (version, script) in (version + 1..).zip(missing) {
        session.script(*script).await?;
        let insert = sqlx::query("INSERT INTO schema_version VALUES ($1)");
        session.execute(insert.bind(version.cast_signed())).await?;
    }
    Ok(())
}
