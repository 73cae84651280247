//! Both services in one process, on one data folder.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use clap::Args;
use gateway::SignInKind;
use scoring::clock::Clock;
use services::{config::BadSetting, runtime::Threads, telemetry::Telemetry};
use tokio_util::sync::CancellationToken;

use crate::{
    data::{Claim, Folder, Secret},
    settings::Settings,
};

/// What is served, where it is kept, how it logs, and with how many threads.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Config {
    /// Where everything is kept.
    #[command(flatten)]
    pub data: Folder,
    /// Those of both services.
    #[command(flatten)]
    pub settings: Settings,
    /// How it logs.
    #[command(flatten)]
    pub telemetry: Telemetry,
    /// How many threads it has.
    #[command(flatten)]
    pub threads: Threads,
}

/// Both services, bound and idle until they are run.
pub struct App {
    scoring: scoring::App,
    gateway: gateway::App,
    host_password: Option<String>,
    _claim: Claim,
}

/// The gateway may use this much of the time for stopping; the rest is scoring's, which stops after it.
const GATEWAY_SHARE: f64 = 0.8;

impl App {
    /// Takes the data folder, makes the secrets that are not given, and binds both addresses.
    ///
    /// # Errors
    /// If another process has the folder, a setting is bad, or an address is taken.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let Config { data, mut settings, .. } = config;
        let claim = data.claim()?;
        settings.keep_in(&data.path);
        let Settings { mut scoring, mut gateway } = settings;
        if scoring.tls.is_on() {
            let sentence =
                "SCORING_CERTIFICATE is for scoring as a process of its own: here the gateway is beside it";
            return Err(BadSetting(sentence.to_owned()).into());
        }
        if !gateway.has_jwt_key() {
            gateway.jwt_secret = Some(data.secret(Secret::Jwt)?.parse()?);
        }
        if gateway.participant_secret.is_none() {
            gateway.participant_secret =
                Some(data.secret(Secret::Participant)?.parse().map_err(anyhow::Error::msg)?);
        }
        let mut host_password = None;
        if gateway.sign_in == SignInKind::Builtin && gateway.host_password.is_none() {
            let kept = data.secret(Secret::HostPassword)?;
            gateway.host_password = Some(kept.parse().map_err(anyhow::Error::msg)?);
            host_password = Some(kept);
        }
        let grace = scoring.shutdown_grace;
        gateway.shutdown_grace = grace.mul_f64(GATEWAY_SHARE);
        scoring.shutdown_grace = grace - gateway.shutdown_grace;

        let scoring = scoring::App::build(scoring, clock).await?;
        gateway.scoring_url =
            format!("http://{}", reachable(scoring.address())).parse().map_err(anyhow::Error::msg)?;
        let gateway = gateway::App::build(gateway).await?;
        Ok(Self { scoring, gateway, host_password, _claim: claim })
    }

    /// Where scoring listens for gRPC.
    #[must_use]
    pub fn grpc(&self) -> SocketAddr {
        self.scoring.address()
    }

    /// Where the gateway listens for HTTP.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// What a host signs in with, if it was made here: nobody else could tell.
    #[must_use]
    pub fn host_password(&self) -> Option<&str> {
        self.host_password.as_deref()
    }

    /// Serves until `stop`, then lets the gateway end before scoring, so that what is under way
    /// is answered. If one of them fails, the other one ends too.
    ///
    /// # Errors
    /// If one of them fails.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self { scoring, gateway, _claim, .. } = self;
        let (stop_gateway, stop_scoring) = (stop.child_token(), CancellationToken::new());
        let gateway = async {
            let ended = Box::pin(gateway.run(stop_gateway.clone())).await;
            stop_scoring.cancel();
            ended
        };
        let scoring = async {
            let ended = Box::pin(scoring.run(stop_scoring.clone())).await;
            stop_gateway.cancel();
            ended
        };
        let (gateway, scoring) = tokio::join!(gateway, scoring);
        scoring.and(gateway)
    }
}

/// An address of this machine at which a listener on this one, perhaps on all addresses, answers.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}
