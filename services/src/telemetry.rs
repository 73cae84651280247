//! Logs: what a person reads in a terminal, or JSON for machines.

use clap::{Args, ValueEnum};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// How a program logs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Logs")]
pub struct Telemetry {
    /// Which log lines to write, as in `info,scoring=debug`
    #[arg(long, env = "RUST_LOG", default_value = "info")]
    pub rust_log: String,

    /// How log lines look, on stderr
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Pretty)]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For a person in a terminal
    Pretty,
    /// One JSON object a line
    Json,
}

impl Telemetry {
    /// Starts logging for the whole process.
    ///
    /// # Errors
    /// If the filter is malformed, in one sentence.
    pub fn init(&self) -> Result<(), String> {
        let filter =
            EnvFilter::try_new(&self.rust_log).map_err(|error| format!("error: RUST_LOG: {error}"))?;
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let subscriber = tracing_subscriber::registry().with(filter);
        match self.log_format {
            LogFormat::Pretty => subscriber.with(lines.compact()).init(),
            LogFormat::Json => subscriber.with(lines.json().flatten_event(true)).init(),
        }
        Ok(())
    }
}
