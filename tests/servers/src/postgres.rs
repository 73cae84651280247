//! One Postgres server for a test, or for all tests of a process.

use std::{
    fs::{self, Permissions},
    io::Write as _,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{certificates::Authority, redis::any_port};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the server and outlives this process just long enough to stop it: the pipe that it reads
/// from ends with us. `$0` is the folder. A server that has only begun to start ignores the first
/// signals, as does one that is paused.
const WATCHDOG: &str = r#"
"$@" </dev/null >log 2>&1 &
read -r order
while kill -INT $!; do
    kill -CONT $! $(cat /proc/$!/task/$!/children)
    sleep 0.02
done
[ "$order" = keep ] || rm -rf "$0"
"#;

/// A private Postgres server, stopped when this value or the process is gone. It trusts everybody
/// on this machine and does not wait for the disk.
///
/// Every call blocks.
///
/// # Panics
/// Every call panics, with one plain sentence, if the server does not do what is asked of it.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    settings: Vec<String>,
    port: u16,
    watchdog: Option<Child>,
    databases: AtomicU32,
}

impl Postgres {
    /// The server that all tests of this process share: each makes a database of its own.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts a server with the usual settings.
    #[must_use]
    pub fn start() -> Self {
        // Many tests make a database each: without a limit the log of them all fills a small disk.
        Self::start_with(&["fsync=off", "full_page_writes=off", "max_wal_size=64MB"])
    }

    /// Starts a server with these settings: `&["fsync=on"]`.
    #[must_use]
    pub fn start_with(settings: &[&str]) -> Self {
        Self::start_in(&std::env::temp_dir(), settings)
    }

    /// Starts a server that keeps what it has in this folder.
    #[must_use]
    pub fn start_in(folder: &Path, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir_in(folder).expect("a temporary folder can be made").keep();
        Self::start_as(folder, settings.iter().map(ToString::to_string).collect())
    }

    /// Starts a server that also speaks TLS, with a certificate by this authority.
    #[must_use]
    pub fn start_with_tls(authority: &Authority) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made").keep();
        let pair = authority.vouch_for("127.0.0.1");
        for (name, text) in [("own", &pair.certificate), ("key", &pair.key)] {
            let file = folder.join(name);
            fs::write(&file, text).expect("the temporary folder can be written to");
            // It refuses a key that others could read.
            fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("it is our file");
            if let Some((uid, gid)) = servant() {
                chown(&file, Some(uid), Some(gid)).expect("root may give a file away");
            }
        }
        let file = |name| folder.join(name).display().to_string();
        let files = [format!("ssl_cert_file={}", file("own")), format!("ssl_key_file={}", file("key"))];
        let settings = ["fsync=off".to_owned(), "ssl=on".to_owned()].into_iter().chain(files).collect();
        Self::start_as(folder, settings)
    }

    fn start_as(folder: PathBuf, settings: Vec<String>) -> Self {
        let programs = programs();
        let mut postgres =
            Self { folder, programs, settings, port: 0, watchdog: None, databases: AtomicU32::new(0) };
        if let Some((uid, gid)) = servant() {
            chown(&postgres.folder, Some(uid), Some(gid)).expect("root may give a folder away");
        }
        let made = postgres
            .command("initdb")
            .args(["-D", "cluster", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"])
            .stdout(Stdio::null())
            .status();
        assert!(made.is_ok_and(|status| status.success()), "initdb does not make a cluster");
        for _ in 0..20 {
            postgres.port = any_port();
            if postgres.launch() {
                return postgres;
            }
        }
        panic!("postgres does not start on any of 20 ports");
    }

    /// Where its first database is: `postgres://postgres@127.0.0.1:<port>/postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Makes an empty database and tells its URL.
    #[must_use]
    pub fn fresh_database(&self) -> String {
        let name = format!("fresh_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.create_database(&name)
    }

    /// Makes an empty database of this name and tells its URL.
    pub fn create_database(&self, name: &str) -> String {
        self.execute(&format!("CREATE DATABASE \"{name}\""));
        self.url_of(name)
    }

    /// Lets it have so many files of its log ready, of 16 MiB each, as a server has that has been
    /// up for a while: one that has not makes them while somebody waits.
    pub fn make_log_files(&self, count: u32) {
        let switch = "pg_logical_emit_message(false, '', ''), pg_switch_wal()";
        self.execute(&format!("DO $$ BEGIN FOR i IN 1..{count} LOOP PERFORM {switch}; END LOOP; END $$"));
        // Now they may be used again.
        self.execute("CHECKPOINT");
    }

    fn execute(&self, statement: &str) {
        let done = self
            .command("psql")
            .args(["-X", "-q", "-d", &self.url(), "-c", statement])
            .output()
            .expect("psql runs");
        let why = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "psql does not do {statement}: {why}");
    }

    /// Dumps its first database as SQL, also while it is in use.
    #[must_use]
    pub fn dump(&self) -> Vec<u8> {
        let dumped = self.command("pg_dump").args(["-d", &self.url()]).output();
        let dumped = dumped.ok().filter(|dumped| dumped.status.success());
        dumped.expect("pg_dump makes a dump").stdout
    }

    /// Makes a database of this name from a dump and tells its URL.
    #[must_use]
    pub fn restore(&self, name: &str, dump: &[u8]) -> String {
        let url = self.create_database(name);
        let mut psql = self
            .command("psql")
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &url])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("psql runs");
        let fed = psql.stdin.take().expect("its input is piped").write_all(dump);
        let restored = psql.wait().is_ok_and(|status| status.success());
        assert!(fed.is_ok() && restored, "psql does not restore the dump");
        url
    }

    /// Stops it as an administrator would: connections are cut, everything is kept.
    pub fn stop(&mut self) {
        self.end("keep\n");
    }

    /// Ends it as a crash would: what was committed is recovered at the next start.
    pub fn kill(&mut self) {
        self.signal("QUIT", &[self.pid()]);
        self.stop();
    }

    /// Whether it takes connections.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        // What pg_ctl waits for, too.
        self.status().is_some_and(|lines| lines.get(7).is_some_and(|line| line.trim() == "ready"))
    }

    /// Starts it again on the same port, with all that it keeps.
    pub fn restart(&mut self) {
        self.stop();
        assert!(self.launch(), "postgres does not start again on port {}", self.port);
    }

    /// Makes it hang: connections stay open, nothing is answered.
    pub fn pause(&self) {
        // The postmaster first, so that it starts no others meanwhile.
        self.signal("STOP", &[self.pid()]);
        self.signal("STOP", &self.backends());
    }

    /// Lets it go on after [`Postgres::pause`].
    pub fn resume(&self) {
        self.signal("CONT", &self.backends());
        self.signal("CONT", &[self.pid()]);
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// A program of Postgres, run in the folder and never as root.
    fn command(&self, program: &str) -> Command {
        self.as_servant(&self.programs.join(program))
    }

    fn as_servant(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder);
        if let Some((uid, gid)) = servant() {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// False if it ends instead of listening, as it does when the port is taken.
    fn launch(&mut self) -> bool {
        self.begin();
        let until = Instant::now() + PATIENCE;
        loop {
            if self.is_ready() {
                return true;
            }
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            // Clients that come before it is ready are turned away with a FATAL of their own.
            let is_fatal = |line: &str| line.contains("FATAL") && !line.contains("the database system is");
            if log.lines().any(is_fatal) {
                self.stop();
                return false;
            }
            assert!(Instant::now() < until, "postgres does not start:\n{log}");
            sleep(Duration::from_millis(5));
        }
    }

    fn begin(&mut self) {
        // What it says is read soon, and must not be what the last one said.
        for left_over in ["log", "cluster/postmaster.pid"] {
            let _ = fs::remove_file(self.folder.join(left_over));
        }
        let mut watchdog = self.as_servant(Path::new("sh"));
        watchdog.args(["-c", WATCHDOG]).arg(&self.folder).arg(self.programs.join("postgres"));
        watchdog.args(["-D", "cluster", "-p", &self.port.to_string()]);
        let usual = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"];
        for setting in usual.into_iter().chain(self.settings.iter().map(String::as_str)) {
            watchdog.args(["-c", setting]);
        }
        // In a group of its own, so that an interrupt at the keyboard leaves it to stop the server.
        watchdog.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        self.watchdog = Some(watchdog.spawn().expect("there is a shell"));
    }

    /// Tells the watchdog to stop the server, and waits for both.
    fn end(&mut self, order: &str) {
        if let Some(mut watchdog) = self.watchdog.take() {
            let mut orders = watchdog.stdin.take().expect("its input is piped");
            let _ = orders.write_all(order.as_bytes());
            drop(orders);
            let _ = watchdog.wait();
        }
    }

    /// The lines of `postmaster.pid`.
    fn status(&self) -> Option<Vec<String>> {
        let text = fs::read_to_string(self.folder.join("cluster/postmaster.pid")).ok()?;
        Some(text.lines().map(ToOwned::to_owned).collect())
    }

    fn pid(&self) -> String {
        self.status().and_then(|lines| lines.first().cloned()).expect("the server runs")
    }

    fn backends(&self) -> Vec<String> {
        let pid = self.pid();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        children
            .expect("the kernel tells a process's children")
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    }

    fn signal(&self, signal: &str, pids: &[String]) {
        let sent = self
            .as_servant(Path::new("sh"))
            .args(["-c", &format!("kill -{signal} {}", pids.join(" "))])
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "SIG{signal} does not reach the server");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end("remove\n");
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Where initdb, postgres, psql and pg_dump are.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    std::env::split_paths(&path)
        .chain(versions.into_iter().rev())
        .find(|folder| {
            ["initdb", "postgres", "psql", "pg_dump"].iter().all(|program| folder.join(program).exists())
        })
        .unwrap_or_else(|| panic!("install the Debian package postgresql"))
}

/// Whom root runs the server as, since it refuses to run as root: `postgres`, else `nobody`.
fn servant() -> Option<(u32, u32)> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !is_root {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("users are listed");
    let find = |name: &str| {
        users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)
    };
    let fields = find("postgres").or_else(|| find("nobody")).expect("there is a user who is not root");
    let number = |field: usize| fields[field].parse().expect("users have numbers");
    Some((number(2), number(3)))
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, net::TcpStream, sync::atomic::AtomicBool, thread};

    use super::*;

    /// Asks whether it speaks TLS, which it answers before anything else.
    fn ping(postgres: &Postgres) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", postgres.port))?;
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47])?;
        stream.read_exact(&mut [0])
    }

    #[test]
    fn it_keeps_what_it_has_when_it_is_killed_and_started_again() {
        let mut postgres = Postgres::start();
        let url = postgres.fresh_database();
        postgres.kill();
        ping(&postgres).unwrap_err();
        postgres.restart();
        ping(&postgres).unwrap();
        let select = postgres.command("psql").args(["-q", "-d", &url, "-c", "SELECT"]).output().unwrap();
        assert!(select.status.success());
    }

    #[test]
    fn it_starts_again_although_clients_knock_before_it_is_ready() {
        let mut postgres = Postgres::start();
        let (port, is_over) = (postgres.port, AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let startup = b"\0\0\0\x17\0\x03\0\0user\0postgres\0\0";
                    let _ = TcpStream::connect(("127.0.0.1", port)).and_then(|mut stream| {
                        stream.write_all(startup).and_then(|()| stream.read(&mut [0]))
                    });
                }
            });
            for _ in 0..3 {
                postgres.kill();
                postgres.restart();
            }
            is_over.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    fn it_is_stopped_even_if_it_has_only_begun_to_start() {
        let mut postgres = Postgres::start();
        postgres.stop();
        postgres.begin();
        postgres.stop();
        ping(&postgres).unwrap_err();
        postgres.restart();
        ping(&postgres).unwrap();
    }

    #[test]
    fn it_hangs_while_it_is_paused() {
        let postgres = Postgres::start();
        postgres.pause();
        ping(&postgres).unwrap_err();
        postgres.resume();
        ping(&postgres).unwrap();
    }

    #[test]
    fn it_is_gone_with_its_folder_when_the_process_that_started_it_is() {
        let mut postgres = Postgres::start();
        postgres.pause();
        let mut watchdog = postgres.watchdog.take().unwrap();
        drop(watchdog.stdin.take());
        watchdog.wait().unwrap();
        ping(&postgres).unwrap_err();
        assert!(!postgres.folder.exists());
    }
}
