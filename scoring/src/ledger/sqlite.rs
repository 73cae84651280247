//! The ledger in one SQLite file: the embedded default, for one process.
//!
//! WAL, so that readers and the writer do not wait for each other; `synchronous = FULL`, so that
//! a commit is on the disk. One connection writes; `BEGIN IMMEDIATE` keeps out other processes.

use std::sync::Arc;

use sqlx::{
    Executor as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::time::{Instant, sleep};

use super::{Ledger, errors::is_passing};
use crate::{
    clock::Clock,
    config::bounds::{LEDGER_CALL, SQLITE_BUSY, SQLITE_PAUSE, SQLITE_READERS},
};

type Db = sqlx::Sqlite;

/// As the semantic conventions of OpenTelemetry call it.
const SYSTEM: &str = "sqlite";
const BEGIN_READ: &str = "BEGIN";
const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
const BEGIN_LONG: &str = "BEGIN IMMEDIATE";
const BEGIN_MIGRATION: &str = "BEGIN IMMEDIATE";

const MIGRATIONS: [&str; 4] = [
    include_str!("../../migrations/sqlite/0001_quizzes.sql"),
    include_str!("../../migrations/sqlite/0002_people.sql"),
    include_str!("../../migrations/sqlite/0003_bare.sql"),
    include_str!("../../migrations/sqlite/0004_moved.sql"),
];

/// The clock, in ms since 1970.
macro_rules! now {
    () => {
        "CAST(round(unixepoch('subsec') * 1000) AS INTEGER)"
    };
}

/// The texts of a JSON array.
macro_rules! texts {
    ($json:literal) => {
        concat!("SELECT value FROM json_each(", $json, ")")
    };
}

/// The elements of a JSON array of arrays, as `value`.
macro_rules! rows {
    ($json:literal) => {
        concat!("SELECT value FROM json_each(", $json, ")")
    };
}

mod record;
#[allow(clippy::duplicate_mod, reason = "compiled once for each database")]
#[path = "sql/mod.rs"]
mod sql;

/// Opens the file, once somebody asks; it is made if there is none.
pub(super) fn open(path: &str, clock: Clock) -> Result<Arc<dyn Ledger>, String> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.starts_with(':') {
        return Err("LEDGER_URL: expected a file, as in sqlite:scorecast.db".to_owned());
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(SQLITE_BUSY);
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(LEDGER_CALL)
            .max_lifetime(None)
            .idle_timeout(None)
            .after_connect(|connection, _| Box::pin(write_ahead(connection)))
            .connect_lazy_with(options.clone())
    };
    let writers = pool(1);
    Ok(Arc::new(sql::Store {
        recorders: record::Recorders::new(writers.clone()),
        writers,
        readers: pool(SQLITE_READERS),
        clock,
    }))
}

/// Puts the file into WAL mode, in which it then stays. For this one change SQLite does not wait
/// while somebody else uses the file.
async fn write_ahead(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let until = Instant::now() + SQLITE_BUSY;
    loop {
        match connection.execute("PRAGMA journal_mode = WAL").await {
            Err(error) if is_passing(&error) && Instant::now() < until => sleep(SQLITE_PAUSE).await,
            done => return done.map(drop),
        }
    }
}
