//! Resident memory of the gateway per socket that is open and silent.

use clap::Args;

use crate::{quiz::Quiz, swarm::Swarm, target::Scorecast};

/// How many sockets, and whose
#[derive(Args)]
pub(crate) struct Plan {
    /// Sockets, all on one quiz
    #[arg(long, default_value_t = 5000)]
    sockets: usize,

    /// Who writes them: hub or tasks
    #[arg(long, default_value = "hub")]
    fanout: String,
}

/// Opens the sockets and prints what each takes.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<()> {
    let scorecast = Scorecast::start(&plan.fanout)?;
    let quiz = Quiz::start(scorecast.gateway.address, plan.sockets)?;
    let paths = quiz.sockets();
    // The first few bring what all have in common: buffers, threads, the board.
    let (first, rest) = paths.split_at(paths.len() / 10);
    let first = Swarm::connect(scorecast.gateway.address, &[first.to_vec()])?;
    let before = scorecast.gateway.resident_bytes()?;
    let rest = Swarm::connect(scorecast.gateway.address, &[rest.to_vec()])?;
    let after = scorecast.gateway.resident_bytes()?;
    let each = (after as f64 - before as f64) / rest.len() as f64 / 1024.0;
    report(&plan.fanout, first.len() + rest.len(), after, each);
    Ok(())
}

#[allow(clippy::print_stdout, reason = "this is what was asked for")]
fn report(fanout: &str, sockets: usize, resident_bytes: u64, each: f64) {
    let megabytes = resident_bytes as f64 / f64::from(1 << 20);
    println!(
        "{fanout}: {sockets} sockets, gateway {megabytes:.1} MiB resident, {each:.2} KiB for each more socket"
    );
}
