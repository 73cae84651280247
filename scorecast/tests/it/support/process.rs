//! The program itself, as a process that signals reach.

use std::{
    ops::Deref,
    path::Path,
    process::{ExitStatus, Output, Stdio},
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use super::{JWT_SECRET, http::Caller, within};

/// A running `scorecast`, killed when this is dropped.
pub(crate) struct Program {
    /// The lines that it prints to try it.
    pub(crate) hints: [String; 3],
    /// The password that it prints for hosts.
    pub(crate) host_password: Option<String>,
    /// Where it listens for gRPC.
    pub(crate) grpc_url: String,
    caller: Caller,
    child: Child,
}

/// The program with these arguments, and no setting from this process's environment.
pub(crate) fn scorecast(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scorecast"));
    command.args(arguments).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The program on free ports and this data folder.
pub(crate) fn on_free_ports(data: &Path) -> Command {
    let mut command = scorecast(&[]);
    let any = "127.0.0.1:0";
    command.env("SCORECAST_DATA", data).env("SCORING_LISTEN", any).env("GATEWAY_LISTEN", any);
    command
}

/// Runs the program to its end.
pub(crate) async fn outcome(command: &mut Command) -> Output {
    let what = format!("{:?} ends", command.as_std());
    within(&what, command.output()).await.unwrap()
}

impl Deref for Program {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Program {
    /// Starts it with the tests' own secret, so that the tests' tokens are good.
    pub(crate) async fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::spawn(on_free_ports(data).env("JWT_SECRET", JWT_SECRET).envs(settings.iter().copied())).await
    }

    /// Starts it and waits until it is ready.
    pub(crate) async fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address = None;
        let mut grpc_url = String::new();
        let mut host_password = None;
        let mut hints: [String; 3] = Default::default();
        within("it says where it listens and how to try it", async {
            while !hints[0].starts_with("QUIZ=") {
                let line = lines.next_line().await.unwrap().expect("it goes on until it listens");
                if let Some(http) = line.strip_prefix("listening on ").and_then(|l| l.strip_suffix(" (HTTP)"))
                {
                    address = Some(http.parse().unwrap());
                }
                if let Some(grpc) = line.strip_prefix("listening on ").and_then(|l| l.strip_suffix(" (gRPC)"))
                {
                    grpc_url = format!("http://{grpc}");
                }
                if let Some(password) = line.strip_prefix("host password: ") {
                    host_password = Some(password.to_owned());
                }
                hints.rotate_left(1);
                hints[2] = line;
            }
        })
        .await;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let program = Self { hints, host_password, grpc_url, caller: Caller::of(address.unwrap()), child };
        program.until_ready().await;
        program
    }

    /// Its memory that is not swapped out or shared, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id().expect("it runs"));
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Sends SIGTERM.
    pub(crate) async fn terminate(&self) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        within("it ends", self.child.wait()).await.unwrap()
    }

    /// Sends SIGKILL and waits for its end.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }
}
