//! The programs that are measured: started on free ports, stopped at the end, and asked of the
//! kernel what they have used.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;

/// A program that runs until this is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a program that lies beside this one, and waits for the line that names its address.
    pub(crate) fn start(program: &str, arguments: &[String]) -> anyhow::Result<Self> {
        let path = beside(program)?;
        let mut child = Command::new(&path)
            .args(arguments)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}: build it with --release first", path.display()))?;
        let out = child.stdout.take().context("its output was asked for")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let address = line.split_whitespace().find_map(|word| word.parse().ok());
        let address = address.with_context(|| format!("{program} did not tell its address: {line:?}"))?;
        Ok(Self { child, address })
    }

    /// How much CPU it has used, in user and kernel mode.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks =
            |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).context("no ticks");
        // Fields 14 and 15 of proc(5), counted from behind the name; a tick is 10 ms on Linux.
        Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
    }

    /// How much memory it has, in bytes.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes << 10)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn beside(program: &str) -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(program))
}
