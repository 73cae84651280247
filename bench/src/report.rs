//! What fan-outs needed, round by round, as a table and as JSON.

use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::{tally::microseconds, target::Round};

/// What one fan-out needed, round by round.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    sockets: usize,
    rounds: Vec<Figures>,
    #[serde(skip)]
    delays: Histogram<u64>,
    #[serde(skip)]
    lasts: Histogram<u64>,
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
    cpu_us_per_frame_by_program: serde_json::Map<String, serde_json::Value>,
    frames_per_second: f64,
    delay_p50_ms: f64,
    delay_p99_ms: f64,
    acknowledged_to_last_p50_ms: f64,
}

impl Row {
    pub(crate) fn new(name: &'static str, sockets: usize) -> Self {
        Self { name, sockets, rounds: Vec::new(), delays: microseconds(), lasts: microseconds() }
    }

    /// Adds a round.
    pub(crate) fn add(&mut self, round: &Round) {
        let frames = round.tally.frames;
        let (seconds, cpu_seconds) = (round.took.as_secs_f64(), round.cpu.total().as_secs_f64());
        self.delays.add(&round.tally.delays).expect("they have the same bounds");
        self.lasts.add(&round.tally.lasts).expect("they have the same bounds");
        self.rounds.push(Figures {
            frames,
            frame_bytes: round.tally.bytes / frames.max(1),
            answers: round.answers,
            seconds,
            cpu_seconds,
            cpu_us_per_frame: cpu_seconds * 1e6 / frames as f64,
            cpu_us_per_frame_by_program: round.cpu.us_each(frames),
            frames_per_second: frames as f64 / seconds,
            delay_p50_ms: ms(&round.tally.delays, 0.5),
            delay_p99_ms: ms(&round.tally.delays, 0.99),
            acknowledged_to_last_p50_ms: ms(&round.tally.lasts, 0.5),
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

    /// How many times the CPU of another it took for a frame.
    pub(crate) fn ratio_to(&self, other: &Self) -> f64 {
        self.mean_us() / other.mean_us()
    }

    /// A quantile of the time from an answer to each socket's having its frame.
    pub(crate) fn delay_ms(&self, quantile: f64) -> f64 {
        ms(&self.delays, quantile)
    }

    /// The usual time from an acknowledgement to the last socket's having its frame.
    pub(crate) fn last_ms(&self) -> f64 {
        ms(&self.lasts, 0.5)
    }

    /// All CPU by all frames.
    pub(crate) fn mean_us(&self) -> f64 {
        let cpu: f64 = self.rounds.iter().map(|round| round.cpu_seconds).sum();
        let frames: u64 = self.rounds.iter().map(|round| round.frames).sum();
        cpu * 1e6 / frames as f64
    }
}

/// Prints a table in which the first row is what the others are compared with.
#[allow(clippy::print_stdout, reason = "this is what was asked for")]
pub(crate) fn print(rows: &[Row]) {
    println!(
        "| fan-out | sockets | us CPU a frame (min–max) | x the first, mean [median of rounds] | frames/s | bytes | p50 ms | p99 ms |"
    );
    println!("|-|-:|-:|-:|-:|-:|-:|-:|");
    for row in rows {
        let (low, high) = row.us().fold((f64::MAX, 0.0_f64), |(low, high), us| (low.min(us), high.max(us)));
        let ratios = median(row.us().zip(rows[0].us()).map(|(us, bare)| us / bare).collect());
        let rate = median(row.rounds.iter().map(|round| round.frames_per_second).collect());
        let bytes = row.rounds.last().map_or(0, |round| round.frame_bytes);
        println!(
            "| {} | {} | {:.2} ({low:.2}–{high:.2}) | {:.2} [{ratios:.2}] | {rate:.0} | {bytes} | {:.1} | {:.1} |",
            row.name,
            row.sockets,
            row.mean_us(),
            row.ratio_to(&rows[0]),
            row.delay_ms(0.5),
            row.delay_ms(0.99),
        );
    }
}

/// A quantile in milliseconds of what was counted in microseconds.
pub(crate) fn ms(counted: &Histogram<u64>, quantile: f64) -> f64 {
    counted.value_at_quantile(quantile) as f64 / 1e3
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
