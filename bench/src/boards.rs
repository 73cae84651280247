//! Reading and changing a board as it grows: what Redis, the service and the ledger need for it.

use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use crate::{
    arena::{Arena, Deal},
    crowd::{top, upload},
    figure::{Figure, Limit::AtMost, Outcome},
    load::Load,
    report::ms,
    scorecast::start_scoring,
    stores::{Kind, Stores},
    tally::microseconds,
};

/// The seats that can answer.
const SEATS: usize = 100;

/// How large, and for how long
#[derive(Args)]
pub(crate) struct Plan {
    /// Participants of each quiz, fewest first
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000,1000000")]
    participants: Vec<usize>,

    /// How often each board has its turn
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// How long each board is read, and then changed, in a turn, in seconds
    #[arg(long, default_value_t = 0.5)]
    seconds: f64,
}

/// What one board needs.
#[derive(Serialize)]
struct Row {
    participants: usize,
    reads: u64,
    redis_us_per_read: f64,
    read_p50_ms: f64,
    changes: u64,
    redis_us_per_change: f64,
    answer_p50_ms: f64,
}

/// Fills boards and uses them in turns.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure(plan))
}

async fn measure(plan: &Plan) -> anyhow::Result<Outcome> {
    let stores = Stores::make(Kind::Servers)?;
    let scoring = start_scoring(&stores, Duration::ZERO, None)?;
    let load = Load::connect(scoring.address).await?;
    let mut boards = Vec::new();
    for participants in &plan.participants {
        eprintln!("{participants} attempts are uploaded");
        let arena = Arena::start(load.channel(), SEATS, 100).await?;
        let quiz_id = arena.quiz_id.clone();
        upload(load.channel(), &quiz_id, participants.saturating_sub(SEATS)).await?;
        boards.push(Board {
            quiz_id,
            deal: Deal::new(vec![arena]),
            reads: Cost::none(),
            changes: Cost::none(),
        });
    }
    let turn = Duration::from_secs_f64(plan.seconds);
    for board in &mut boards {
        // What is used for the first time is slow in a way that has nothing to do with size.
        board.turn(&load, &stores, turn / 4).await?;
        (board.reads, board.changes) = (Cost::none(), Cost::none());
    }
    for round in 1..=plan.rounds {
        for board in &mut boards {
            board.turn(&load, &stores, turn).await?;
        }
        eprintln!("round {round} of {}", plan.rounds);
    }
    let rows: Vec<Row> =
        plan.participants.iter().zip(&boards).map(|(participants, board)| board.row(*participants)).collect();
    Outcome::new(figures(&rows), rows)
}

/// A board under load.
struct Board {
    quiz_id: String,
    deal: Deal,
    reads: Cost,
    changes: Cost,
}

/// What some calls took.
struct Cost {
    redis_calls: u64,
    redis_us: u64,
    delays: hdrhistogram::Histogram<u64>,
}

impl Cost {
    fn none() -> Self {
        Self { redis_calls: 0, redis_us: 0, delays: microseconds() }
    }

    fn redis_us_each(&self) -> f64 {
        self.redis_us as f64 / self.redis_calls.max(1) as f64
    }
}

impl Board {
    /// Reads it for a while, one read after another, and then changes it in the same way.
    async fn turn(&mut self, load: &Load, stores: &Stores, span: Duration) -> anyhow::Result<()> {
        let (before, began) = (stores.calls("fcall"), Instant::now());
        while began.elapsed() < span {
            let since = Instant::now();
            top(load.channel(), &self.quiz_id, 100).await?;
            self.reads.delays.saturating_record(since.elapsed().as_micros() as u64);
        }
        let between = stores.calls("fcall");
        let given = load.closed(&self.deal, 1, span).await?;
        let after = stores.calls("fcall");
        self.changes.delays.add(&given.delays)?;
        for (cost, calls) in
            [(&mut self.reads, between.since(before)), (&mut self.changes, after.since(between))]
        {
            cost.redis_calls += calls.count;
            cost.redis_us += calls.us;
        }
        Ok(())
    }

    fn row(&self, participants: usize) -> Row {
        Row {
            participants,
            reads: self.reads.delays.len(),
            redis_us_per_read: self.reads.redis_us_each(),
            read_p50_ms: ms(&self.reads.delays, 0.5),
            changes: self.changes.delays.len(),
            redis_us_per_change: self.changes.redis_us_each(),
            answer_p50_ms: ms(&self.changes.delays, 0.5),
        }
    }
}

/// A sorted set answers in the logarithm of its size: a board may cost so much more.
fn figures(rows: &[Row]) -> Vec<Figure> {
    let [first, .., last] = rows else { return Vec::new() };
    let logarithms = (last.participants as f64).ln() / (first.participants as f64).ln();
    let of = format!("{} participants by {}", last.participants, first.participants);
    vec![
        Figure::new(
            format!("board read in Redis, {of}"),
            last.redis_us_per_read / first.redis_us_per_read,
            "x",
        )
        .reach(AtMost(logarithms)),
        Figure::new(
            format!("board change in Redis, {of}"),
            last.redis_us_per_change / first.redis_us_per_change,
            "x",
        )
        .reach(AtMost(logarithms)),
        Figure::new(format!("reply to an answer, {of}"), last.answer_p50_ms / first.answer_p50_ms, "x"),
    ]
}
