//! Memory of the gateway per socket that is open and silent.

use clap::Args;
use serde::Serialize;

use crate::{
    figure::{Figure, Limit::AtMost, Outcome},
    limits,
    process::Process,
    quiz::Quiz,
    scorecast::{Scorecast, Setup},
    swarm::Swarm,
};

/// How many sockets
#[derive(Args)]
pub(crate) struct Plan {
    /// Sockets, all on one quiz
    #[arg(long, default_value_t = 10_000)]
    sockets: usize,
}

/// What each socket takes, in KiB.
#[derive(Serialize)]
pub(crate) struct Each {
    pub(crate) sockets: usize,
    pub(crate) resident_kib: f64,
    pub(crate) proportional_kib: f64,
}

/// Opens the sockets on both fan-outs and tells what each takes.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let (hub, tasks) = (each("hub", plan.sockets)?, each("tasks", plan.sockets)?);
    let resident = |fanout, each: &Each| {
        let what =
            format!("resident memory of the gateway for each of {} idle sockets: {fanout}", each.sockets);
        Figure::new(what, each.resident_kib, "KiB")
    };
    let figures = vec![
        resident("hub", &hub).reach(AtMost(2.0)).aim(AtMost(0.8)),
        Figure::new("… proportional memory: hub", hub.proportional_kib, "KiB"),
        resident("tasks", &tasks),
    ];
    Outcome::new(figures, [hub, tasks])
}

/// Opens so many sockets and measures what each takes.
pub(crate) fn each(fanout: &'static str, sockets: usize) -> anyhow::Result<Each> {
    eprintln!("opening {sockets} sockets: {fanout}");
    limits::allow(sockets)?;
    let scorecast = Scorecast::start(&Setup { fanout, ..Setup::default() })?;
    let quiz = Quiz::start(scorecast.gateway.address, sockets)?;
    let paths = quiz.sockets();
    // The first few bring what all have in common: buffers, threads, the board.
    let (first, rest) = paths.split_at(paths.len() / 10);
    let first = Swarm::connect(scorecast.gateway.address, &[first.to_vec()])?;
    let before = memory(&scorecast.gateway)?;
    let rest = Swarm::connect(scorecast.gateway.address, &[rest.to_vec()])?;
    let after = memory(&scorecast.gateway)?;
    let kib = |at: usize| (after[at] - before[at]) / rest.len() as f64 / 1024.0;
    Ok(Each { sockets: first.len() + rest.len(), resident_kib: kib(0), proportional_kib: kib(1) })
}

fn memory(process: &Process) -> anyhow::Result<[f64; 2]> {
    Ok([process.resident_bytes()? as f64, process.proportional_bytes()? as f64])
}
