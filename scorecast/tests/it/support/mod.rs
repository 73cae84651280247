//! Starting Scorecast for tests as `main` starts it: on free ports, with stores of its own and a
//! clock that the test moves.

pub(crate) mod http;
pub(crate) mod process;
pub(crate) mod quiz;
pub(crate) mod socket;
pub(crate) mod sql;

use std::{future::Future, net::SocketAddr, ops::Deref, time::Duration};

use clap::Parser;
use proto::v1::{quiz_service_client::QuizServiceClient, scoring_service_client::ScoringServiceClient};
use scorecast::settings::Settings;
use scoring::clock::Clock;
use servers::redis::Redis;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

use http::Caller;

/// Makes two tests of each of these: one on the embedded stores, one on Postgres and Redis.
macro_rules! on_both_pairs {
    ($($test:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(crate::support::TestApp::start().await).await;
            })+
        }

        mod servers {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(crate::support::TestApp::start_on_servers().await).await;
            })+
        }
    };
}

/// How long a test waits for anything before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const JWT_SECRET: &str = "the tests' own secret for users' tokens";
const PARTICIPANT_SECRET: &str = "the tests' own secret for participants' tokens";

/// The stores that a test runs on, gone with this value.
pub(crate) struct Stores {
    pub(crate) ledger_url: String,
    pub(crate) board_url: String,
    redis: Option<Redis>,
    _folder: Option<TempDir>,
}

impl Stores {
    /// SQLite in a temporary folder and a board in memory.
    pub(crate) fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger_url = format!("sqlite:{}", folder.path().join("scorecast.db").display());
        Self { ledger_url, board_url: "memory:".to_owned(), redis: None, _folder: Some(folder) }
    }

    /// A database of this process's Postgres server, and a Redis server.
    pub(crate) fn servers() -> Self {
        let redis = Redis::start();
        let ledger_url = servers::postgres::Postgres::shared().fresh_database();
        Self { ledger_url, board_url: redis.url(), redis: Some(redis), _folder: None }
    }
}

/// A running Scorecast: both services, each of which can be stopped and started again.
pub(crate) struct TestApp {
    pub(crate) clock: Clock,
    pub(crate) stores: Stores,
    /// Settings beside those that every test has.
    more: Vec<String>,
    health: Option<SocketAddr>,
    scoring: Service,
    gateway: Service,
    caller: Caller,
}

struct Service {
    address: SocketAddr,
    running: Option<(CancellationToken, JoinHandle<anyhow::Result<()>>)>,
}

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    settings: Settings,
}

impl TestApp {
    /// Starts on the embedded stores.
    pub(crate) async fn start() -> Self {
        Self::start_with(Vec::new()).await
    }

    /// Starts on the embedded stores, with more settings.
    pub(crate) async fn start_with(more: Vec<String>) -> Self {
        Self::start_on(Stores::embedded(), more).await
    }

    /// Starts on Postgres and Redis.
    pub(crate) async fn start_on_servers() -> Self {
        Self::start_on(tokio::task::spawn_blocking(Stores::servers).await.unwrap(), Vec::new()).await
    }

    async fn start_on(stores: Stores, more: Vec<String>) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut app = Self {
            clock: Clock::default(),
            stores,
            more,
            health: None,
            scoring: Service { address: any, running: None },
            gateway: Service { address: any, running: None },
            caller: Caller::of(any),
        };
        app.start_scoring().await;
        app.start_gateway().await;
        app
    }

    /// Starts scoring, again at the address that it had.
    pub(crate) async fn start_scoring(&mut self) {
        let app = scoring::App::build(self.settings().scoring, self.clock.clone()).await.unwrap();
        self.health = app.health_address();
        self.scoring.start(app.address(), |stop| app.run(stop));
    }

    /// Where scoring listens.
    pub(crate) fn grpc(&self) -> SocketAddr {
        self.scoring.address
    }

    /// Where scoring answers questions of its health alone, if it does.
    pub(crate) fn health(&self) -> Option<SocketAddr> {
        self.health
    }

    /// Starts the gateway, again at the address that it had.
    pub(crate) async fn start_gateway(&mut self) {
        let app = gateway::App::build(self.settings().gateway).await.unwrap();
        self.gateway.start(app.address(), |stop| app.run(stop));
        self.caller.address = self.gateway.address;
        self.until_ready().await;
    }

    pub(crate) async fn stop_scoring(&mut self) {
        self.scoring.stop().await;
    }

    pub(crate) async fn stop_gateway(&mut self) {
        self.gateway.stop().await;
    }

    /// The Redis server that it runs on.
    pub(crate) fn redis(&mut self) -> &mut Redis {
        self.stores.redis.as_mut().expect("it was started on servers")
    }

    /// Gives a command to that server.
    pub(crate) fn ask_redis(&self, words: &[&str]) -> Vec<String> {
        self.stores.redis.as_ref().expect("it was started on servers").ask(words)
    }

    /// A client of the hot path.
    pub(crate) fn scoring(&self) -> ScoringServiceClient<Channel> {
        ScoringServiceClient::new(self.channel())
    }

    /// A client of quizzes and seats.
    pub(crate) fn quizzes(&self) -> QuizServiceClient<Channel> {
        QuizServiceClient::new(self.channel())
    }

    /// Where scoring listens.
    pub(crate) fn grpc_url(&self) -> String {
        format!("http://{}", self.scoring.address)
    }

    fn channel(&self) -> Channel {
        Endpoint::from_shared(self.grpc_url()).unwrap().timeout(PATIENCE).connect_lazy()
    }

    fn settings(&self) -> Settings {
        let (grpc, http) = (self.scoring.address, self.gateway.address);
        let is_secure = self.more.iter().any(|setting| setting.starts_with("--upstream-ca="));
        let scheme = if is_secure { "https" } else { "http" };
        let own = [
            "scorecast".to_owned(),
            format!("--scoring-listen={grpc}"),
            format!("--ledger-url={}", self.stores.ledger_url),
            format!("--board-url={}", self.stores.board_url),
            format!("--gateway-listen={http}"),
            format!("--scoring-url={scheme}://{grpc}"),
            format!("--jwt-secret={JWT_SECRET}"),
            format!("--participant-secret={PARTICIPANT_SECRET}"),
            // A test answers faster than people do.
            "--answer-rate=1000".to_owned(),
        ];
        CommandLine::parse_from(own.iter().chain(&self.more)).settings
    }
}

impl Deref for TestApp {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Service {
    fn start<F>(&mut self, address: SocketAddr, run: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        self.address = address;
        self.running = Some((stop.clone(), tokio::spawn(run(stop))));
    }

    async fn stop(&mut self) {
        let (stop, task) = self.running.take().expect("it runs");
        stop.cancel();
        within("the service stops", task).await.unwrap().unwrap();
    }
}

/// Waits for something that must happen soon.
pub(crate) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}
