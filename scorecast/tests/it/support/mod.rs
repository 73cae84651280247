//! Starting Scorecast for tests as `main` starts it: on free ports, with stores of its own and a
//! clock that the test moves.

pub(crate) mod http;
pub(crate) mod process;
pub(crate) mod quiz;
pub(crate) mod socket;

use std::{future::Future, net::SocketAddr, ops::Deref, time::Duration};

use clap::Parser;
use proto::v1::{quiz_service_client::QuizServiceClient, scoring_service_client::ScoringServiceClient};
use scorecast::settings::Settings;
use scoring::clock::Clock;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

use http::Caller;

/// Makes a test of each of these on the embedded stores.
macro_rules! on_both_pairs {
    ($($test:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(crate::support::TestApp::start().await).await;
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
    ledger_url: String,
    board_url: String,
    _owned: Box<dyn Send>,
}

impl Stores {
    /// SQLite in a temporary folder and a board in memory.
    pub(crate) fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger_url = format!("sqlite:{}", folder.path().join("scorecast.db").display());
        Self { ledger_url, board_url: "memory:".to_owned(), _owned: Box::new(folder) }
    }
}

/// A running Scorecast: both services, each of which can be stopped and started again.
pub(crate) struct TestApp {
    pub(crate) clock: Clock,
    stores: Stores,
    settings: Vec<String>,
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
        Self::start_with(Stores::embedded(), &[]).await
    }

    /// Starts on these stores and with these settings, written as flags.
    pub(crate) async fn start_with(stores: Stores, settings: &[&str]) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut app = Self {
            clock: Clock::default(),
            stores,
            settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
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
        self.scoring.start(app.address(), |stop| app.run(stop));
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

    /// A client of the hot path.
    pub(crate) fn scoring(&self) -> ScoringServiceClient<Channel> {
        ScoringServiceClient::new(self.channel())
    }

    /// A client of quizzes and seats.
    pub(crate) fn quizzes(&self) -> QuizServiceClient<Channel> {
        QuizServiceClient::new(self.channel())
    }

    fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.scoring.address))
            .unwrap()
            .timeout(PATIENCE)
            .connect_lazy()
    }

    fn settings(&self) -> Settings {
        let (grpc, http) = (self.scoring.address, self.gateway.address);
        let own = [
            "scorecast".to_owned(),
            format!("--scoring-listen={grpc}"),
            format!("--ledger-url={}", self.stores.ledger_url),
            format!("--board-url={}", self.stores.board_url),
            format!("--gateway-listen={http}"),
            format!("--scoring-url=http://{grpc}"),
            format!("--jwt-secret={JWT_SECRET}"),
            format!("--participant-secret={PARTICIPANT_SECRET}"),
        ];
        CommandLine::parse_from(own.iter().chain(&self.settings)).settings
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
