//! The service as a whole: built, bound and idle, then run until it is told to stop.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use proto::v1::{quiz_service_server::QuizServiceServer, scoring_service_server::ScoringServiceServer};
use services::{config::BadSetting, health::Health, listen, shutdown::Shutdown, tls::ServerTls};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tonic::service::LayerExt as _;
use tower::util::MapRequestLayer;

use crate::{
    api::{QuizApi, ScoringApi},
    board::{self, Board},
    bulletin::Bulletin,
    chores::{Ending, Settling, keep_doing},
    clock::Clock,
    config::{Config, bounds::CONTACT_EVERY},
    follow::Follower,
    ledger::{self, Ledger},
    reconcile::{Reconciler, Sweeper, answers},
    server,
    submit::Submissions,
    views::Views,
    watch::Feeds,
};

const SERVICES: [&str; 2] = ["scorecast.v1.ScoringService", "scorecast.v1.QuizService"];

/// The scoring service: bound, and idle until it is run.
pub struct App {
    config: Config,
    listener: TcpListener,
    address: SocketAddr,
    /// Where health alone is asked for.
    health: Option<TcpListener>,
    tls: Option<ServerTls>,
    ledger: Arc<dyn Ledger>,
    board: Arc<dyn Board>,
    shutdown: Shutdown,
    /// Whether the ledger was there, with its schema up to date.
    is_contacted: bool,
}

impl App {
    /// Opens the stores and binds the address. Stores that are away are waited for later;
    /// `clock` is the time that tests move.
    ///
    /// # Errors
    /// If a setting is bad, the address is taken, or the ledger is there but not usable.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let tls = config.tls.read()?;
        let shutdown = Shutdown::default();
        let ledger =
            ledger::open(&config.ledger_url, config.ledger_connections.get(), clock).map_err(BadSetting)?;
        let board = board::open(&config.board_url, &shutdown).map_err(BadSetting)?;
        let is_contacted = match ledger.migrate().await {
            Ok(()) => true,
            Err(ledger::Error::Unavailable(_)) => false,
            Err(error) => return Err(error.into()),
        };
        let listener = listen::bind(config.scoring_listen).await?;
        let address = listener.local_addr().context("a bound listener has an address")?;
        let health = match config.tls.scoring_health_listen {
            Some(address) => Some(listen::bind(address).await?),
            None => None,
        };
        Ok(Self { config, listener, address, health, tls, ledger, board, shutdown, is_contacted })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for questions of its health alone, if it does.
    #[must_use]
    pub fn health_address(&self) -> Option<SocketAddr> {
        self.health.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Serves until `stop`, then ends its streams and tasks within the grace period.
    ///
    /// # Errors
    /// If the ledger has a schema that this program does not know, or serving fails.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self { config, listener, health: probed, tls, ledger, board, shutdown, is_contacted, .. } = self;
        #[cfg(feature = "fail-points")]
        config.fail_at.into_iter().for_each(crate::fail::arm);
        let (health, health_service) = Health::new(&SERVICES).await;
        if let Some(probed) = probed {
            let router = server::builder().add_service(health_service.clone());
            let answering = server::serve(router, probed, None, shutdown.token());
            shutdown.spawn(async move {
                if let Err(error) = answering.await {
                    tracing::error!(%error, "questions of health are no longer answered");
                }
            });
        }
        let reconciler = Reconciler::new(Arc::clone(&ledger), Arc::clone(&board), shutdown.clone());
        let follower = Follower::start(Arc::clone(&board), reconciler.clone(), &shutdown);
        let views = Views::new(Arc::clone(&board), Arc::clone(&ledger), reconciler.clone());

        let scoring = ScoringApi {
            submissions: Submissions::start(&ledger, &follower, config.write_lanes, &shutdown),
            views: views.clone(),
            feeds: Feeds::new(views.clone(), config.watch_interval, shutdown.clone()),
            bulletin: Bulletin::start(Arc::clone(&ledger), board.as_ref(), &shutdown),
            ledger: Arc::clone(&ledger),
            shutdown: shutdown.clone(),
        };
        let quizzes =
            QuizApi::new(Arc::clone(&ledger), reconciler.clone(), follower.clone(), views, shutdown.clone());
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                // What errors carry, so that a client can show it.
                .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        };
        let router = server::builder()
            .add_service(health_service)
            .add_service(reflection().build_v1().context("the descriptors are our own")?)
            .add_service(reflection().build_v1alpha().context("the descriptors are our own")?)
            .add_service(ScoringServiceServer::new(scoring))
            .add_service(
                MapRequestLayer::new(server::given_up_is_no_end).named_layer(QuizServiceServer::new(quizzes)),
            );
        let server = server::serve(router, listener, tls, shutdown.token());

        let ending = Ending { ledger: Arc::clone(&ledger), follower: follower.clone() };
        let settling = Settling { ledger: Arc::clone(&ledger), follower };
        let sweeper = Sweeper {
            ledger: Arc::clone(&ledger),
            board: Arc::clone(&board),
            reconciler,
            health: health.clone(),
        };
        let ready = async {
            if !is_contacted {
                first_contact(ledger.as_ref()).await?;
            }
            health.part("ledger", true).await;
            health.part("board", answers(board.as_ref()).await.is_ok()).await;
            health.serving().await;
            shutdown.spawn(sweeper.run(shutdown.clone()));
            shutdown.spawn(keep_doing(ending, shutdown.clone()));
            shutdown.spawn(keep_doing(settling, shutdown.clone()));
            std::future::pending::<anyhow::Result<()>>().await
        };

        let mut server = std::pin::pin!(server);
        tokio::select! {
            served = &mut server => served.context("serving failed")?,
            contact = ready => contact?,
            () = stop.cancelled() => {}
        }
        let deadline = Instant::now() + config.shutdown_grace;
        health.stopping().await;
        // Streams end themselves and new calls are refused; calls under way go on.
        shutdown.begin();
        let served = timeout_at(deadline, server).await.unwrap_or(Ok(())).context("serving failed");
        shutdown.drain(deadline.saturating_duration_since(Instant::now())).await;
        ledger.close().await;
        served
    }
}

/// Waits for the ledger and brings its schema up to date.
async fn first_contact(ledger: &dyn Ledger) -> anyhow::Result<()> {
    loop {
        match ledger.migrate().await {
            Ok(()) => return Ok(()),
            Err(ledger::Error::Unavailable(source)) => {
                tracing::warn!(error = %format_args!("{source:#}"), "waiting for the ledger");
                sleep(CONTACT_EVERY).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
