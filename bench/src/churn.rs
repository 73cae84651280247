//! Visits: connect, wait for the first frame, say goodbye. What one costs in all services, against
//! the bare loop, in turns.

use std::{
    io::{Read as _, Write as _},
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use anyhow::ensure;
use clap::Args;
use hdrhistogram::Histogram;
use serde_json::json;

use crate::{
    figure::{Figure, Limit::AtMost, Outcome},
    process::Process,
    quiz::Quiz,
    report::ms,
    scorecast::{Scorecast, Setup},
    tally::microseconds,
    usage::Used,
    wire::{self, GOODBYE, frame, version},
};

/// How many visitors, and for how long
#[derive(Args)]
pub(crate) struct Plan {
    /// Participants of the quiz that is visited
    #[arg(long, default_value_t = 1000)]
    participants: usize,

    /// Visits under way at once
    #[arg(long, default_value_t = 16)]
    at_once: usize,

    /// How often each side has its turn
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// How long a turn takes, in seconds
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
}

/// Visits of one side.
struct Visits {
    name: &'static str,
    count: u64,
    took: Duration,
    used: Used,
    delays: Histogram<u64>,
}

/// Lets both be visited in turns.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let scorecast = Scorecast::start(&Setup::default())?;
    let quiz = Quiz::start(scorecast.gateway.address, plan.participants)?;
    let bare = Process::start("bench", &["bare".to_owned()])?;
    let (paths, same) = (quiz.sockets(), ["/quizzes/0/ws".to_owned()]);
    let turn = Duration::from_secs_f64(plan.seconds);
    let (mut of_bare, mut of_scorecast) = (Visits::none("bare"), Visits::none("scorecast"));
    for round in 1..=plan.rounds {
        let bare_cpu = || Ok(Used(vec![bare.cpu()?]));
        of_bare.turn(bare.address, &same, plan.at_once, turn, bare_cpu)?;
        of_scorecast.turn(scorecast.gateway.address, &paths, plan.at_once, turn, || scorecast.cpu())?;
        for visits in [&of_bare, &of_scorecast] {
            eprintln!(
                "round {round} of {}: {} {:.0} us a visit, {:.0} visits/s so far",
                plan.rounds,
                visits.name,
                visits.us(),
                visits.rate()
            );
        }
    }
    let figures = vec![
        Figure::new("connect, first frame, close: CPU of all services", of_scorecast.us(), "us")
            .reach(AtMost(150.0))
            .aim(AtMost(80.0)),
        Figure::new("… of the bare loop", of_bare.us(), "us"),
        Figure::new("… visits a second", of_scorecast.rate(), "/s"),
        Figure::new("… p99", ms(&of_scorecast.delays, 0.99), "ms"),
    ];
    Outcome::new(figures, json!([of_bare.figures(), of_scorecast.figures()]))
}

impl Visits {
    fn none(name: &'static str) -> Self {
        Self { name, count: 0, took: Duration::ZERO, used: Used::default(), delays: microseconds() }
    }

    /// Visits for so long.
    fn turn(
        &mut self,
        address: SocketAddr,
        paths: &[String],
        at_once: usize,
        span: Duration,
        cpu: impl Fn() -> anyhow::Result<Used>,
    ) -> anyhow::Result<()> {
        let (before, began) = (cpu()?, Instant::now());
        let visitor = |number: usize| -> anyhow::Result<Histogram<u64>> {
            let mut delays = microseconds();
            for path in paths.iter().cycle().skip(number * paths.len() / at_once) {
                if began.elapsed() >= span {
                    break;
                }
                let since = Instant::now();
                visit(address, number, path)?;
                delays.saturating_record(since.elapsed().as_micros() as u64);
            }
            Ok(delays)
        };
        let visited: Vec<_> = thread::scope(|scope| {
            let visitors: Vec<_> = (0..at_once).map(|number| scope.spawn(move || visitor(number))).collect();
            visitors.into_iter().map(|visitor| visitor.join().expect("it does not panic")).collect()
        });
        self.took += began.elapsed();
        self.used.add(&cpu()?.since(&before));
        for delays in visited {
            let delays = delays?;
            self.count += delays.len();
            self.delays.add(&delays).expect("they have the same bounds");
        }
        Ok(())
    }

    fn us(&self) -> f64 {
        self.used.total().as_secs_f64() * 1e6 / self.count.max(1) as f64
    }

    fn rate(&self) -> f64 {
        self.count as f64 / self.took.as_secs_f64()
    }

    fn figures(&self) -> serde_json::Value {
        json!({
            "name": self.name,
            "visits": self.count,
            "visits_per_second": self.rate(),
            "cpu_us_per_visit": self.us(),
            "cpu_us_per_visit_by_program": self.used.us_each(self.count),
            "p50_ms": ms(&self.delays, 0.5),
            "p99_ms": ms(&self.delays, 0.99),
        })
    }
}

/// One visit, from connecting to the end of the stream.
fn visit(address: SocketAddr, number: usize, path: &str) -> anyhow::Result<()> {
    let (mut stream, mut read) = wire::open(address, number, path, None)?;
    let mut buffer = [0; 16 << 10];
    while frame(&read).is_none() {
        let length = stream.read(&mut buffer)?;
        ensure!(length > 0, "a socket was closed before its first frame");
        read.extend_from_slice(&buffer[..length]);
    }
    let is_board = frame(&read).is_some_and(|(first, text, _)| first == 0x81 && version(text).is_some());
    ensure!(is_board, "a first frame without a version");
    stream.write_all(GOODBYE)?;
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}
