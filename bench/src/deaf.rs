//! What it costs the others that some sockets are not read: rounds in which all are, and rounds in
//! which some are not, in turns.

use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use hdrhistogram::Histogram;

use crate::target::Target;

/// How many sockets, and how many of them are not read
#[derive(Args)]
pub(crate) struct Plan {
    /// Sockets, all on one quiz
    #[arg(long, default_value_t = 5000)]
    sockets: usize,

    /// How many of them are not read in every other round
    #[arg(long, default_value_t = 1000)]
    deaf: usize,

    /// How often both have their turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// How long a turn takes, in seconds; after 5 those who do not read are given up
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,

    /// Who writes them: hub or tasks
    #[arg(long, default_value = "hub", value_parser = ["hub", "tasks"])]
    fanout: String,
}

/// Lets both have their turns and prints how long the others waited.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<()> {
    ensure!(plan.deaf < plan.sockets, "somebody has to read");
    let name = if plan.fanout == "hub" { "hub" } else { "tasks" };
    let mut target = Target::scorecast(name, 1, plan.sockets)?;
    let (mut all_read, mut some_do_not) = (Vec::new(), Vec::new());
    let turn = Duration::from_secs_f64(plan.seconds);
    for round in 1..=plan.rounds {
        all_read.push(target.load(turn, 1)?.tally.delays);
        target.swarm.deafen(plan.deaf);
        some_do_not.push(target.load(turn, 1)?.tally.delays);
        target.swarm.listen()?;
        let p99 = |delays: &[Histogram<u64>]| delays.last().map_or(0.0, p99_ms);
        eprintln!(
            "round {round} of {}: p99 {:.1} ms, and {:.1} ms while {} do not read",
            plan.rounds,
            p99(&all_read),
            p99(&some_do_not),
            plan.deaf,
        );
    }
    report(plan, &all_read, &some_do_not);
    Ok(())
}

#[allow(clippy::print_stdout, reason = "this is what was asked for")]
fn report(plan: &Plan, all_read: &[Histogram<u64>], some_do_not: &[Histogram<u64>]) {
    let ratios = some_do_not.iter().zip(all_read).map(|(some, all)| p99_ms(some) / p99_ms(all));
    println!("| {} sockets, {} | p50 ms | p99 ms |", plan.sockets, plan.fanout);
    println!("|-|-:|-:|");
    for (who, rounds) in [("all read", all_read), ("the others, while some do not", some_do_not)] {
        let (p50, p99) = (median(rounds.iter().map(p50_ms)), median(rounds.iter().map(p99_ms)));
        println!("| {who} | {p50:.1} | {p99:.1} |");
    }
    println!("p99 of the others: {:.2} x (median of rounds; {} do not read)", median(ratios), plan.deaf);
}

fn p50_ms(delays: &Histogram<u64>) -> f64 {
    delays.value_at_quantile(0.5) as f64 / 1e3
}

fn p99_ms(delays: &Histogram<u64>) -> f64 {
    delays.value_at_quantile(0.99) as f64 / 1e3
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
