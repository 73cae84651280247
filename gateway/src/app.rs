//! The gateway as a whole: built from its settings, then run until it is told to stop.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::Duration,
};

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use services::{listen, shutdown::Shutdown};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    boards::Boards,
    config::Config,
    door::Door,
    fanout::Tasks,
    http::{self, Gateway},
    socket::Allowance,
    tokens::JwtVerifier,
    upstream::Upstream,
};

/// A gateway that is bound to its address and not yet at work.
pub struct App {
    listener: TcpListener,
    address: SocketAddr,
    gateway: Arc<Gateway>,
    grace: Duration,
}

/// How much the kernel takes of what a socket has not sent: a slow reader then gets the newest
/// state instead of a queue of old ones.
const UNSENT_BYTES: u32 = 16 << 10;

impl App {
    /// Binds the address. Scoring need not be there yet.
    ///
    /// # Errors
    /// If a setting is wrong or the address is taken.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        let participants = config.check()?.clone();
        let listener = listen::bind(config.gateway_listen).await?;
        let address = listener.local_addr().context("cannot tell the address that was bound")?;
        let shutdown = Shutdown::default();
        let upstream = Upstream::new(&config.scoring_url);
        let allowance = Allowance::new(&config.rates);
        let gateway = Gateway {
            boards: Boards::new(upstream.clone(), config.upstream_streams, shutdown.clone()),
            upstream,
            fanout: Box::new(Tasks::new(allowance, config.shutdown_grace, shutdown.clone())),
            door: Door::new(&config, shutdown.clone()),
            jwt: JwtVerifier::new(&config),
            participants,
            has_met_scoring: AtomicBool::new(false),
            shutdown,
        };
        Ok(Self { listener, address, gateway: Arc::new(gateway), grace: config.shutdown_grace })
    }

    /// The address that browsers are served on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`. Then refuses new sockets and closes the others spread over half the
    /// grace period, answers the requests that are under way, and returns before its end.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self { listener, gateway, grace, .. } = self;
        let shutdown = gateway.shutdown.clone();
        spawn_chores(&gateway);

        let no_more_requests = CancellationToken::new();
        let service = http::router(gateway).into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener.tap_io(tune), service)
            .with_graceful_shutdown(no_more_requests.clone().cancelled_owned());
        let stopping = async {
            stop.cancelled().await;
            let deadline = Instant::now() + grace;
            shutdown.drain(grace).await;
            no_more_requests.cancel();
            sleep_until(deadline).await;
            tracing::warn!("the grace period is over with requests still under way");
        };
        tokio::select! {
            served = serving => served.context("cannot serve any longer"),
            () = stopping => Ok(()),
        }
    }
}

/// What the gateway does besides answering.
fn spawn_chores(gateway: &Arc<Gateway>) {
    let here = Arc::clone(gateway);
    gateway.shutdown.spawn(async move {
        let has_met = here.upstream.contact(&here.shutdown).await;
        here.has_met_scoring.store(has_met, Ordering::Relaxed);
    });
    let here = Arc::clone(gateway);
    gateway.shutdown.spawn(async move { here.door.rates.forget_the_quiet(&here.shutdown).await });
}

/// Prepares an accepted connection. It works without, only not as well, so failures are no matter.
fn tune(connection: &mut TcpStream) {
    let _ = connection.set_nodelay(true);
    #[cfg(any(target_os = "android", target_os = "linux"))]
    let _ = SockRef::from(&*connection).set_tcp_notsent_lowat(UNSENT_BYTES);
}
