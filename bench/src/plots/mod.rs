//! Draws what was measured last: charts for the documentation.

mod chart;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;

use crate::figure::Outcome;
use chart::{Chart, Line};

/// Where to
#[derive(Args)]
pub(crate) struct Plan {
    /// The folder of the charts
    #[arg(long, default_value = "docs/images", value_name = "FOLDER")]
    into: PathBuf,
}

/// Draws the charts of `bench growth` and `bench answers`.
///
/// # Errors
/// If one of them has not been run.
pub(crate) fn run(plan: &Plan, results: &Path) -> anyhow::Result<()> {
    let read = |name: &str| Outcome::read(&results.join(name).with_extension("json"));
    let (growth, answers) = (read("growth")?, read("answers")?);
    fs::create_dir_all(&plan.into)?;
    let charts = [
        ("bench-cpu", cpu(&growth)?),
        ("bench-memory", memory(&growth)?),
        ("bench-latency", latency(&answers)?),
    ];
    for (name, chart) in charts {
        let file = plan.into.join(name).with_extension("svg");
        fs::write(&file, chart.to_string()).with_context(|| format!("cannot write {}", file.display()))?;
        eprintln!("{}", file.display());
    }
    Ok(())
}

fn cpu(growth: &Outcome) -> anyhow::Result<Chart> {
    let rows = list(&growth.details["rows"])?;
    let line = |of: &str, name: &str| -> anyhow::Result<Line> {
        let rows = rows.iter().filter(|row| row["name"] == of);
        let points = rows.map(|row| {
            let rounds = list(&row["rounds"])?;
            let sum = |member| rounds.iter().map(|round| number(&round[member])).sum::<anyhow::Result<f64>>();
            Ok((number(&row["sockets"])?, sum("cpu_seconds")? * 1e6 / sum("frames")?))
        });
        Ok(Line { name: name.to_owned(), points: points.collect::<anyhow::Result<_>>()? })
    };
    Ok(Chart {
        title: "CPU for each delivered frame".to_owned(),
        x: "sockets on one quiz",
        y: "us",
        lines: vec![line("hub", "Scorecast")?, line("bare", "bare loop")?],
        command: growth.command.clone(),
    })
}

fn memory(growth: &Outcome) -> anyhow::Result<Chart> {
    let sizes = list(&growth.details["memory"])?;
    let line = |member: &str, name: &str| -> anyhow::Result<Line> {
        let points = sizes.iter().map(|each| Ok((number(&each["sockets"])?, number(&each[member])?)));
        Ok(Line { name: name.to_owned(), points: points.collect::<anyhow::Result<_>>()? })
    };
    Ok(Chart {
        title: "Memory of the gateway for each idle socket".to_owned(),
        x: "sockets on one quiz",
        y: "KiB",
        lines: vec![line("resident_kib", "resident")?],
        command: growth.command.clone(),
    })
}

fn latency(answers: &Outcome) -> anyhow::Result<Chart> {
    let paced = list(&answers.details["paced"])?;
    let line = |member: &str, name: &str| -> anyhow::Result<Line> {
        let points = paced.iter().map(|at| Ok((number(&at["answers_per_second"])?, number(&at[member])?)));
        Ok(Line { name: name.to_owned(), points: points.collect::<anyhow::Result<_>>()? })
    };
    Ok(Chart {
        title: "Time from an answer to its durable acknowledgement".to_owned(),
        x: "answers a second",
        y: "ms",
        lines: vec![line("reply_p99_ms", "p99")?, line("reply_p50_ms", "p50")?],
        command: answers.command.clone(),
    })
}

fn list(value: &Value) -> anyhow::Result<&Vec<Value>> {
    value.as_array().context("the results are of another version: measure again")
}

fn number(value: &Value) -> anyhow::Result<f64> {
    value.as_f64().context("the results are of another version: measure again")
}
