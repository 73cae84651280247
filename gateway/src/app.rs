//! The gateway as a whole: built from its settings, then run until it is told to stop.

use std::{
    net::SocketAddr,
    num::NonZeroU32,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::Duration,
};

use anyhow::Context as _;
use services::{listen, shutdown::Shutdown};
use tokio::{net::TcpListener, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    activity::Activity,
    boards::Boards,
    config::Config,
    door::Door,
    fanout,
    http::{self, Gateway, SignIn},
    metrics,
    seats::Seats,
    socket::{Allowance, Conversations, topics::Topics},
    tokens::JwtVerifier,
    upstream::{Dns, Resolver, Upstream},
};

/// A gateway that is bound to its address and not yet at work.
pub struct App {
    listener: TcpListener,
    address: SocketAddr,
    gateway: Arc<Gateway>,
    /// Connections at once.
    most: NonZeroU32,
    grace: Duration,
}

impl App {
    /// Binds the address. Scoring need not be there yet.
    ///
    /// # Errors
    /// If a setting is wrong or the address is taken.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        Self::build_resolving(config, Arc::new(Dns)).await
    }

    /// The same, with another word on who answers to scoring's name: what tests change.
    ///
    /// # Errors
    /// As of [`App::build`].
    pub async fn build_resolving(config: Config, resolver: Arc<dyn Resolver>) -> anyhow::Result<Self> {
        let participants = config.check()?.clone();
        let (jwt, sign_in) = (JwtVerifier::new(&config)?, SignIn::new(&config)?);
        let listener = listen::bind(config.gateway_listen).await?;
        let address = listener.local_addr().context("cannot tell the address that was bound")?;
        let shutdown = Shutdown::default();
        let upstream = Upstream::new(&config, resolver, &shutdown)?;
        let allowance = Allowance::new(&config.rates);
        let conversations = Conversations::new(allowance, config.shutdown_grace, shutdown.clone());
        let grace = config.shutdown_grace;
        let fanout = fanout::start(config.fanout, allowance, grace, conversations.clone(), &shutdown)
            .context("cannot start the fan-out")?;
        let boards = Boards::new(upstream.clone(), config.upstream_streams, shutdown.clone());
        let activity = Activity::new(upstream.clone(), shutdown.clone());
        let gateway = Gateway {
            topics: Arc::new(Topics::new(boards.clone(), activity.subjects.clone())),
            seats: Seats::new(upstream.clone(), shutdown.clone()),
            boards,
            activity,
            upstream,
            fanout,
            conversations,
            door: Door::new(&config, shutdown.clone()),
            jwt,
            sign_in,
            participants,
            uploads: http::room_for_uploads(),
            has_met_scoring: AtomicBool::new(false),
            shutdown,
        };
        Ok(Self { listener, address, gateway: Arc::new(gateway), most: config.max_connections, grace })
    }

    /// The address that browsers are served on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`. Then refuses new sockets and closes the others one by one within half
    /// the grace period, answers the requests that are under way, and returns before its end.
    ///
    /// # Errors
    /// None so far: whatever fails while it serves is answered or tried again.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self { listener, gateway, most, grace, .. } = self;
        let (work, connections) = (gateway.shutdown.clone(), Shutdown::default());
        spawn_chores(&gateway);
        let stopping = async {
            stop.cancelled().await;
            let deadline = Instant::now() + grace;
            let began = Instant::now();
            work.drain(grace).await;
            metrics::drained(began.elapsed());
            connections.drain(deadline.saturating_duration_since(Instant::now())).await;
        };
        let router = http::router(gateway);
        tokio::join!(http::serve(listener, most, router, connections.clone()), stopping);
        Ok(())
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
    gateway.shutdown.spawn(async move { here.activity.follow(&here.shutdown).await });
    let here = Arc::clone(gateway);
    gateway.shutdown.spawn(async move { here.jwt.keep_fresh(&here.shutdown).await });
    let here = Arc::clone(gateway);
    gateway.shutdown.spawn(async move { here.door.rates.forget_the_quiet(&here.shutdown).await });
}
