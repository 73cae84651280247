//! CPU per delivered frame: the hub, a task per socket, and the bare loop, in turns of one run.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use crate::{
    report::{self, Row},
    target::Target,
};

/// How much load, and for how long
#[derive(Args)]
pub(crate) struct Plan {
    /// Sockets of each fan-out, dealt evenly to the quizzes
    #[arg(long, default_value_t = 1000)]
    sockets: usize,

    /// Quizzes
    #[arg(long, default_value_t = 1)]
    quizzes: usize,

    /// Quizzes that have an answer under way at once
    #[arg(long, default_value_t = 8)]
    at_once: usize,

    /// How often each fan-out has its turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// How long a turn takes, in seconds
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,

    /// Leave the task per socket out
    #[arg(long)]
    without_tasks: bool,

    /// Where the figures are written, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Runs the fan-outs in turns and prints what each frame cost.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<()> {
    let sockets = plan.sockets / plan.quizzes;
    eprintln!("opening {} sockets on {} quizzes for each fan-out", sockets * plan.quizzes, plan.quizzes);
    let mut hub = Target::scorecast("hub", plan.quizzes, sockets)?;
    // The frames of a few answers tell how long a frame of the baseline must be.
    let sample = hub.load(Duration::from_millis(500), plan.at_once)?;
    let bare = Target::bare(plan.quizzes, sockets, sample.tally.bytes / sample.tally.frames)?;
    let mut targets = vec![bare, hub];
    if !plan.without_tasks {
        targets.push(Target::scorecast("tasks", plan.quizzes, sockets)?);
    }
    let mut rows: Vec<Row> = targets.iter().map(|target| Row::new(target.name, target.swarm.len())).collect();
    for round in 1..=plan.rounds {
        for (target, row) in targets.iter_mut().zip(&mut rows) {
            row.add(&target.load(Duration::from_secs_f64(plan.seconds), plan.at_once)?);
            eprintln!("round {round} of {}: {}", plan.rounds, row.last());
        }
    }
    report::print(&rows);
    if let Some(file) = &plan.json {
        std::fs::write(file, serde_json::to_vec_pretty(&rows)?)?;
    }
    Ok(())
}
