//! Reading a large board: how often a second, and how often the store is asked while many watch.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use clap::Args;
use futures_util::future::try_join_all;
use proto::v1::{
    GetStandingsRequest, WatchLeaderboardRequest, scoring_service_client::ScoringServiceClient,
    watch_leaderboard_request::Board,
};
use serde::Serialize;
use serde_json::json;
use tokio::time::timeout;

use crate::{
    arena::{Arena, Deal},
    crowd::{top, upload},
    figure::{
        Figure,
        Limit::{AtLeast, AtMost},
        Outcome,
    },
    load::Load,
    process::Process,
    report::ms,
    scorecast::start_scoring,
    stores::{Kind, Stores},
    tally::microseconds,
    usage::Used,
};

/// The seats that can answer.
const SEATS: usize = 1000;
/// Who asks at once where seats stand.
const ASKING: usize = 4;
/// How long the last state may take to be on every stream.
const PATIENCE: Duration = Duration::from_secs(20);

/// What one `GetStandings` took.
#[derive(Serialize)]
struct Standings {
    seats: usize,
    redis_us: f64,
    scoring_us: f64,
}

/// How large a board, and for how long
#[derive(Args)]
pub(crate) struct Plan {
    /// Participants of the quiz
    #[arg(long, default_value_t = 100_000)]
    participants: usize,

    /// Reads that are under way at once
    #[arg(long, default_value_t = 64)]
    in_flight: usize,

    /// Streams that follow the board
    #[arg(long, default_value_t = 200)]
    streams: usize,

    /// The shortest time between two states of the board, in milliseconds
    #[arg(long, default_value_t = 50)]
    interval_ms: u64,

    /// How long each part takes, in seconds
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
}

/// Fills a board, reads it, and lets it be watched.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure(plan))
}

async fn measure(plan: &Plan) -> anyhow::Result<Outcome> {
    let stores = Stores::make(Kind::Servers)?;
    let scoring = start_scoring(&stores, Duration::from_millis(plan.interval_ms), None)?;
    let load = Load::connect(scoring.address).await?;
    let arena = Arena::start(load.channel(), SEATS, 100).await?;
    eprintln!("{} attempts are uploaded", plan.participants);
    upload(load.channel(), &arena.quiz_id, plan.participants.saturating_sub(SEATS)).await?;
    let mut run = Run { plan, scoring, stores, load, deal: Deal::new(vec![arena]) };
    let (mut figures, read) = run.read().await?;
    let (one, all) = (run.standings(1).await?, run.standings(SEATS).await?);
    figures.push(Figure::new("GetStandings of one seat: of Redis' time", one.redis_us, "us"));
    figures.push(Figure::new(format!("GetStandings of {SEATS} seats: of Redis' time"), all.redis_us, "us"));
    let (watched, watch) = run.watch().await?;
    figures.extend(watched);
    Outcome::new(figures, json!({"read": read, "standings": [one, all], "watch": watch}))
}

struct Run<'a> {
    plan: &'a Plan,
    // Stopped before its stores.
    scoring: Process,
    stores: Stores,
    load: Load,
    deal: Deal,
}

impl Run<'_> {
    fn quiz_id(&self) -> &str {
        &self.deal.arenas()[0].quiz_id
    }

    fn span(&self) -> Duration {
        Duration::from_secs_f64(self.plan.seconds)
    }

    fn cpu(&self) -> anyhow::Result<Used> {
        let mut used = vec![self.scoring.cpu()?];
        used.extend(self.stores.cpu().0);
        Ok(Used(used))
    }

    /// Each of so many readers reads the first 100 rows when it has them.
    async fn read(&mut self) -> anyhow::Result<(Vec<Figure>, serde_json::Value)> {
        let (before, calls, began) = (self.cpu()?, self.stores.calls("fcall"), Instant::now());
        let delays = RefCell::new(microseconds());
        let span = self.span();
        let reader = async |number: usize| -> anyhow::Result<()> {
            while began.elapsed() < span {
                let since = Instant::now();
                let board = top(self.load.channel_of(number), self.quiz_id(), 100).await?;
                ensure!(board.entries.len() == 100, "{} rows instead of 100", board.entries.len());
                delays.borrow_mut().saturating_record(since.elapsed().as_micros() as u64);
            }
            Ok(())
        };
        try_join_all((0..self.plan.in_flight).map(reader)).await?;
        let (took, delays) = (began.elapsed(), delays.into_inner());
        let used = self.cpu()?.since(&before);
        let calls = self.stores.calls("fcall").since(calls);
        let rate = delays.len() as f64 / took.as_secs_f64();
        eprintln!("{rate:.0} reads/s");
        let of = format!("GetLeaderboard, first 100 of {}", self.plan.participants);
        let figures = vec![
            Figure::new(of.clone(), rate, "/s").reach(AtLeast(5000.0)),
            Figure::new(format!("{of}: p99"), ms(&delays, 0.99), "ms"),
            Figure::new(
                format!("{of}: answered by each board read"),
                delays.len() as f64 / calls.count as f64,
                "",
            ),
            Figure::new(format!("{of}: of Redis' time for each read"), calls.us_each(), "us"),
        ];
        let details = json!({
            "reads": delays.len(),
            "reads_per_second": rate,
            "cpu_us_per_read": used.us_each(delays.len()),
            "redis_calls": calls.count,
            "redis_us_per_call": calls.us_each(),
            "p50_ms": ms(&delays, 0.5),
            "p99_ms": ms(&delays, 0.99),
        });
        Ok((figures, details))
    }

    /// Asks where so many seats stand, a few callers at once.
    async fn standings(&self, seats: usize) -> anyhow::Result<Standings> {
        let (before, calls, began) = (self.cpu()?, self.stores.calls("fcall"), Instant::now());
        let (asked, span) = (Cell::new(0_u64), self.span() / 4);
        let caller = async |number: usize| -> anyhow::Result<()> {
            let mut scoring = ScoringServiceClient::new(self.load.channel_of(number).clone());
            let participant_ids = self.deal.arenas()[0].participants[..seats].to_vec();
            let request = GetStandingsRequest { quiz_id: self.quiz_id().to_owned(), participant_ids };
            while began.elapsed() < span {
                let found = scoring.get_standings(request.clone()).await?.into_inner().standings.len();
                ensure!(found == seats, "{found} of {seats} seats stand somewhere");
                asked.set(asked.get() + 1);
            }
            Ok(())
        };
        try_join_all((0..ASKING).map(caller)).await?;
        let used = self.cpu()?.since(&before).us_each(asked.get());
        let redis_us = self.stores.calls("fcall").since(calls).us_each();
        let scoring_us = used["scoring"].as_f64().context("scoring works for it")?;
        Ok(Standings { seats, redis_us, scoring_us })
    }

    /// Streams follow the board while answers change it as fast as they are acknowledged.
    async fn watch(&mut self) -> anyhow::Result<(Vec<Figure>, serde_json::Value)> {
        let before = self.stores.calls("zrange");
        let (last, seen, messages) = (Cell::new(u64::MAX), RefCell::new(BTreeSet::new()), Cell::new(0_u64));
        let began = Instant::now();
        let stream = async |number: usize| -> anyhow::Result<()> {
            let board = Some(Board::QuizId(self.quiz_id().to_owned()));
            let request = WatchLeaderboardRequest { board, ..WatchLeaderboardRequest::default() };
            let mut scoring = ScoringServiceClient::new(self.load.channel_of(number).clone());
            let mut stream = scoring.watch_leaderboard(request).await?.into_inner();
            let mut version = 0;
            // Until the last answer is seen.
            while version < last.get() {
                let next = timeout(PATIENCE, stream.message()).await;
                let next = next.context("a stream does not show the last answer")??;
                let next = next.and_then(|next| next.leaderboard).context("a stream ended")?;
                ensure!(next.version >= version, "a stream went back to {}", next.version);
                version = next.version;
                messages.set(messages.get() + 1);
                seen.borrow_mut().insert(version);
            }
            Ok(())
        };
        let answers = async {
            let given = self.load.closed(&self.deal, 4, self.span()).await?;
            // The version of the board after the last answer, which nobody changes any more.
            let board = top(self.load.channel(), self.quiz_id(), 1).await?;
            last.set(board.version);
            // Whoever waits for a message has seen it already, or gets this one.
            let one = self.load.closed(&self.deal, 1, Duration::from_nanos(1)).await?;
            anyhow::Ok(given.answers + one.answers)
        };
        let streams = try_join_all((0..self.plan.streams).map(stream));
        let (answers, _) = tokio::try_join!(answers, streams)?;
        let took = began.elapsed();
        // Of these one read is the question for the last version.
        let reads = self.stores.calls("zrange").since(before).count - 1;
        let ticks = (took.as_secs_f64() * 1e3 / self.plan.interval_ms as f64).ceil();
        let states = seen.into_inner().len();
        let messages = messages.get();
        eprintln!("{answers} answers, {reads} board reads, {states} states, {messages} messages");
        let of = format!("{} streams of one board", self.plan.streams);
        let figures = vec![
            Figure::new(format!("board reads a tick and process, {of}"), reads as f64 / ticks, "")
                .reach(AtMost(1.0)),
            Figure::new(format!("… messages sent for each read, {of}"), messages as f64 / reads as f64, ""),
        ];
        let details = json!({
            "answers": answers, "reads": reads, "ticks": ticks, "states": states, "messages": messages,
        });
        Ok((figures, details))
    }
}
