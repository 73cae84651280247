//! The ledger in Postgres: for many processes at once.
//!
//! Batches of answers, other writers and readers have connections of their own: whoever waits for a
//! quiz that an upload holds keeps no answer of another quiz waiting, and whoever joins it soon gives
//! the connection to others. A writer's plans use indexes whatever the tables' sizes were when a plan
//! was made: it is kept for as long as the connection, and a table that was empty then would be
//! scanned for ever. Nothing waits longer than its deadline, here and in the server: not for a
//! connection, not for an answer, not for a transaction that somebody began and forgot.
//!
//! Tables are whole. Eight hash partitions by quiz cost nothing measurable on batches of 256
//! answers, but 40 % more of the server's time on batches of 8, which is what half a load makes.

use std::{io, str::FromStr as _, sync::Arc, time::Duration};

use sqlx::{
    Connection as _, PgConnection, Pool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use super::Ledger;
use crate::{
    clock::Clock,
    config::bounds::{
        HELD_WAIT, HELD_WRITE_WAIT, LEDGER_CALL, LEDGER_LONG_CALL, POSTGRES_ALIVE, POSTGRES_CONNECTS,
        POSTGRES_SILENCE,
    },
};

type Db = sqlx::Postgres;

/// As the semantic conventions of OpenTelemetry call it.
const SYSTEM: &str = "postgresql";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_WRITE: &str = "BEGIN";
const BEGIN_LONG: &str = "BEGIN; SET LOCAL statement_timeout = '60s'; SET LOCAL lock_timeout = 0";
/// The number says "scorecast" on a telephone's keys; nothing else uses it in this database.
const BEGIN_MIGRATION: &str = "BEGIN; SET LOCAL statement_timeout = '60s'; SET LOCAL lock_timeout = 0;
    SELECT pg_advisory_xact_lock(726732278)";

const MIGRATIONS: [&str; 4] = [
    include_str!("../../migrations/postgres/0001_quizzes.sql"),
    include_str!("../../migrations/postgres/0002_people.sql"),
    include_str!("../../migrations/postgres/0003_bare.sql"),
    include_str!("../../migrations/postgres/0004_moved.sql"),
];

/// The clock, in ms since 1970.
macro_rules! now {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}

/// The texts of a JSON array.
macro_rules! texts {
    ($json:literal) => {
        concat!("SELECT jsonb_array_elements_text(", $json, "::jsonb)")
    };
}

/// The elements of a JSON array of arrays, as `value`.
macro_rules! rows {
    ($json:literal) => {
        concat!("SELECT jsonb_array_elements(", $json, "::jsonb) AS value")
    };
}

mod record;
#[cfg(test)]
mod tests;

#[allow(clippy::duplicate_mod, reason = "compiled once for each database")]
#[path = "sql/mod.rs"]
mod sql;

/// That a table was there already is no news.
const QUIET: (&str, &str) = ("client_min_messages", "warning");
const WRITER: [(&str, &str); 5] = [
    QUIET,
    ("enable_seqscan", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
    ("synchronous_commit", "on"),
];
const READER: [(&str, &str); 2] = [QUIET, ("jit", "off")];

/// Opens a database, once somebody asks.
pub(super) fn open(url: &str, connections: u32, clock: Clock) -> Result<Arc<dyn Ledger>, String> {
    open_waiting(HELD_WAIT, url, connections, clock)
}

/// The same, with the time that a batch of answers waits for a quiz that somebody holds.
fn open_waiting(
    held_wait: Duration,
    url: &str,
    connections: u32,
    clock: Clock,
) -> Result<Arc<dyn Ledger>, String> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| "LEDGER_URL: expected postgres://user:password@host:port/database".to_owned())?
        .application_name("scoring");
    let writer = options.clone().options(WRITER).options(limits(LEDGER_CALL));
    let waiting = |limit: Duration| writer.clone().options([("lock_timeout", limit.as_millis())]);
    Ok(Arc::new(sql::Store {
        recorders: record::Recorders::new(pool(waiting(held_wait), connections)),
        writers: pool(waiting(HELD_WRITE_WAIT), connections),
        readers: pool(options.options(READER).options(limits(LEDGER_LONG_CALL)), connections),
        clock,
    }))
}

/// What the server itself gives up, in ms: a statement after this long, and a forgotten transaction.
fn limits(statement: Duration) -> [(&'static str, u128); 2] {
    [
        ("statement_timeout", statement.as_millis()),
        ("idle_in_transaction_session_timeout", POSTGRES_SILENCE.as_millis()),
    ]
}

fn pool(options: PgConnectOptions, connections: u32) -> Pool<Db> {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(POSTGRES_CONNECTS)
        // A ping before each use would double the round trips of the hot path.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > POSTGRES_ALIVE {
                    in_time(connection.ping()).await?;
                }
                Ok(true)
            })
        })
        // Whoever gave up waiting leaves a connection in the middle of an answer that may never come.
        .after_release(|connection, _| Box::pin(async move { rest(connection).await.map(|()| true) }))
        .connect_lazy_with(options)
}

/// Brings a connection to rest. A second guard behind a session's own rollback: in a transaction that
/// was left open, whatever the next caller did would never be committed.
async fn rest(connection: &mut PgConnection) -> sqlx::Result<()> {
    in_time(async {
        // Nothing begins a transaction here, so that there is one only if it was left open.
        match connection.begin_with("").await {
            Ok(left_open) => left_open.rollback().await,
            Err(sqlx::Error::BeginFailed) => Ok(()),
            Err(error) => Err(error),
        }
    })
    .await
}

async fn in_time(asked: impl Future<Output = sqlx::Result<()>>) -> sqlx::Result<()> {
    match timeout(POSTGRES_ALIVE, asked).await {
        Ok(answered) => answered,
        Err(_) => Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())),
    }
}
