//! One Redis server for a test.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher as _,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

/// A private Redis server without persistence, gone when this value or the test process is.
///
/// Every call blocks for some milliseconds.
///
/// # Panics
/// Every call panics, with one plain sentence, if the server does not do what is asked of it.
#[derive(Debug)]
pub struct Redis {
    folder: TempDir,
    settings: Vec<String>,
    port: u16,
    running: Option<Running>,
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
        let settings = settings.iter().map(ToString::to_string).collect();
        let mut redis = Self { folder, settings, port: 0, running: None };
        for _ in 0..20 {
            redis.port = any_port();
            redis.running = redis.launch();
            if redis.running.is_some() {
                return redis;
            }
        }
        panic!("redis-server does not start on any of 20 ports");
    }

    /// Where it listens: `redis://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
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
        let mut lines = vec![
            format!("port {}", self.port),
            "bind 127.0.0.1".to_owned(),
            format!("dir {}", self.folder.path().display()),
            "save \"\"".to_owned(),
        ];
        lines.extend_from_slice(&self.settings);
        std::fs::write(&config, lines.join("\n")).expect("the temporary folder can be written to");
        let mut server = Command::new("redis-server")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("install the Debian package redis-server: {error}"));
        let log = BufReader::new(server.stdout.take().expect("its output is piped"));
        let watchdog = shell(&format!("read _; kill -KILL {}", server.id()));
        let running = Running { server, watchdog };
        let is_ready =
            |line: std::io::Result<String>| line.is_ok_and(|line| line.contains("Ready to accept"));
        log.lines().any(is_ready).then_some(running)
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

/// A random port below those that the system gives to outgoing connections, so that a server that
/// was killed finds its port free.
pub(crate) fn any_port() -> u16 {
    let random = RandomState::new().hash_one(());
    10_000 + u16::try_from(random % 20_000).expect("below 20 000")
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, io::Write as _, net::TcpStream, time::Duration};

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
    fn it_is_gone_when_the_process_that_started_it_is() {
        let mut redis = Redis::start();
        let running = redis.running.as_mut().unwrap();
        drop(running.watchdog.stdin.take());
        running.server.wait().unwrap();
        ping(&redis).unwrap_err();
    }
}
