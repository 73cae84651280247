//! One Redis server for a test, or a group of them.

mod cluster;
mod sentinels;

pub use cluster::Cluster;
pub use sentinels::Sentinels;

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher as _,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::certificates::Authority;

/// How long a group of servers may take to find together.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lets a master give its replicas what it has at once, and not after five seconds.
const AT_ONCE: &str = "repl-diskless-sync-delay 0";

/// A private Redis server without persistence, gone when this value or the test process is.
///
/// Every call blocks for some milliseconds.
///
/// # Panics
/// Every call panics, with one plain sentence, if the server does not do what is asked of it.
#[derive(Debug)]
pub struct Redis {
    folder: TempDir,
    kind: Kind,
    settings: Vec<String>,
    port: u16,
    running: Option<Running>,
}

/// What a server is, and so how it is started and called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Keeps things.
    Store,
    /// The same, by TLS, and for those alone who show a certificate.
    StoreWithTls,
    /// Watches over others.
    Sentinel,
}

impl Redis {
    /// Starts a server with the usual settings.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with further settings, as they stand in its configuration file:
    /// `&["maxmemory 2mb", "rename-command FUNCTION \"\""]`.
    #[must_use]
    pub fn start_with(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self::start_in(folder, Kind::Store, settings.iter().map(ToString::to_string).collect())
    }

    /// Starts a server that speaks TLS only, with a certificate by this authority, and wants one by
    /// it of its callers.
    #[must_use]
    pub fn start_with_tls(authority: &Authority) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let pair = authority.vouch_for("127.0.0.1");
        for (name, text) in [("ca", &authority.pem()), ("own", &pair.certificate), ("key", &pair.key)] {
            std::fs::write(folder.path().join(name), text).expect("the temporary folder can be written to");
        }
        let files = [("tls-ca-cert-file", "ca"), ("tls-cert-file", "own"), ("tls-key-file", "key")];
        let files = files.map(|(setting, name)| format!("{setting} {}", folder.path().join(name).display()));
        Self::start_in(folder, Kind::StoreWithTls, files.to_vec())
    }

    fn start_in(folder: TempDir, kind: Kind, settings: Vec<String>) -> Self {
        let mut redis = Self { folder, kind, settings, port: 0, running: None };
        for _ in 0..20 {
            redis.port = any_port();
            redis.running = redis.launch();
            if redis.running.is_some() {
                return redis;
            }
        }
        panic!("redis-server does not start on any of 20 ports");
    }

    /// Where it listens: `redis://127.0.0.1:<port>`, or `rediss://` with the files of a caller.
    #[must_use]
    pub fn url(&self) -> String {
        let (address, folder) = (self.address(), self.folder.path().display());
        match self.kind {
            Kind::Store | Kind::Sentinel => format!("redis://{address}"),
            Kind::StoreWithTls => format!(
                "rediss://{address}?ssl_ca_certs={folder}/ca&ssl_certfile={folder}/own&ssl_keyfile={folder}/key"
            ),
        }
    }

    /// Where it listens: `127.0.0.1:<port>`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Gives it a command, as redis-cli takes it, and tells what it answered, line by line.
    #[must_use]
    pub fn ask(&self, words: &[&str]) -> Vec<String> {
        let port = self.port.to_string();
        let asked = Command::new("redis-cli").args(["-p", &port]).args(words).stdin(Stdio::null()).output();
        let asked = asked.unwrap_or_else(|error| panic!("install the Debian package redis-tools: {error}"));
        String::from_utf8_lossy(&asked.stdout).lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Ends it at once, as a crash would. All that it held is lost.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Starts it again on the same port, empty.
    pub fn restart(&mut self) {
        self.kill();
        self.running = self.launch();
        assert!(self.running.is_some(), "redis-server does not start again on port {}", self.port);
    }

    /// Makes it hang: connections stay open, nothing is answered.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on after [`Redis::pause`].
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.running.as_ref().expect("the server runs").server.id();
        shell(&format!("kill -{signal} {pid}")).wait().expect("the shell ends");
    }

    /// None if it ends instead of listening, as it does when the port is taken.
    fn launch(&self) -> Option<Running> {
        let config = self.folder.path().join("redis.conf");
        let port = match self.kind {
            Kind::Store | Kind::Sentinel => format!("port {}", self.port),
            Kind::StoreWithTls => format!("port 0\ntls-port {}", self.port),
        };
        let (mode, ready) = match self.kind {
            Kind::Store | Kind::StoreWithTls => (None, "Ready to accept"),
            Kind::Sentinel => (Some("--sentinel"), "Sentinel ID is"),
        };
        let folder = format!("dir {}", self.folder.path().display());
        let mut lines = vec![port, "bind 127.0.0.1".to_owned(), folder, "save \"\"".to_owned()];
        lines.extend_from_slice(&self.settings);
        std::fs::write(&config, lines.join("\n")).expect("the temporary folder can be written to");
        let mut server = Command::new("redis-server")
            .arg(&config)
            .args(mode)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("install the Debian package redis-server: {error}"));
        let log = BufReader::new(server.stdout.take().expect("its output is piped"));
        let watchdog = shell(&format!("read _; kill -KILL {}", server.id()));
        let running = Running { server, watchdog };
        let mut lines = log.lines().map_while(Result::ok);
        let is_ready = lines.any(|line| line.contains(ready));
        // Whoever prints into a closed pipe ends, and some go on talking.
        std::thread::spawn(move || lines.for_each(drop));
        is_ready.then_some(running)
    }
}

#[derive(Debug)]
struct Running {
    server: Child,
    /// Reads from this process until that ends, and then ends the server.
    watchdog: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The watchdog first: without it nobody signals a process that merely got the same number.
        for child in [&mut self.watchdog, &mut self.server] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn shell(script: &str) -> Child {
    Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).spawn().expect("there is a shell")
}

/// Looks again and again until something holds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} within {PATIENCE:?}");
        sleep(Duration::from_millis(20));
    }
}

/// A random port below those that the system gives to outgoing connections, so that a server that
/// was killed finds its port free.
pub(crate) fn any_port() -> u16 {
    let random = RandomState::new().hash_one(());
    10_000 + u16::try_from(random % 20_000).expect("below 20 000")
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, io::Write as _, net::TcpStream};

    use super::*;

    fn ping(redis: &Redis) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", redis.port))?;
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        stream.write_all(b"PING\r\n")?;
        stream.read_exact(&mut [0; 7])
    }

    #[test]
    fn it_answers_until_it_is_killed_and_again_when_it_is_back() {
        let mut redis = Redis::start();
        ping(&redis).unwrap();
        redis.kill();
        ping(&redis).unwrap_err();
        redis.restart();
        ping(&redis).unwrap();
    }

    #[test]
    fn it_hangs_while_it_is_paused() {
        let redis = Redis::start();
        redis.pause();
        ping(&redis).unwrap_err();
        redis.resume();
        ping(&redis).unwrap();
    }

    #[test]
    fn with_tls_it_answers_nobody_in_the_clear() {
        let redis = Redis::start_with_tls(&Authority::new());
        ping(&redis).unwrap_err();
        assert!(redis.url().starts_with("rediss://"), "{}", redis.url());
    }

    #[test]
    fn it_is_gone_when_the_process_that_started_it_is() {
        let mut redis = Redis::start();
        let running = redis.running.as_mut().unwrap();
        drop(running.watchdog.stdin.take());
        running.server.wait().unwrap();
        ping(&redis).unwrap_err();
    }
}
