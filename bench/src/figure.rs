//! What a scenario found: figures with what they must reach, as a table for people and as JSON.

use std::{fmt, fs, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use Limit::{AtLeast, AtMost};

/// What a scenario found.
#[derive(Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// What repeats it.
    #[serde(default)]
    pub(crate) command: String,
    pub(crate) figures: Vec<Figure>,
    /// What the figures were made of, in the scenario's own shape.
    pub(crate) details: Value,
}

/// One number, and what it must reach.
#[derive(Serialize, Deserialize)]
pub(crate) struct Figure {
    what: String,
    value: f64,
    unit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reach: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aim: Option<Limit>,
}

/// A bound.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    /// A number that nothing is asked of.
    pub(crate) fn new(what: impl Into<String>, value: f64, unit: &str) -> Self {
        Self { what: what.into(), value, unit: unit.to_owned(), reach: None, aim: None }
    }

    /// What the number must reach.
    pub(crate) fn reach(self, limit: Limit) -> Self {
        Self { reach: Some(limit), ..self }
    }

    /// What it should reach.
    pub(crate) fn aim(self, limit: Limit) -> Self {
        Self { aim: Some(limit), ..self }
    }

    fn verdict(&self) -> &'static str {
        let meets = |limit: Option<Limit>| limit.is_some_and(|limit| limit.holds(self.value));
        match (self.reach.is_some(), meets(self.reach), meets(self.aim)) {
            (_, _, true) => "aim reached",
            (true, true, false) => "reached",
            (true, false, false) => "**missed**",
            (false, ..) => "",
        }
    }
}

impl Limit {
    fn holds(self, value: f64) -> bool {
        match self {
            AtMost(limit) => value <= limit,
            AtLeast(limit) => value >= limit,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AtMost(limit) => write!(f, "≤ {}", Short(*limit)),
            AtLeast(limit) => write!(f, "≥ {}", Short(*limit)),
        }
    }
}

impl Outcome {
    /// Figures, and what they were made of.
    pub(crate) fn new(figures: Vec<Figure>, details: impl Serialize) -> anyhow::Result<Self> {
        Ok(Self { command: String::new(), figures, details: serde_json::to_value(details)? })
    }

    /// Reads what a scenario has written.
    ///
    /// # Errors
    /// If it has not.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Keeps it, to be read again.
    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

/// Prints the figures of some outcomes as one table.
#[allow(clippy::print_stdout, reason = "this is what was asked for")]
pub(crate) fn print(outcomes: &[Outcome]) {
    println!("\n| what | measured | reach | aim | verdict |\n|-|-:|-:|-:|-|");
    for figure in outcomes.iter().flat_map(|outcome| &outcome.figures) {
        let limit = |limit: Option<Limit>| limit.map(|limit| limit.to_string()).unwrap_or_default();
        println!(
            "| {} | {} {} | {} | {} | {} |",
            figure.what,
            Short(figure.value),
            figure.unit,
            limit(figure.reach),
            limit(figure.aim),
            figure.verdict()
        );
    }
}

/// A number with the digits that mean something.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.abs() {
            1000.0.. => write!(f, "{:.0}", self.0),
            100.0.. => write!(f, "{:.1}", self.0),
            _ if self.0.fract() == 0.0 => write!(f, "{}", self.0),
            _ => write!(f, "{:.2}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_judged_by_the_best_that_it_reaches() {
        let ratio = |value| Figure::new("ratio", value, "x").reach(AtMost(1.25)).aim(AtMost(1.1));
        assert_eq!(ratio(1.05).verdict(), "aim reached");
        assert_eq!(ratio(1.25).verdict(), "reached");
        assert_eq!(ratio(1.26).verdict(), "**missed**");
        assert_eq!(Figure::new("rate", 5.0, "/s").reach(AtLeast(6.0)).verdict(), "**missed**");
        assert_eq!(Figure::new("rate", 5.0, "/s").verdict(), "");
    }

    #[test]
    fn numbers_are_as_long_as_they_mean() {
        let texts = [14_823.4, 231.44, 12.0, 1.046].map(|value| Short(value).to_string());
        assert_eq!(texts, ["14823", "231.4", "12", "1.05"]);
    }
}
