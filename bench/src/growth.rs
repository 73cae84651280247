//! CPU per delivered frame, and memory per idle socket, as the sockets of one quiz grow in number.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::{
    fanout::in_turns,
    figure::{Figure, Limit::AtMost, Outcome},
    idle,
    report::{self, Row},
    scorecast::Setup,
    target::Target,
};

/// How many sockets, and for how long
#[derive(Args)]
pub(crate) struct Plan {
    /// Sockets, all on one quiz, fewest first
    #[arg(long, value_delimiter = ',', default_value = "1000,5000,9000")]
    sockets: Vec<usize>,

    /// How often both have their turn, at each size
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// How long a turn takes, in seconds
    #[arg(long, default_value_t = 1.5)]
    seconds: f64,
}

/// Measures every size, in turns with the bare loop.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let mut memory = Vec::new();
    for sockets in &plan.sockets {
        memory.push(idle::each("hub", *sockets)?);
    }
    let (mut rows, turn) = (Vec::new(), Duration::from_secs_f64(plan.seconds));
    for sockets in &plan.sockets {
        // One size after another: a process may not have open as many files as all have sockets.
        eprintln!("opening {sockets} sockets for each fan-out");
        let mut hub = Target::scorecast("hub", &Setup::default(), 1, *sockets)?;
        let sample = hub.load(Duration::from_millis(200), 1)?;
        let bare = Target::bare(1, *sockets, sample.tally.bytes / sample.tally.frames)?;
        rows.extend(in_turns(&mut [bare, hub], plan.rounds, turn, 1)?);
    }
    report::print(&rows);
    let pairs: Vec<&[Row]> = rows.chunks_exact(2).collect();
    let mut figures = Vec::new();
    for (pair, sockets) in pairs.iter().zip(&plan.sockets) {
        figures.push(Figure::new(format!("CPU a frame, {sockets} sockets"), pair[1].mean_us(), "us"));
        let what = format!("… by the bare loop's, {sockets} sockets");
        figures.push(Figure::new(what, pair[1].ratio_to(&pair[0]), "x"));
    }
    let of = match plan.sockets.as_slice() {
        [first, .., last] => format!("{first} to {last} sockets"),
        sockets => format!("{sockets:?} sockets"),
    };
    let cpu = pairs.iter().map(|pair| pair[1].mean_us());
    let resident = memory.iter().map(|each| each.resident_kib);
    for (what, values) in
        [("CPU a frame", cpu.collect::<Vec<_>>()), ("memory an idle socket", resident.collect())]
    {
        let what = format!("{what}, {of}: farthest from the mean");
        figures.push(Figure::new(what, spread_percent(&values), "%").reach(AtMost(15.0)));
    }
    Outcome::new(figures, json!({"rows": rows, "memory": memory}))
}

/// How far the value that is farthest from the mean is from it.
fn spread_percent(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value / mean - 1.0).abs() * 100.0).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_that_of_the_farthest_value() {
        assert!((spread_percent(&[0.8, 1.0, 1.2]) - 20.0).abs() < 1e-9);
        assert!(spread_percent(&[3.0]).abs() < 1e-9);
    }
}
