//! What steps are known to cost, as it is kept in the repository: `bench/counts.json`.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

/// By how much instructions may differ: the processor's own ways to copy memory and the order of a
/// hash map make some percent.
const TOLERANCE: f64 = 0.1;

/// What steps cost when built by this compiler, for tests.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) compiler: String,
    pub(super) steps: BTreeMap<String, Count>,
}

/// What a step costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Count {
    pub(super) instructions: u64,
    /// What goes onto a socket by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
}

impl Table {
    /// Counted now, with the compiler that is at hand.
    pub(super) fn of(steps: BTreeMap<String, Count>) -> anyhow::Result<Self> {
        let compiler = Command::new("rustc").arg("--version").output().context("cannot ask rustc")?;
        Ok(Self { compiler: String::from_utf8(compiler.stdout)?.trim().to_owned(), steps })
    }

    /// What is kept.
    pub(super) fn kept() -> anyhow::Result<Self> {
        let file = file();
        let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Keeps this one instead.
    pub(super) fn keep(&self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        Ok(fs::write(file(), format!("{text}\n"))?)
    }

    /// Says, a sentence for each, in what others differ from these. Instructions of another compiler
    /// are not compared.
    fn differences(&self, counted: &Self) -> Vec<String> {
        let is_alike = self.compiler == counted.compiler;
        let all: BTreeMap<_, _> = self.steps.iter().chain(&counted.steps).collect();
        let difference = |step: &String| {
            let (Some(kept), Some(counted)) = (self.steps.get(step), counted.steps.get(step)) else {
                return Some(format!("{step}: it is not in both, the table and what is counted"));
            };
            let instructions = kept.other_instructions(*counted).filter(|_| is_alike);
            kept.other_bytes(*counted).or(instructions).map(|difference| format!("{step}: {difference}"))
        };
        all.into_keys().filter_map(difference).collect()
    }

    /// Fails if these differ.
    ///
    /// # Errors
    /// Says where, and what to do.
    pub(super) fn hold(&self, counted: &Self) -> anyhow::Result<()> {
        if self.compiler != counted.compiler {
            eprintln!(
                "bench/counts.json is of {}, and this is {}: instructions are not compared",
                self.compiler, counted.compiler
            );
        }
        let differences = self.differences(counted);
        ensure!(differences.is_empty(), "{}\nIf that is meant: make counts", differences.join("\n"));
        Ok(())
    }
}

impl Count {
    fn other_bytes(self, counted: Self) -> Option<String> {
        let text = |bytes: Option<u64>| bytes.map_or("no".to_owned(), |bytes| bytes.to_string());
        (self.bytes != counted.bytes)
            .then(|| format!("{} bytes instead of {}", text(counted.bytes), text(self.bytes)))
    }

    fn other_instructions(self, counted: Self) -> Option<String> {
        let (now, before) = (counted.instructions, self.instructions);
        let more = now as f64 / before as f64 - 1.0;
        let percent = (100.0 * more.abs()).round();
        match more {
            TOLERANCE.. => Some(format!("{now} instructions, {percent} % more than {before}")),
            _ if more <= -TOLERANCE => Some(format!(
                "{now} instructions, {percent} % fewer than {before}: lower the table, so that it stays so"
            )),
            _ => None,
        }
    }
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("counts.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(instructions: u64, bytes: u64) -> Table {
        let count = Count { instructions, bytes: Some(bytes) };
        Table { compiler: "rustc 1".to_owned(), steps: BTreeMap::from([("encode".to_owned(), count)]) }
    }

    #[test]
    fn a_step_that_costs_more_or_less_than_is_known_is_named() {
        let kept = table(1000, 50);
        for same in [table(1000, 50), table(1099, 50), table(901, 50)] {
            assert_eq!(kept.differences(&same), Vec::<String>::new());
        }
        for (other, difference) in [
            (table(1100, 50), "encode: 1100 instructions, 10 % more than 1000"),
            (
                table(800, 50),
                "encode: 800 instructions, 20 % fewer than 1000: lower the table, so that it stays so",
            ),
            (table(1000, 51), "encode: 51 bytes instead of 50"),
        ] {
            assert_eq!(kept.differences(&other), [difference]);
            assert!(kept.hold(&other).is_err());
        }
    }

    #[test]
    fn of_another_compiler_only_the_bytes_are_compared() {
        let other =
            |instructions, bytes| Table { compiler: "rustc 2".to_owned(), ..table(instructions, bytes) };
        assert!(table(1000, 50).hold(&other(2000, 50)).is_ok());
        assert!(table(1000, 50).hold(&other(1000, 51)).is_err());
    }

    #[test]
    fn a_step_that_is_not_known_or_no_more_counted_is_named() {
        let (known, none) = (table(1, 1), Table { steps: BTreeMap::new(), ..table(1, 1) });
        assert_eq!((known.differences(&none).len(), none.differences(&known).len()), (1, 1));
    }
}
