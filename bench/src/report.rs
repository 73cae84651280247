//! What came out, as a table and as JSON.

use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::target::Round;

/// What one fan-out needed, round by round.
#[derive(Serialize)]
pub(crate) struct Row {
    name: &'static str,
    sockets: usize,
    rounds: Vec<Figures>,
    #[serde(skip)]
    delays: Histogram<u64>,
}

/// What one round came to.
#[derive(Clone, Serialize)]
struct Figures {
    frames: u64,
    frame_bytes: u64,
    answers: u64,
    seconds: f64,
    cpu_seconds: f64,
    cpu_us_per_frame: f64,
    frames_per_second: f64,
    delay_p50_ms: f64,
    delay_p99_ms: f64,
}

impl Row {
    pub(crate) fn new(name: &'static str, sockets: usize) -> Self {
        let delays = Histogram::new_with_bounds(1, 60_000_000, 3).expect("these bounds are fine");
        Self { name, sockets, rounds: Vec::new(), delays }
    }

    /// Adds a round.
    pub(crate) fn add(&mut self, round: &Round) {
        let frames = round.tally.frames;
        let (seconds, cpu_seconds) = (round.took.as_secs_f64(), round.cpu.as_secs_f64());
        self.delays.add(&round.tally.delays).expect("they have the same bounds");
        self.rounds.push(Figures {
            frames,
            frame_bytes: round.tally.bytes / frames.max(1),
            answers: round.answers,
            seconds,
            cpu_seconds,
            cpu_us_per_frame: cpu_seconds * 1e6 / frames as f64,
            frames_per_second: frames as f64 / seconds,
            delay_p50_ms: round.tally.delays.value_at_quantile(0.5) as f64 / 1e3,
            delay_p99_ms: round.tally.delays.value_at_quantile(0.99) as f64 / 1e3,
        });
    }

    /// The last round in words.
    pub(crate) fn last(&self) -> impl fmt::Display {
        let last = self.rounds.last().map(|round| {
            format!(
                "{} {:.2} us a frame, {:.0} frames/s",
                self.name, round.cpu_us_per_frame, round.frames_per_second
            )
        });
        last.unwrap_or_default()
    }

    fn us(&self) -> impl Iterator<Item = f64> {
        self.rounds.iter().map(|round| round.cpu_us_per_frame)
    }

    /// All CPU by all frames.
    fn mean_us(&self) -> f64 {
        let cpu: f64 = self.rounds.iter().map(|round| round.cpu_seconds).sum();
        let frames: u64 = self.rounds.iter().map(|round| round.frames).sum();
        cpu * 1e6 / frames as f64
    }
}

/// Prints a table in which the first row is what the others are compared with.
#[allow(clippy::print_stdout, reason = "this is what was asked for")]
pub(crate) fn print(rows: &[Row]) {
    println!(
        "| fan-out | sockets | us CPU a frame (min–max) | x bare, mean [median of rounds] | frames/s | bytes | p50 ms | p99 ms |"
    );
    println!("|-|-:|-:|-:|-:|-:|-:|-:|");
    for row in rows {
        let (low, high) = row.us().fold((f64::MAX, 0.0_f64), |(low, high), us| (low.min(us), high.max(us)));
        let ratios = median(row.us().zip(rows[0].us()).map(|(us, bare)| us / bare).collect());
        let rate = median(row.rounds.iter().map(|round| round.frames_per_second).collect());
        let bytes = row.rounds.last().map_or(0, |round| round.frame_bytes);
        let quantile = |quantile| row.delays.value_at_quantile(quantile) as f64 / 1e3;
        println!(
            "| {} | {} | {:.2} ({low:.2}–{high:.2}) | {:.2} [{ratios:.2}] | {rate:.0} | {bytes} | {:.1} | {:.1} |",
            row.name,
            row.sockets,
            row.mean_us(),
            row.mean_us() / rows[0].mean_us(),
            quantile(0.5),
            quantile(0.99),
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
