//! A whole Scorecast of several processes on one machine, with every link breakable.
//!
//! Each scoring process has a link of its own to Postgres and one to Redis, each gateway one to
//! the scoring processes. Whatever was started ends with the value, and also if the test is killed.

mod process;
mod programs;
mod turn;

use std::{net::SocketAddr, path::Path, process::Stdio, time::Duration};

use servers::{postgres::Postgres, redis::Redis};
use tempfile::TempDir;
use tokio::process::Command;
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

pub use process::{Process, Signal};
use programs::Programs;
use turn::Turn;

use crate::proxy::Proxy;

/// How long a process may take until it serves.
const SERVES_WITHIN: Duration = Duration::from_secs(60);

/// How many processes of each kind, and how they are set.
#[derive(Debug, Clone)]
pub struct Shape {
    /// How many scoring processes.
    pub scoring: usize,
    /// How many gateways. Each prefers the scoring process of its own number.
    pub gateways: usize,
    /// Further settings of the gateways.
    pub gateway_settings: Vec<(&'static str, String)>,
    /// Whether each process has a clock of its own: [`Process::set_clock`].
    pub has_own_clocks: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self { scoring: 2, gateways: 2, gateway_settings: Vec::new(), has_own_clocks: false }
    }
}

/// The processes, their stores and the links between them.
#[derive(Debug)]
pub struct Cluster {
    /// The scoring processes.
    pub scoring: Vec<Process>,
    /// The gateways.
    pub gateways: Vec<Process>,
    /// The links of each scoring process to Postgres.
    pub to_postgres: Vec<Proxy>,
    /// The links of each scoring process to Redis.
    pub to_redis: Vec<Proxy>,
    /// The links of each gateway to the scoring processes.
    pub to_scoring: Vec<Proxy>,
    /// The ledger.
    pub postgres: Postgres,
    /// The boards.
    pub redis: Redis,
    logs: TempDir,
    _turn: Turn,
}

impl Cluster {
    /// Starts two scoring processes and two gateways over one Postgres and one Redis.
    ///
    /// # Errors
    /// Which part does not start, and what it said.
    pub async fn start() -> Result<Self, String> {
        Self::of(Shape::default()).await
    }

    /// Starts a cluster of a shape, and waits until all of it serves. Clusters run one at a time.
    ///
    /// # Errors
    /// Which part does not start, and what it said.
    pub async fn of(shape: Shape) -> Result<Self, String> {
        let programs = Programs::built()?;
        let turn = Turn::wait_for(&programs)?;
        let logs = tempfile::tempdir().map_err(|error| error.to_string())?;
        let (postgres, redis) = (Postgres::start(), Redis::start());
        let mut cluster = Self {
            scoring: Vec::new(),
            gateways: Vec::new(),
            to_postgres: Vec::new(),
            to_redis: Vec::new(),
            to_scoring: Vec::new(),
            postgres,
            redis,
            logs,
            _turn: turn,
        };
        for number in 0..shape.scoring {
            cluster.add_scoring(&programs, number, &shape).await?;
        }
        for number in 0..shape.gateways {
            cluster.add_gateway(&programs, number, &shape).await?;
        }
        for process in &cluster.scoring {
            serving(process).await?;
        }
        for process in &cluster.gateways {
            ready(process).await?;
        }
        Ok(cluster)
    }

    /// Where the scoring processes are, past all links.
    #[must_use]
    pub fn scoring_addresses(&self) -> Vec<SocketAddr> {
        self.scoring.iter().map(Process::address).collect()
    }

    /// Where the gateways are.
    #[must_use]
    pub fn gateway_addresses(&self) -> Vec<SocketAddr> {
        self.gateways.iter().map(Process::address).collect()
    }

    /// Starts a scoring process again that has ended, and waits until it serves.
    ///
    /// # Errors
    /// What it said instead.
    pub async fn restart_scoring(&mut self, number: usize) -> Result<(), String> {
        self.scoring[number].restart().await?;
        serving(&self.scoring[number]).await
    }

    /// Starts a gateway again that has ended, and waits until it is ready.
    ///
    /// # Errors
    /// What it said instead.
    pub async fn restart_gateway(&mut self, number: usize) -> Result<(), String> {
        self.gateways[number].restart().await?;
        ready(&self.gateways[number]).await
    }

    async fn add_scoring(&mut self, programs: &Programs, number: usize, shape: &Shape) -> Result<(), String> {
        let to_postgres = link_to(&self.postgres.url()).await?;
        let to_redis = link_to(&self.redis.url()).await?;
        let settings = [
            ("LEDGER_URL", moved(&self.postgres.url(), to_postgres.address())),
            ("BOARD_URL", moved(&self.redis.url(), to_redis.address())),
        ];
        let name = format!("scoring-{number}");
        let process =
            Process::new(&name, &programs.scoring(), "SCORING_LISTEN", &settings, self.logs.path())?;
        self.scoring.push(started(process, shape).await?);
        self.to_postgres.push(to_postgres);
        self.to_redis.push(to_redis);
        Ok(())
    }

    async fn add_gateway(&mut self, programs: &Programs, number: usize, shape: &Shape) -> Result<(), String> {
        let mut targets = self.scoring_addresses();
        let own = number % targets.len();
        targets.rotate_left(own);
        let to_scoring = Proxy::open(targets).await.map_err(|error| error.to_string())?;
        let mut settings = vec![
            ("SCORING_URL", format!("http://{}", to_scoring.address())),
            ("PARTICIPANT_SECRET", "a secret that only these tests know".to_owned()),
        ];
        settings.extend_from_slice(&shape.gateway_settings);
        let name = format!("gateway-{number}");
        let process =
            Process::new(&name, &programs.gateway(), "GATEWAY_LISTEN", &settings, self.logs.path())?;
        self.gateways.push(started(process, shape).await?);
        self.to_scoring.push(to_scoring);
        Ok(())
    }
}

/// Starts one scoring process by itself, with these settings, and waits until it serves.
///
/// # Errors
/// What it said instead.
pub async fn lone_scoring(settings: &[(&str, String)], logs: &Path) -> Result<Process, String> {
    let program = Programs::built()?.scoring();
    let mut process = Process::new("scoring", &program, "SCORING_LISTEN", settings, logs)?;
    process.restart().await?;
    serving(&process).await?;
    Ok(process)
}

/// Starts a process in a shape.
async fn started(mut process: Process, shape: &Shape) -> Result<Process, String> {
    if shape.has_own_clocks {
        process.give_clock()?;
    }
    process.restart().await?;
    Ok(process)
}

/// The scoring program with these settings and no other, to be given a command and run once.
///
/// # Errors
/// If there is no such program.
pub fn scoring_program(settings: &[(&str, String)]) -> Result<Command, String> {
    let mut command = Command::new(Programs::built()?.scoring());
    command.env_clear().envs(settings.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

/// Waits until a scoring process says that it serves.
async fn serving(process: &Process) -> Result<(), String> {
    let url = format!("http://{}", process.address());
    let channel = Endpoint::from_shared(url).map_err(|error| error.to_string())?.connect_lazy();
    let mut health = HealthClient::new(channel);
    let asked = async {
        loop {
            let reply = health.check(HealthCheckRequest::default()).await;
            if reply.is_ok_and(|reply| reply.into_inner().status() == ServingStatus::Serving) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SERVES_WITHIN, asked).await.map_err(|_| process.complaint("does not serve"))
}

/// Waits until a gateway is ready.
async fn ready(process: &Process) -> Result<(), String> {
    let client = reqwest::Client::builder().no_proxy().build().map_err(|error| error.to_string())?;
    let url = format!("http://{}/readyz", process.address());
    let asked = async {
        while !client.get(&url).send().await.is_ok_and(|reply| reply.status().is_success()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SERVES_WITHIN, asked).await.map_err(|_| process.complaint("is not ready"))
}

/// Opens a link to where a URL leads.
async fn link_to(url: &str) -> Result<Proxy, String> {
    let authority = authority(url);
    let address = authority.parse().map_err(|_| format!("no address in {url}"))?;
    Proxy::open(vec![address]).await.map_err(|error| error.to_string())
}

/// The same URL, by way of another address.
fn moved(url: &str, to: SocketAddr) -> String {
    url.replace(authority(url), &to.to_string())
}

/// The host and port of a URL.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('/').next().unwrap_or(rest);
    rest.rsplit('@').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_led_by_way_of_another_address() {
        let to = "127.0.0.1:9".parse().unwrap();
        for (url, led) in [
            ("redis://127.0.0.1:1234", "redis://127.0.0.1:9"),
            ("postgres://postgres@127.0.0.1:1234/one", "postgres://postgres@127.0.0.1:9/one"),
        ] {
            assert_eq!(moved(url, to), led);
        }
    }
}
