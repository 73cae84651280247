//! A look into a ledger around everything, as an administrator has it.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection};

/// A connection to a ledger's database.
pub(crate) enum Sql {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Sql {
    /// Connects to the ledger of this URL.
    pub(crate) async fn open(ledger_url: &str) -> Self {
        match ledger_url.strip_prefix("sqlite:") {
            Some(path) => Self::Sqlite(SqliteConnection::connect(path).await.unwrap()),
            None => Self::Postgres(PgConnection::connect(ledger_url).await.unwrap()),
        }
    }

    /// Runs a script of statements.
    pub(crate) async fn execute(&mut self, script: &str) {
        let script = sqlx::raw_sql(AssertSqlSafe(script));
        match self {
            Self::Sqlite(connection) => drop(connection.execute(script).await.unwrap()),
            Self::Postgres(connection) => drop(connection.execute(script).await.unwrap()),
        }
    }

    /// Reads the first column, which is of texts.
    pub(crate) async fn texts(&mut self, query: &str) -> Vec<String> {
        let query = AssertSqlSafe(query);
        match self {
            Self::Sqlite(connection) => {
                connection.fetch_all(query).await.unwrap().iter().map(|row| row.get(0)).collect()
            }
            Self::Postgres(connection) => {
                connection.fetch_all(query).await.unwrap().iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// Waits until so many in this database of Postgres wait for locks.
    pub(crate) async fn until_locked_out(&mut self, count: u64) {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        super::within("somebody waits for a lock", async { while self.number(waiting).await < count {} })
            .await;
    }

    /// Reads the one number that a query gives.
    pub(crate) async fn number(&mut self, query: &str) -> u64 {
        let texts = self.texts(&format!("SELECT CAST(({query}) AS TEXT)")).await;
        texts[0].parse().unwrap()
    }
}
