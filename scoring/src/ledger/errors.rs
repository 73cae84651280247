//! What a driver's error means to whoever asked the ledger.

use anyhow::anyhow;
use sqlx::{error::DatabaseError, postgres::PgDatabaseError};

use super::Error;

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let is_passing = is_passing(&error);
        let source = anyhow::Error::new(error);
        if is_passing { Self::Unavailable(source) } else { Self::Failed(source) }
    }
}

impl Error {
    /// The store did not answer before the deadline.
    pub(super) fn late() -> Self {
        Self::Unavailable(anyhow!("no answer before the deadline"))
    }

    /// The same for another caller, who waited for the same.
    pub(crate) fn for_another(&self) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(refusal.clone()),
            Self::Unavailable(source) => Self::Unavailable(anyhow!("{source:#}")),
            Self::NewerSchema => Self::NewerSchema,
            Self::Failed(source) => Self::Failed(anyhow!("{source:#}")),
        }
    }

    /// Whether the store refused it because something that must be unique is there already.
    pub(super) fn is_duplicate(&self) -> bool {
        let Self::Failed(source) = self else { return false };
        source
            .downcast_ref::<sqlx::Error>()
            .and_then(sqlx::Error::as_database_error)
            .is_some_and(DatabaseError::is_unique_violation)
    }

    /// Whether somebody else held a row for longer than it could be waited for.
    pub(super) fn is_held(&self) -> bool {
        let Self::Unavailable(source) = self else { return false };
        // https://www.postgresql.org/docs/current/errcodes-appendix.html: lock_not_available.
        source
            .downcast_ref::<sqlx::Error>()
            .and_then(sqlx::Error::as_database_error)
            .is_some_and(|said| said.code().as_deref() == Some("55P03"))
    }

    /// The store holds what it must not.
    pub(super) fn nonsense(what: impl std::fmt::Display) -> Self {
        Self::Failed(anyhow!("the store holds {what}"))
    }
}

/// Whether the same request may well succeed a moment later.
pub(super) fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        // What a server that hangs up while a connection is made appears to say.
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::BeginFailed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(said) => says_later(said.as_ref()),
        _ => false,
    }
}

fn says_later(error: &dyn DatabaseError) -> bool {
    let Some(code) = error.code() else { return false };
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        // https://www.postgresql.org/docs/current/errcodes-appendix.html: connections, transaction
        // rollback, resources, intervention (statement_timeout is one), system; then a server that
        // has become a standby, an idle transaction that was ended, a lock that somebody holds.
        return ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class))
            || matches!(code.as_ref(), "25006" | "25P03" | "55P03");
    }
    // https://www.sqlite.org/rescode.html: the low byte is the primary code; BUSY, LOCKED, IOERR, FULL.
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13))
}
