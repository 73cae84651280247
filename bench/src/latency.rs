//! The time from an answer to its frame on each socket, at a light load.

use std::time::Duration;

use anyhow::ensure;
use clap::Args;

use crate::{
    figure::{Figure, Limit::AtMost, Outcome},
    report::{self, Row},
    scorecast::Setup,
    target::Target,
};

/// How light, and for how long
#[derive(Args)]
pub(crate) struct Plan {
    /// Sockets, all on one quiz
    #[arg(long, default_value_t = 50)]
    sockets: usize,

    /// Milliseconds from one answer to the next
    #[arg(long, default_value_t = 100)]
    every_ms: u64,

    /// The shortest time between two states of the board, in milliseconds
    #[arg(long, default_value_t = 50)]
    interval_ms: u64,

    /// How long answers are given, in seconds
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
}

/// Gives answers at fixed times, and tells when they were seen.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    ensure!(plan.every_ms > 0, "answers take time");
    let setup = Setup { interval: Duration::from_millis(plan.interval_ms), ..Setup::default() };
    let mut hub = Target::scorecast("hub", &setup, 1, plan.sockets)?;
    let every = Duration::from_millis(plan.every_ms);
    // The first answers open connections and load what is seldom used.
    hub.pace(Duration::from_secs(1), every)?;
    eprintln!("an answer every {every:?} for {} s", plan.seconds);
    let mut row = Row::new("hub", plan.sockets);
    row.add(&hub.pace(Duration::from_secs_f64(plan.seconds), every)?);
    let of = format!("answer to frame, one quiz of {} sockets, light load", plan.sockets);
    let figures = vec![
        Figure::new(format!("{of}: p50"), row.delay_ms(0.5), "ms").reach(AtMost(3.0)),
        Figure::new(format!("{of}: p99"), row.delay_ms(0.99), "ms").reach(AtMost(10.0)),
    ];
    let rows = [row];
    report::print(&rows);
    Outcome::new(figures, rows)
}
