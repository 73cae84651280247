//! What the kernel says that programs have used. A server that works with several processes counts
//! as one.

use std::{collections::HashMap, fs, time::Duration};

use anyhow::Context as _;

/// CPU by program, in user and kernel mode.
#[derive(Clone, Default)]
pub(crate) struct Used(pub(crate) Vec<(&'static str, Duration)>);

impl Used {
    /// Of all programs together.
    pub(crate) fn total(&self) -> Duration {
        self.0.iter().map(|(_, cpu)| *cpu).sum()
    }

    /// What was used after another look at the same programs.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let difference = |(now, then): (&(&'static str, Duration), &(&'static str, Duration))| {
            (now.0, now.1.saturating_sub(then.1))
        };
        Self(self.0.iter().zip(&before.0).map(difference).collect())
    }

    /// Adds another time of the same programs.
    pub(crate) fn add(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
        } else {
            self.0.iter_mut().zip(&other.0).for_each(|(sum, more)| sum.1 += more.1);
        }
    }

    /// Microseconds for each of so many things, by program.
    pub(crate) fn us_each(&self, things: u64) -> serde_json::Map<String, serde_json::Value> {
        let each = |cpu: Duration| (cpu.as_secs_f64() * 1e6 / things.max(1) as f64).into();
        self.0.iter().map(|(name, cpu)| ((*name).to_owned(), each(*cpu))).collect()
    }
}

/// The processes of one server: those that this process started for it, and all that they did.
pub(crate) struct Family {
    name: &'static str,
    roots: Vec<u32>,
}

impl Family {
    /// Starts a server.
    pub(crate) fn of<T>(name: &'static str, start: impl FnOnce() -> T) -> (T, Self) {
        let before = children();
        let server = start();
        let roots = children().into_iter().filter(|child| !before.contains(child)).collect();
        (server, Self { name, roots })
    }

    /// What it has used, with those of its processes that have ended.
    pub(crate) fn cpu(&self) -> (&'static str, Duration) {
        let parents = parents();
        let mut family = self.roots.clone();
        let mut at = 0;
        while let Some(parent) = family.get(at).copied() {
            family.extend(parents.iter().filter(|(_, of)| **of == parent).map(|(pid, _)| *pid));
            at += 1;
        }
        (self.name, family.into_iter().filter_map(|pid| ticks(pid, 11..15).ok()).sum())
    }
}

/// How much CPU a process has used, in user and kernel mode.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    ticks(pid, 11..13)
}

/// How much memory a process has, in bytes.
pub(crate) fn resident_bytes(pid: u32) -> anyhow::Result<u64> {
    kilobytes(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// The same, but of what it shares with others only its part.
pub(crate) fn proportional_bytes(pid: u32) -> anyhow::Result<u64> {
    kilobytes(&format!("/proc/{pid}/smaps_rollup"), "Pss:")
}

fn kilobytes(file: &str, name: &str) -> anyhow::Result<u64> {
    let text = fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let line = line.with_context(|| format!("no {name} in {file}"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes << 10)
}

/// The fields of proc(5) behind the name, the state being the first.
fn fields(pid: u32) -> anyhow::Result<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    Ok(stat.rsplit(')').next().unwrap_or_default().split_whitespace().map(str::to_owned).collect())
}

/// Some of utime, stime, cutime and cstime, which are fields 11 to 14; a tick is 10 ms on Linux.
fn ticks(pid: u32, of: std::ops::Range<usize>) -> anyhow::Result<Duration> {
    let fields = fields(pid)?;
    let fields = fields.get(of).context("no ticks")?;
    let ticks: u64 = fields.iter().map(|field| field.parse::<u64>()).sum::<Result<_, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

fn children() -> Vec<u32> {
    let own = std::process::id();
    parents().into_iter().filter(|(_, parent)| *parent == own).map(|(pid, _)| pid).collect()
}

/// The parent of every process.
fn parents() -> HashMap<u32, u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // Those that end meanwhile are left out.
    pids.filter_map(|pid| Some((pid, fields(pid).ok()?.get(1)?.parse().ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    #[test]
    fn a_family_counts_what_its_grandchildren_used() {
        let script = "sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'; true";
        let start = || Command::new("sh").args(["-c", script]).spawn().unwrap();
        let (mut shell, family): (Child, _) = Family::of("shell", start);
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        while family.cpu().1.is_zero() && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert!(!family.cpu().1.is_zero());
        shell.wait().unwrap();
    }
}
