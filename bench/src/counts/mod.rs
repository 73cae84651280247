//! How many instructions single steps take, and how many bytes frames have: no other figure is the same
//! on a busy machine, so these are held to a table by the tests.

pub(crate) mod steps;
mod table;

use std::{collections::BTreeMap, fs, io, path::Path, process::Command};

use anyhow::{Context as _, anyhow, ensure};
use clap::Args;

use self::{
    steps::Step,
    table::{Count, Table},
};
use crate::figure::{Figure, Outcome};

/// What becomes of them
#[derive(Args)]
pub(crate) struct Plan {
    /// Keep them as what is known, in bench/counts.json; in a debug build
    #[arg(long)]
    renew: bool,
}

/// Counts, and compares with what is known of a debug build.
///
/// # Errors
/// If a step costs more or less than is known.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let counted = count()?;
    if cfg!(debug_assertions) {
        let counted = Table::of(counted.clone())?;
        if plan.renew {
            counted.keep()?;
        }
        Table::kept()?.hold(&counted)?;
    } else {
        ensure!(!plan.renew, "the table is of debug builds, which the tests have: make counts");
    }
    let figures = counted.iter().flat_map(|(step, count)| {
        let instructions = Figure::new(format!("instructions: {step}"), count.instructions as f64, "");
        let bytes =
            count.bytes.map(|bytes| Figure::new(format!("bytes of a frame: {step}"), bytes as f64, ""));
        std::iter::once(instructions).chain(bytes)
    });
    Outcome::new(figures.collect(), &counted)
}

/// Does all steps under callgrind, which writes a file after each.
fn count() -> anyhow::Result<BTreeMap<String, Count>> {
    let folder = tempfile::tempdir()?;
    let written = folder.path().join("written");
    let done = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind"])
        .args(["--toggle-collect=*::instructions_of*", "--dump-after=*::end_of_step*"])
        .arg(format!("--callgrind-out-file={}", written.display()))
        .arg(std::env::current_exe()?)
        .arg("steps")
        .output()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => anyhow!("install the Debian package valgrind"),
            _ => error.into(),
        })?;
    ensure!(done.status.success(), "valgrind: {}", String::from_utf8_lossy(&done.stderr));
    let done = String::from_utf8(done.stdout)?;
    let each = done.lines().enumerate().map(|(before, line)| {
        let Step { name, times, bytes } = serde_json::from_str(line)?;
        let instructions = total(&written.with_extension((before + 1).to_string()))?;
        ensure!(instructions > 0, "{name}: nothing was counted");
        Ok((name, Count { instructions: instructions / times, bytes }))
    });
    each.collect()
}

/// All that was counted, as <https://valgrind.org/docs/manual/cl-format.html> has it.
fn total(file: &Path) -> anyhow::Result<u64> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(total.context("callgrind gives no total")?.trim().parse()?)
}
