//! A connection for the length of one call, with the call's deadline on every wait.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use futures_util::TryStreamExt as _;
use services::telemetry::{
    self,
    database::{self, Operation, observe},
    limit_reached,
};
use sqlx::{Database, Execute as _, Executor as _, Pool, SqlSafeStr, pool::PoolConnection};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use super::{super::SYSTEM, Db, Row};
use crate::{
    clock::Clock,
    ledger::{Error, Result},
};

type Query<'q> = sqlx::query::Query<'q, Db, <Db as Database>::Arguments>;

/// A connection that works for one call. Dropped before [`Session::commit`], a transaction is
/// rolled back.
pub(crate) struct Session {
    connection: Connection,
    /// When the pool gave the connection away.
    since: Instant,
    until: Instant,
}

/// A connection on loan from a pool.
struct Connection {
    /// There until it is given back.
    lent: Option<PoolConnection<Db>>,
    /// Whether there may be a transaction that is not committed.
    is_open: bool,
    /// How long it may take to be given back: half of what the next one waits for it.
    patience: Duration,
}

impl Session {
    /// Takes a connection whose every statement commits by itself.
    pub(crate) async fn plain(pool: &Pool<Db>, limit: Duration) -> Result<Self> {
        let since = Instant::now();
        let until = since + limit;
        // Boxed, as below: on the way to a new connection lies a whole TLS handshake.
        let connection = before(until, Box::pin(Connection::of(pool))).await?;
        Ok(Self { connection, since, until })
    }

    /// Takes a connection and begins a transaction.
    pub(crate) async fn begin(pool: &Pool<Db>, begin: &'static str, limit: Duration) -> Result<Self> {
        let since = Instant::now();
        let until = since + limit;
        let begun = async {
            let mut connection = Connection::of(pool).await?;
            connection.is_open = true;
            connection.execute(sqlx::raw_sql(begin)).await?;
            Ok(connection)
        };
        let connection = observe(|| step("BEGIN"), before(until, Box::pin(begun))).await?;
        Ok(Self { connection, since, until })
    }

    /// The same connection for another call, unless the pool gave it away longer ago than `fresh`.
    #[allow(dead_code, reason = "SQLite has one writer, and no pool to spare")]
    pub(crate) fn again(self, fresh: Duration, limit: Duration) -> Option<Self> {
        let now = Instant::now();
        (now - self.since < fresh).then(|| Self { until: now + limit, ..self })
    }

    /// Makes what was done durable.
    pub(crate) async fn commit(mut self) -> Result<()> {
        if self.connection.is_open {
            let committed = self.connection.execute(sqlx::raw_sql("COMMIT"));
            observe(|| step("COMMIT"), before(self.until, committed)).await?;
            self.connection.is_open = false;
        }
        Ok(())
    }

    /// Runs a statement; tells how many rows it changed.
    pub(crate) async fn execute(&mut self, query: Query<'_>) -> Result<u64> {
        let (query, operation) = named(query);
        Ok(observe(operation, before(self.until, query.execute(&mut *self.connection)))
            .await?
            .rows_affected())
    }

    /// Runs a script of statements without arguments.
    pub(crate) async fn script(&mut self, script: impl SqlSafeStr) -> Result<()> {
        before(self.until, self.connection.execute(sqlx::raw_sql(script))).await?;
        Ok(())
    }

    /// Reads the first row, if there is one.
    pub(crate) async fn optional(&mut self, query: Query<'_>) -> Result<Option<Row>> {
        let (query, operation) = named(query);
        observe(operation, before(self.until, query.fetch_optional(&mut *self.connection))).await
    }

    /// Reads the row that cannot be missing.
    pub(crate) async fn one(&mut self, query: Query<'_>) -> Result<Row> {
        let (query, operation) = named(query);
        observe(operation, before(self.until, query.fetch_one(&mut *self.connection))).await
    }

    /// Reads all rows, each turned into what it stands for as it comes in.
    pub(crate) async fn all<T>(
        &mut self,
        query: Query<'_>,
        mut read: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let (query, operation) = named(query);
        let collected = async {
            let mut rows = query.fetch(&mut *self.connection);
            let mut all = Vec::new();
            while let Some(row) = rows.try_next().await? {
                all.push(read(&row)?);
            }
            Ok(all)
        };
        let in_time = async { timeout_at(self.until, collected).await.unwrap_or_else(|_| Err(late())) };
        observe(operation, in_time).await
    }

    /// Reads all rows and sends them on, some at a time, for as long as somebody receives.
    pub(crate) async fn portions<T>(
        &mut self,
        query: Query<'_>,
        size: usize,
        mut read: impl FnMut(&Row) -> Result<T>,
        to: &mpsc::Sender<Vec<T>>,
    ) -> Result<()> {
        let (query, operation) = named(query);
        let sent = async {
            let mut rows = query.fetch(&mut *self.connection);
            let mut portion = Vec::with_capacity(size);
            while let Some(row) = rows.try_next().await? {
                portion.push(read(&row)?);
                if portion.len() == size {
                    let full = std::mem::replace(&mut portion, Vec::with_capacity(size));
                    if to.send(full).await.is_err() {
                        return Ok(());
                    }
                }
            }
            let _ = to.send(portion).await;
            Ok(())
        };
        let in_time = async { timeout_at(self.until, sent).await.unwrap_or_else(|_| Err(late())) };
        observe(operation, in_time).await
    }

    /// Reads the database's clock, in ms since 1970.
    pub(crate) async fn now(&mut self, clock: &Clock) -> Result<i64> {
        let row = self.one(sqlx::query(concat!("SELECT ", now!(), " AS now"))).await?;
        Ok(sqlx::Row::try_get::<i64, _>(&row, "now")? + clock.offset_ms())
    }
}

impl Connection {
    async fn of(pool: &Pool<Db>) -> sqlx::Result<Self> {
        let patience = pool.options().get_acquire_timeout() / 2;
        Ok(Self { lent: Some(pool.acquire().await?), is_open: false, patience })
    }
}

impl Drop for Connection {
    /// Gives it back as the driver does by itself, also by a task, but with a deadline: a server that
    /// is silent then would keep the place in the pool for ever. That is why transactions are not the
    /// driver's, which let nobody else give their connections back.
    fn drop(&mut self) {
        let (is_open, patience) = (self.is_open, self.patience);
        let Some(mut lent) = self.lent.take() else { return };
        tokio::spawn(async move {
            if is_open {
                let rolled_back = timeout(patience, lent.execute(sqlx::raw_sql("ROLLBACK"))).await;
                if !matches!(rolled_back, Ok(Ok(_))) {
                    // It may still be in the transaction. Outside of its pool it is closed.
                    drop(lent.detach());
                    return;
                }
            }
            if timeout(patience, lent.return_to_pool()).await.is_err() {
                limit_reached("ledger.call");
            }
        });
    }
}

impl Deref for Connection {
    type Target = <Db as Database>::Connection;

    fn deref(&self) -> &Self::Target {
        self.lent.as_ref().expect("it is given back last")
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.lent.as_mut().expect("it is given back last")
    }
}

/// A statement and what to call it. A statement tells its text only as it is taken apart, which is
/// left alone unless somebody wants to know.
fn named(mut query: Query<'_>) -> (Query<'_>, impl FnOnce() -> Operation) {
    let mut text = None;
    if telemetry::is_on()
        && let Ok(Some(arguments)) = query.take_arguments()
    {
        let sql = query.sql();
        query = sqlx::query_with(sql.clone(), arguments);
        text = Some(sql);
    }
    (query, move || database::statement(SYSTEM, text.as_ref().map_or("", |text| text.as_str())))
}

/// A step of a transaction.
fn step(name: &'static str) -> Operation {
    Operation { system: SYSTEM, name, target: String::new(), count: 1 }
}

async fn before<T>(until: Instant, work: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    match timeout_at(until, work).await {
        Ok(done) => Ok(done.inspect_err(|error| {
            if matches!(error, sqlx::Error::PoolTimedOut) {
                limit_reached("ledger.connection");
            }
        })?),
        Err(_) => Err(late()),
    }
}

fn late() -> Error {
    limit_reached("ledger.call");
    Error::late()
}

/// Writes values as JSON: what stands in for arrays in an argument.
pub(crate) fn json<T: serde::Serialize + ?Sized>(values: &T) -> String {
    serde_json::to_string(values).expect("texts and numbers are JSON")
}
