//! What is true, read from the stores themselves, past every link and every service.

use redis::{AsyncCommands as _, aio::MultiplexedConnection};
use sqlx::{PgPool, Row as _, postgres::PgPoolOptions};

use crate::{
    history::Row,
    truth::{Board, Counted, Ledger, Seat},
};

/// Epoch and version of a board, as far as they are there.
type Version = (Option<u64>, Option<u64>);

/// The members of a sorted set, with their numbers, lowest first.
type Places = Vec<(String, f64)>;

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
    /// The ledger knows where its last run began. Of earlier runs, the caller adds what it noted.
    ///
    /// # Errors
    /// If Postgres does not answer.
    pub async fn ledger(&self, quiz: &str) -> Result<Ledger, Error> {
        let mut at_once = self.postgres.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        let counters = sqlx::query(
            "SELECT epoch, last_seq, run, reset_seq FROM quiz_counters, epoch WHERE quiz_id = $1",
        );
        let counters = counters.bind(quiz).fetch_one(&mut *at_once).await?;
        let seats = sqlx::query(
            "SELECT participant_id, username, score, answered, correct FROM participants
             WHERE quiz_id = $1 AND NOT removed",
        );
        let seats = seats.bind(quiz).fetch_all(&mut *at_once).await?;
        let answers = sqlx::query(
            "SELECT run, participant_id, question_id, coalesce(submission_id, '') AS submission_id, choice,
                    correct, points, seq
             FROM answers WHERE quiz_id = $1",
        );
        let answers = answers.bind(quiz).fetch_all(&mut *at_once).await?;
        Ok(Ledger {
            epoch: unsigned(counters.get("epoch")),
            last_seq: unsigned(counters.get("last_seq")),
            runs: [(unsigned(counters.get("reset_seq")), small(counters.get("run")))].into(),
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
    pub async fn board(&self, quiz: &str) -> Result<Option<Board>, Error> {
        let mut redis = self.connect().await?;
        let mut read = redis::pipe();
        read.atomic().hmget(format!("lb:{{{quiz}}}:m"), &["epoch", "applied"]);
        read.zrange_withscores(format!("lb:{{{quiz}}}:z"), 0, -1);
        let (version, places): (Version, Places) = read.query_async(&mut redis).await?;
        let (Some(epoch), Some(version)) = version else { return Ok(None) };
        Ok(Some(Board { epoch, version, rows: ranked(places) }))
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

/// Whether a board shows exactly what the ledger holds.
#[must_use]
pub fn equal(board: &Board, ledger: &Ledger) -> bool {
    let score = |participant: &str| board.rows.iter().find(|row| row.participant == participant);
    (board.epoch, board.version, board.rows.len()) == (ledger.epoch, ledger.last_seq, ledger.seats.len())
        && ledger.seats.iter().all(|seat| score(&seat.participant).is_some_and(|row| row.score == seat.score))
}

/// The rows of a sorted set that holds the negated keys.
fn ranked(places: Places) -> Vec<Row> {
    let mut rows: Vec<(Row, f64)> = Vec::with_capacity(places.len());
    for ((participant, place), number) in places.into_iter().zip(1..) {
        let rank = match rows.last() {
            Some((above, same)) if same.total_cmp(&place).is_eq() => above.rank,
            _ => number,
        };
        // The key is score · 2^31 + (2^31 − 1 − time), below 2^53 and so exact.
        let score = (-place / 2_f64.powi(31)).floor();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score is below 2^22")]
        rows.push((Row { participant, score: score as u32, rank }, place));
    }
    rows.into_iter().map(|(row, _)| row).collect()
}

fn seat(row: &sqlx::postgres::PgRow) -> Seat {
    Seat {
        participant: row.get("participant_id"),
        username: row.get("username"),
        score: small(row.get("score")),
        answered: small(row.get("answered")),
        correct: small(row.get("correct")),
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
    fn a_sorted_set_of_negated_keys_reads_as_rows_with_shared_ranks() {
        let key = |score: f64, time: f64| -(score * 2_f64.powi(31) + (2_f64.powi(31) - 1.0 - time));
        let places =
            [("a", key(30.0, 5.0)), ("b", key(20.0, 0.0)), ("c", key(20.0, 0.0)), ("d", key(0.0, 9.0))];
        let rows = ranked(places.map(|(name, place)| (name.to_owned(), place)).into());
        let read: Vec<_> = rows.iter().map(|row| (row.participant.as_str(), row.score, row.rank)).collect();
        assert_eq!(read, [("a", 30, 1), ("b", 20, 2), ("c", 20, 2), ("d", 0, 4)]);
    }
}
