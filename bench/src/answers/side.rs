//! One side of the comparison: a service, its own stores, and the answers that it is given.

use std::time::Duration;

use anyhow::ensure;
use sqlx::{Connection as _, PgConnection};

use super::{Plan, plain};
use crate::{
    arena::{Arena, Deal},
    load::{Given, Load},
    process::Process,
    scorecast::start_scoring,
    stores::{Kind, Stores},
    usage::Used,
};

/// A service under load.
pub(super) struct Side {
    pub(super) name: &'static str,
    deal: Deal,
    load: Load,
    process: Process,
    stores: Stores,
    /// Of the turns.
    rates: Vec<f64>,
    answers: u64,
    took: Duration,
    used: Used,
    /// All answers that were acknowledged, and their points.
    acknowledged: (u64, u64),
    /// Postgres' log when everybody had joined.
    log_before: i64,
}

impl Side {
    /// The scoring service.
    pub(super) async fn scorecast(plan: &Plan) -> anyhow::Result<Self> {
        let stores = Stores::make(Kind::Servers)?.used();
        let process = start_scoring(&stores, Duration::ZERO, None)?;
        let load = Load::connect(process.address).await?;
        let mut arenas = Vec::new();
        for _ in 0..plan.quizzes {
            let participants = plan.participants / plan.quizzes;
            arenas.push(Arena::start(load.channel(), participants, plan.questions).await?);
        }
        Self::new("scorecast", stores, process, load, arenas).await
    }

    /// The baseline.
    pub(super) async fn plain(plan: &Plan) -> anyhow::Result<Self> {
        let stores = Stores::make(Kind::Servers)?.used();
        let participants = plan.participants / plan.quizzes;
        let arguments = [
            "plain".to_owned(),
            format!("--postgres={}", stores.ledger_url),
            format!("--redis={}", stores.board_url),
            format!("--quizzes={}", plan.quizzes),
            format!("--participants={participants}"),
        ];
        let process = Process::start("bench", &arguments)?;
        let load = Load::connect(process.address).await?;
        let arenas = plain::arenas(plan.quizzes, participants, plan.questions);
        Self::new("plain", stores, process, load, arenas).await
    }

    async fn new(
        name: &'static str,
        stores: Stores,
        process: Process,
        load: Load,
        arenas: Vec<Arena>,
    ) -> anyhow::Result<Self> {
        let log_before = log_bytes(&mut PgConnection::connect(&stores.ledger_url).await?).await?;
        Ok(Self {
            name,
            deal: Deal::new(arenas),
            load,
            process,
            stores,
            rates: Vec::new(),
            answers: 0,
            took: Duration::ZERO,
            used: Used::default(),
            acknowledged: (0, 0),
            log_before,
        })
    }

    /// Gives a few answers that are not measured: connections open, plans are made.
    pub(super) async fn warm_up(&mut self, in_flight: usize) -> anyhow::Result<()> {
        let given = self.load.closed(&self.deal, in_flight, Duration::from_millis(500)).await?;
        self.count(&given);
        Ok(())
    }

    /// Gives answers as fast as they are acknowledged, and tells how many a second.
    pub(super) async fn turn(&mut self, in_flight: usize, span: Duration) -> anyhow::Result<f64> {
        let before = self.cpu()?;
        let given = self.load.closed(&self.deal, in_flight, span).await?;
        self.used.add(&self.cpu()?.since(&before));
        self.count(&given);
        self.answers += given.answers;
        self.took += given.took;
        self.rates.push(given.rate());
        Ok(given.rate())
    }

    /// Gives answers at a rate.
    pub(super) async fn paced(&mut self, per_second: f64, span: Duration) -> anyhow::Result<(Given, Used)> {
        let before = self.cpu()?;
        let given = self.load.open(&self.deal, per_second, span).await?;
        self.count(&given);
        Ok((given, self.cpu()?.since(&before)))
    }

    /// Answers per second, over all turns.
    pub(super) fn rate(&self) -> f64 {
        self.answers as f64 / self.took.as_secs_f64()
    }

    /// Microseconds of CPU of the service and its stores for each answer, over all turns.
    pub(super) fn us(&self) -> f64 {
        self.used.total().as_secs_f64() * 1e6 / self.answers as f64
    }

    /// All of it, also what Postgres wrote.
    pub(super) async fn figures(&self) -> anyhow::Result<serde_json::Value> {
        let mut ledger = PgConnection::connect(&self.stores.ledger_url).await?;
        let log = log_bytes(&mut ledger).await? - self.log_before;
        let table: i64 =
            sqlx::query_scalar("SELECT pg_total_relation_size('answers')").fetch_one(&mut ledger).await?;
        let each = |bytes: i64| bytes as f64 / self.acknowledged.0 as f64;
        Ok(serde_json::json!({
            "answers": self.acknowledged.0,
            "answers_per_second": self.rate(),
            "answers_per_second_by_round": self.rates,
            "cpu_us_per_answer": self.us(),
            "cpu_us_per_answer_by_program": self.used.us_each(self.answers),
            "log_bytes_per_answer": each(log),
            "table_bytes_per_answer": each(table),
        }))
    }

    /// Compares what was acknowledged with what is in the ledger.
    ///
    /// # Errors
    /// If an answer is missing there, or stands there without having been acknowledged.
    pub(super) async fn verify(&self) -> anyhow::Result<()> {
        let mut ledger = PgConnection::connect(&self.stores.ledger_url).await?;
        let answers: (i64, i64) = sqlx::query_as("SELECT count(*), coalesce(sum(points), 0) FROM answers")
            .fetch_one(&mut ledger)
            .await?;
        let scores: i64 = sqlx::query_scalar("SELECT coalesce(sum(score), 0)::bigint FROM participants")
            .fetch_one(&mut ledger)
            .await?;
        let (count, points) = (answers.0.cast_unsigned(), answers.1.cast_unsigned());
        let acknowledged = self.acknowledged;
        ensure!(
            (count, points) == acknowledged && scores.cast_unsigned() == points,
            "{}: {acknowledged:?} answers and points were acknowledged, {:?} are in the ledger, and \
             all scores are {scores}",
            self.name,
            (count, points),
        );
        eprintln!("{}: {count} answers acknowledged, and as many in the ledger", self.name);
        Ok(())
    }

    fn count(&mut self, given: &Given) {
        self.acknowledged.0 += given.answers;
        self.acknowledged.1 += given.points;
    }

    fn cpu(&self) -> anyhow::Result<Used> {
        let mut used = vec![self.process.cpu()?];
        used.extend(self.stores.cpu().0);
        Ok(Used(used))
    }
}

/// How much a Postgres has written to its log so far.
async fn log_bytes(ledger: &mut PgConnection) -> anyhow::Result<i64> {
    let bytes = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";
    Ok(sqlx::query_scalar(bytes).fetch_one(ledger).await?)
}
