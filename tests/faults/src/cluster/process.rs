//! One program of Scorecast as a process of its own: started, signalled, started again, read.

use std::{
    fs::{self, OpenOptions},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{self, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// How long a process may take until it listens, or until it has ended.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many lines of a process's log are shown when something went wrong.
const LINES_SHOWN: usize = 40;

/// What a process can be told by the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// End at once.
    Kill,
    /// Stand still.
    Stop,
    /// Go on after [`Signal::Stop`].
    Continue,
    /// End in good order.
    Terminate,
}

/// A process that listens on one address, always the same one.
///
/// When it is dropped it is ended; if the test has failed, the end of its log is shown.
#[derive(Debug)]
pub struct Process {
    name: String,
    program: PathBuf,
    settings: Vec<(String, String)>,
    address: SocketAddr,
    log: PathBuf,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    /// Before the child, so that nobody signals a process that merely got the same number.
    _watchdog: Watchdog,
    child: Child,
    pid: u32,
    /// Read no further, but kept: a process that prints into a closed pipe ends.
    _output: Lines<BufReader<ChildStdout>>,
}

/// Reads from this process until that ends, and then ends the one it watches over.
#[derive(Debug)]
struct Watchdog(process::Child);

impl Process {
    /// A program on a free port, with nothing in its environment but these settings.
    pub(super) fn new(
        name: &str,
        program: &Path,
        listen: &str,
        settings: &[(&str, String)],
        logs: &Path,
    ) -> Result<Self, String> {
        let address = free_address()?;
        let listen = (listen.to_owned(), address.to_string());
        let given = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Ok(Self {
            name: name.to_owned(),
            program: program.to_owned(),
            settings: given.chain([listen]).collect(),
            address,
            log: logs.join(name),
            running: None,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes a setting, from its next start on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Forgets a setting, from its next start on.
    pub fn unset(&mut self, name: &str) {
        self.settings.retain(|(known, _)| known != name);
    }

    /// Gives it a clock of its own, from its next start on, which [`Process::set_clock`] sets.
    ///
    /// # Errors
    /// If the library that does so is not installed, or the clock cannot be written down.
    pub(super) fn give_clock(&mut self) -> Result<(), String> {
        let clock = self.log.with_extension("clock");
        self.set("LD_PRELOAD", &faketime()?);
        self.set("FAKETIME_TIMESTAMP_FILE", &clock.display().to_string());
        self.set("FAKETIME_NO_CACHE", "1");
        self.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        fs::write(clock, "+0").map_err(|error| error.to_string())
    }

    /// Sets its own clock to so many seconds from now, at once.
    ///
    /// # Panics
    /// If the clock cannot be written down.
    pub fn set_clock(&self, seconds: i64) {
        // In one step, so that nobody reads half of it.
        let (clock, next) = (self.log.with_extension("clock"), self.log.with_extension("next"));
        fs::write(&next, format!("{seconds:+}")).and_then(|()| fs::rename(next, clock)).expect("it is ours");
    }

    /// Sends it a signal; one that has ended hears nothing.
    ///
    /// # Panics
    /// If the system has no shell.
    pub fn signal(&self, signal: Signal) {
        let name = match signal {
            Signal::Kill => "KILL",
            Signal::Stop => "STOP",
            Signal::Continue => "CONT",
            Signal::Terminate => "TERM",
        };
        if let Some(running) = &self.running {
            shell(&format!("kill -{name} {}", running.pid)).wait().expect("a shell ends");
        }
    }

    /// Ends it at once and waits until it is gone.
    pub async fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            // It may have ended by itself, and SIGKILL leaves no choice: there is nothing to fail.
            let _ = timeout(PATIENCE, running.child.kill()).await;
        }
    }

    /// Waits until it has ended by itself; false if it is still there when the time is over.
    pub async fn ends_within(&mut self, within: Duration) -> bool {
        match &mut self.running {
            Some(running) => timeout(within, running.child.wait()).await.is_ok(),
            None => true,
        }
    }

    /// Starts it again at the same address, after ending it if it is there.
    ///
    /// # Errors
    /// What it said instead of listening.
    pub async fn restart(&mut self) -> Result<(), String> {
        self.kill().await;
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let mut command = Command::new(&self.program);
        command.env_clear().envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned()));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(log.map_err(|error| error.to_string())?).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| format!("{} does not start: {error}", self.name))?;
        let (Some(pid), Some(output)) = (child.id(), child.stdout.take()) else {
            return Err(self.complaint("ends at once"));
        };
        let watchdog = Watchdog(shell(&format!("read _; kill -KILL {pid}")));
        let mut output = BufReader::new(output).lines();
        let listening = async {
            while let Ok(Some(line)) = output.next_line().await {
                if line.starts_with("listening on") {
                    return true;
                }
            }
            false
        };
        let listens = timeout(PATIENCE, listening).await.unwrap_or(false);
        self.running = Some(Running { child, pid, _output: output, _watchdog: watchdog });
        if listens { Ok(()) } else { Err(self.complaint("does not listen")) }
    }

    /// Resident memory, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> Option<u64> {
        let pid = self.running.as_ref()?.pid;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
    }

    /// Says what is wrong with it, with the end of its log.
    pub(super) fn complaint(&self, wrong: &str) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = &lines[lines.len().saturating_sub(LINES_SHOWN)..];
        format!("{} {wrong}; its log ends with\n{}", self.name, end.join("\n"))
    }
}

impl Drop for Process {
    #[allow(clippy::print_stderr, reason = "a failed test shows what its processes said")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}\n", self.complaint("is ended with its test"));
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn shell(script: &str) -> process::Child {
    process::Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).spawn().expect("there is a shell")
}

/// The library that shows a process another time: <https://github.com/wolfcw/libfaketime>.
fn faketime() -> Result<String, String> {
    let folders = fs::read_dir("/usr/lib").map_err(|error| error.to_string())?.flatten();
    folders
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .map(|library| library.display().to_string())
        .ok_or_else(|| "install the Debian package libfaketime".to_owned())
}

/// A free port below those that the system gives to outgoing connections, so that a process that
/// was ended finds its port free again.
fn free_address() -> Result<SocketAddr, String> {
    let candidates =
        (0..100).map(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, rand::random_range(10_000..30_000))));
    candidates
        .into_iter()
        .find(|address| TcpListener::bind(address).is_ok())
        .ok_or_else(|| "no port is free between 10000 and 30000".to_owned())
}
