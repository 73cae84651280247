//! Every scenario, each in a process of its own, and one table of what they found.

use std::{path::Path, process::Command, time::Instant};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::figure::{self, Outcome};

/// What is run, in this order, as it stands on the command line.
const SCENARIOS: &[(&str, &str)] = &[
    (
        "fanout-1000",
        "fanout --sockets 1000 --rounds 4 --seconds 2 --beside exporting,unanswered,tasks,per-socket,seed",
    ),
    ("fanout-5000", "fanout --sockets 5000 --rounds 4 --beside none"),
    ("rooms", "fanout --sockets 5000 --quizzes 100 --rounds 4 --beside none"),
    ("idle", "idle"),
    ("latency", "latency"),
    ("churn", "churn"),
    ("answers", "answers"),
    ("answers-hot", "answers --quizzes 1 --shares 50"),
    ("reads", "reads"),
    ("slow", "slow"),
    ("growth", "growth"),
    ("boards", "boards"),
    ("counts", "counts"),
];

/// Which of them
#[derive(Args)]
pub(crate) struct Plan {
    /// Only those whose name contains this
    #[arg(long, default_value = "")]
    only: String,

    /// Only the table of what an earlier run found
    #[arg(long)]
    table: bool,
}

/// Runs them one after another and prints one table.
///
/// # Errors
/// If one fails, after all have run.
pub(crate) fn run(plan: &Plan, results: &Path) -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    let (mut outcomes, mut failed) = (Vec::new(), Vec::new());
    for (name, words) in SCENARIOS.iter().filter(|(name, _)| name.contains(&plan.only)) {
        let file = results.join(name).with_extension("json");
        if !plan.table {
            let began = Instant::now();
            eprintln!("\nbench {words}");
            let status = Command::new(&program)
                .args(words.split(' '))
                .arg("--json")
                .arg(&file)
                .stdout(std::io::stderr())
                .status()
                .with_context(|| format!("cannot run {name}"))?;
            eprintln!("{name}: {status} after {:.0} s", began.elapsed().as_secs_f64());
            if !status.success() {
                failed.push(*name);
                continue;
            }
        }
        outcomes.push(Outcome::read(&file)?);
    }
    figure::print(&outcomes);
    ensure!(failed.is_empty(), "these failed: {}", failed.join(", "));
    Ok(())
}
