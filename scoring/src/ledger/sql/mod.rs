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
use services::telemetry::limit_reached;
use sqlx::Pool;
use tokio::time::timeout;

pub(super) use self::{
    answers::{Reach, circumstances},
    rows::{Columns, Row},
    session::Session,
};
use super::{BEGIN_LONG, BEGIN_MIGRATION, BEGIN_READ, BEGIN_WRITE, Db, MIGRATIONS, record};
pub(super) use crate::config::bounds::{LEDGER_CALL, LEDGER_LONG_CALL};
use crate::{
    clock::Clock,
    config::bounds::LEDGER_CLOSES,
    ledger::{Ledger, Result},
};

/// A ledger in one database.
pub(super) struct Store {
    /// For batches of answers, which wait for nobody.
    pub(super) recorders: record::Recorders,
    /// For transactions that change something else.
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
        Session::begin(&self.writers, BEGIN_WRITE, LEDGER_CALL).await
    }

    /// Begins to change every row of a quiz.
    async fn write_long(&self) -> Result<Session> {
        Session::begin(&self.writers, BEGIN_LONG, LEDGER_LONG_CALL).await
    }
}

#[async_trait]
impl Ledger for Store {
    async fn migrate(&self) -> Result<()> {
        let mut session = Session::begin(&self.writers, BEGIN_MIGRATION, LEDGER_LONG_CALL).await?;
        migrate::run(&mut session).await?;
        session.commit().await
    }

    async fn now(&self) -> Result<Timestamp> {
        let mut session = Session::plain(&self.readers, LEDGER_CALL).await?;
        rows::timestamp(session.now(&self.clock).await?)
    }

    async fn close(&self) {
        let all = async { tokio::join!(self.recorders.close(), self.writers.close(), self.readers.close()) };
        if timeout(LEDGER_CLOSES, all).await.is_err() {
            limit_reached("ledger.close");
        }
    }
}
