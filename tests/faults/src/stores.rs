//! What is true, read from the stores themselves, past every link and every service.

mod projection;

use std::{collections::BTreeMap, time::Duration};

pub use projection::{Place, Projection, equal};
use redis::{AsyncCommands as _, aio::MultiplexedConnection};
use sqlx::{PgPool, Row as _, postgres::PgPoolOptions};

use self::projection::{Names, Places, rows};
use crate::{
    history::Status,
    truth::{Counted, Ledger, Seat},
};

/// Epoch and version of a board, as far as they are there.
type Version = (Option<u64>, Option<u64>);

/// The stores of a cluster.
#[derive(Debug)]
pub struct Stores {
    postgres: PgPool,
    redis: redis::Client,
}

/// What came of the finished runs of a quiz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// How often it ended.
    pub ends: u64,
    /// How many sessions of users it left.
    pub sessions: u64,
    /// How many events tell of it.
    pub told: u64,
}

/// A store did not say what is true.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Postgres.
    #[error("postgres: {0}")]
    Postgres(#[from] sqlx::Error),
    /// Redis.
    #[error("redis: {0}")]
    Redis(#[from] redis::RedisError),
}

impl Stores {
    /// Reads from the servers at these URLs, each time by a connection of its own.
    ///
    /// # Errors
    /// If a URL is malformed.
    pub fn at(postgres: &str, redis: &str) -> Result<Self, Error> {
        let postgres = PgPoolOptions::new().max_connections(1).connect_lazy(postgres)?;
        Ok(Self { postgres, redis: redis::Client::open(redis)? })
    }

    /// Reads all rows of one quiz, at one moment.
    ///
    /// # Errors
    /// If Postgres does not answer.
    ///
    /// # Panics
    /// Of a quiz that began more than twice: the ledger keeps only where its last run began.
    pub async fn ledger(&self, quiz: &str) -> Result<Ledger, Error> {
        let mut at_once = self.postgres.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        let counters = sqlx::query(
            "SELECT epoch, last_seq, status, run, reset_seq FROM quiz_counters, epoch WHERE quiz_id = $1",
        );
        let counters = counters.bind(quiz).fetch_one(&mut *at_once).await?;
        let seats = sqlx::query(
            "SELECT participant_id, username, score, answered, correct, time_ms FROM participants
             WHERE quiz_id = $1 AND NOT removed",
        );
        let seats = seats.bind(quiz).fetch_all(&mut *at_once).await?;
        let answers = sqlx::query(
            "SELECT run, participant_id, question_id, coalesce(submission_id, '') AS submission_id, choice,
                    correct, points, seq, time_ms
             FROM answers WHERE quiz_id = $1",
        );
        let answers = answers.bind(quiz).fetch_all(&mut *at_once).await?;
        Ok(Ledger {
            epoch: unsigned(counters.get("epoch")),
            last_seq: unsigned(counters.get("last_seq")),
            status: status(counters.get("status")),
            runs: runs(small(counters.get("run")), unsigned(counters.get("reset_seq"))),
            seats: seats.iter().map(seat).collect(),
            answers: answers.iter().map(counted).collect(),
        })
    }

    /// Reads what came of the finished runs of a quiz.
    ///
    /// # Errors
    /// If Postgres does not answer.
    pub async fn outcome(&self, quiz: &str) -> Result<Finished, Error> {
        let counted = sqlx::query(
            "SELECT (SELECT count(*) FROM runs WHERE quiz_id = $1) AS ends,
                 (SELECT count(*) FROM sessions WHERE quiz_id = $1) AS sessions,
                 (SELECT count(*) FROM activity WHERE event LIKE '%' || $1 || '%') AS told",
        );
        let counted = counted.bind(quiz).fetch_one(&self.postgres).await?;
        let [ends, sessions, told] = ["ends", "sessions", "told"].map(|name| unsigned(counted.get(name)));
        Ok(Finished { ends, sessions, told })
    }

    /// Reads the board of one quiz as Redis holds it, whole or not; none without its version.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn board(&self, quiz: &str) -> Result<Option<Projection>, Error> {
        let mut redis = self.connect().await?;
        let mut read = redis::pipe();
        read.atomic().hmget(format!("lb:{{{quiz}}}:m"), &["epoch", "applied"]);
        read.zrange_withscores(format!("lb:{{{quiz}}}:z"), 0, -1);
        read.hgetall(format!("lb:{{{quiz}}}:n"));
        let (version, places, names): (Version, Places, Names) = read.query_async(&mut redis).await?;
        let (Some(epoch), Some(version)) = version else { return Ok(None) };
        let (rows, torn) = rows(places, names);
        Ok(Some(Projection { epoch, version, rows, torn }))
    }

    /// Deletes everything in Redis.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn flush(&self) -> Result<(), Error> {
        Ok(redis::cmd("FLUSHALL").exec_async(&mut self.connect().await?).await?)
    }

    /// Deletes one key of a quiz's board: `z`, `n` or `m`.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn delete(&self, quiz: &str, part: char) -> Result<(), Error> {
        Ok(self.connect().await?.del(format!("lb:{{{quiz}}}:{part}")).await?)
    }

    /// Makes Redis a replica of nobody who answers: it refuses to write, as an old master does
    /// after a failover.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn make_redis_read_only(&self) -> Result<(), Error> {
        Ok(redis::cmd("REPLICAOF").arg("127.0.0.1").arg(1).exec_async(&mut self.connect().await?).await?)
    }

    /// Makes Redis a master again.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn make_redis_writable(&self) -> Result<(), Error> {
        Ok(redis::cmd("REPLICAOF").arg("NO").arg("ONE").exec_async(&mut self.connect().await?).await?)
    }

    async fn connect(&self) -> Result<MultiplexedConnection, Error> {
        Ok(self.redis.get_multiplexed_async_connection().await?)
    }
}

/// The versions at which the runs of a quiz began, the second with a reset.
fn runs(run: u32, reset: u64) -> BTreeMap<u64, u32> {
    match run {
        0 | 1 => [(0, run)].into(),
        2 => [(0, 1), (reset, 2)].into(),
        _ => panic!("nobody knows where run {} began", run - 1),
    }
}

fn status(word: &str) -> Status {
    match word {
        "pending" => Status::Pending,
        "started" => Status::Started,
        "ended" => Status::Ended,
        _ => panic!("a quiz is {word:?}"),
    }
}

fn time(row: &sqlx::postgres::PgRow) -> Duration {
    Duration::from_millis(small(row.get("time_ms")).into())
}

fn seat(row: &sqlx::postgres::PgRow) -> Seat {
    Seat {
        participant: row.get("participant_id"),
        username: row.get("username"),
        score: small(row.get("score")),
        answered: small(row.get("answered")),
        correct: small(row.get("correct")),
        time: time(row),
    }
}

fn counted(row: &sqlx::postgres::PgRow) -> Counted {
    Counted {
        run: small(row.get("run")),
        participant: row.get("participant_id"),
        question: row.get("question_id"),
        submission_id: row.get("submission_id"),
        choice: small(row.get("choice")),
        correct: row.get("correct"),
        points: small(row.get("points")),
        seq: unsigned(row.get("seq")),
        time: time(row),
    }
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).expect("versions and epochs are not negative")
}

fn small(number: i32) -> u32 {
    u32::try_from(number).expect("counts are not negative")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_begin_at_the_first_version_and_at_the_reset() {
        assert_eq!(runs(0, 0), [(0, 0)].into());
        assert_eq!(runs(1, 0), [(0, 1)].into());
        assert_eq!(runs(2, 9), [(0, 1), (9, 2)].into());
    }
}
