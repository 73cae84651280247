//! The programs that are measured: started on free ports, and stopped at the end.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

use crate::usage;

/// A program that runs until this is dropped.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a program that lies beside this one, and waits for the line that names its address.
    pub(crate) fn start(program: &'static str, arguments: &[String]) -> anyhow::Result<Self> {
        Self::launch(program, arguments, "pretty", Stdio::inherit())
    }

    /// The same, but what it logs is kept for [`Process::stop`], as JSON.
    pub(crate) fn start_recorded(program: &'static str, arguments: &[String]) -> anyhow::Result<Self> {
        Self::launch(program, arguments, "json", Stdio::piped())
    }

    fn launch(program: &'static str, arguments: &[String], format: &str, log: Stdio) -> anyhow::Result<Self> {
        let path = std::env::current_exe()?.with_file_name(program);
        let mut child = Command::new(&path)
            .args(arguments)
            .env("RUST_LOG", "warn")
            .env("LOG_FORMAT", format)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}: build it with --release first", path.display()))?;
        let out = child.stdout.take().context("its output was asked for")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let address = line.split_whitespace().find_map(|word| word.parse().ok());
        let address = address.with_context(|| format!("{program} did not tell its address: {line:?}"))?;
        Ok(Self { name: program, child, address })
    }

    /// Stops it, as an operator does, and gives what it logged.
    pub(crate) fn stop(mut self) -> anyhow::Result<String> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let mut log = String::new();
        self.child.stderr.take().context("its log was not kept")?.read_to_string(&mut log)?;
        self.child.wait()?;
        Ok(log)
    }

    /// How much CPU it has used, under its name.
    pub(crate) fn cpu(&self) -> anyhow::Result<(&'static str, Duration)> {
        Ok((self.name, usage::cpu(self.child.id())?))
    }

    /// How much memory it has, in bytes.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        usage::resident_bytes(self.child.id())
    }

    /// The same, but of what it shares with other programs only its part.
    pub(crate) fn proportional_bytes(&self) -> anyhow::Result<u64> {
        usage::proportional_bytes(self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
