//! The ledger over SQL, as far as databases agree on it. These files are compiled once for each
//! adapter, against its own `Db`: the same text, checked against both drivers, without generics.
//!
//! The module above, an adapter, gives `Db`; the words in which databases differ (`BEGIN_…`,
//! `MIGRATIONS`, the macros `now!`, `texts!` and `rows!`); how it connects; and [`super::record`], the
//! statements of the hot path, which are its own.

mod activity;
mod answers;
mod audits;
mod counter;
mod life;
mod migrate;
mod performance;
mod quizzes;
mod rankings;
mod results;
mod rows;
mod seats;
mod session;
mod sessions;
mod settle;
mod subjects;
mod uploads;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Pool;

pub(super) use self::{
    answers::circumstances,
    rows::{Columns, Row},
    session::Session,
};
use super::{BEGIN_LONG, BEGIN_MIGRATION, BEGIN_READ, BEGIN_WRITE, Db, MIGRATIONS, record};
use crate::{
    clock::Clock,
    ledger::{Ledger, Result},
};

/// How long a call may take, with waiting for a connection.
pub(super) const CALL: Duration = Duration::from_secs(5);
/// How long a call may take that touches every row of a quiz.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// A ledger in one database.
pub(super) struct Store {
    /// For transactions that change something.
    pub(super) writers: Pool<Db>,
    /// For all others, so that readers never keep a writer waiting.
    pub(super) readers: Pool<Db>,
    pub(super) clock: Clock,
}

impl Store {
    /// Begins to read, all at one moment.
    async fn read(&self, limit: Duration) -> Result<Session> {
        Session::begin(&self.readers, BEGIN_READ, limit).await
    }

    /// Begins to change something.
    async fn write(&self) -> Result<Session> {
        Session::begin(&self.writers, BEGIN_WRITE, CALL).await
    }

    /// Begins to change every row of a quiz.
    async fn write_long(&self) -> Result<Session> {
        Session::begin(&self.writers, BEGIN_LONG, LONG).await
    }
}

#[async_trait]
impl Ledger for Store {
    async fn migrate(&self) -> Result<()> {
        let mut session = Session::begin(&self.writers, BEGIN_MIGRATION, LONG).await?;
        migrate::run(&mut session).await?;
        session.commit().await
    }

    async fn now(&self) -> Result<Timestamp> {
        let mut session = Session::plain(&self.readers, CALL).await?;
        rows::timestamp(session.now(&self.clock).await?)
    }

    async fn close(&self) {
        tokio::join!(self.writers.close(), self.readers.close());
    }
}
