//! A scene: a cluster, quizzes that are played on it, people who watch, and the reckoning.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use faults::{
    check::{Settling, check},
    clients::{Crowd, Door, Host, Load, Players, Reader, plan},
    cluster::{Cluster, Shape},
    figures::Figures,
    history::{Answer, History, Stopwatch, Viewer},
    stores::{Stores, equal},
};
use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

/// Deadlines are this many times what is promised: a busy machine is not a broken promise.
pub(crate) const LENIENCE: u32 = 10;

/// How large a scene is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) quizzes: usize,
    pub(crate) seats: usize,
    pub(crate) viewers: usize,
    pub(crate) rate: u32,
    pub(crate) seconds: u32,
}

impl Size {
    /// The size that `FAULTS_SCALE` asks for: at 20 it is 20 quizzes, 1 000 sockets and 2 000
    /// answers a second for half a minute.
    pub(crate) fn from_env() -> Self {
        let scale = std::env::var("FAULTS_SCALE")
            .map_or(1, |scale| scale.parse().expect("FAULTS_SCALE is a number from 1 to 20"));
        Self {
            quizzes: scale.max(2),
            seats: 20,
            viewers: (50 * scale) / scale.max(2),
            rate: u32::try_from(100 * scale / scale.max(2)).expect("it is small"),
            seconds: if scale == 1 { 4 } else { 30 },
        }
    }
}

/// One quiz with its players, its viewers and what they did so far.
pub(crate) struct Game {
    pub(crate) quiz: String,
    pub(crate) players: Players,
    pub(crate) crowd: Crowd,
    pub(crate) answers: Vec<Answer>,
    pub(crate) history: History,
    load: Load,
}

/// Everything that a test needs.
pub(crate) struct Scene {
    pub(crate) cluster: Cluster,
    pub(crate) stores: Stores,
    pub(crate) stopwatch: Stopwatch,
    pub(crate) games: Vec<Game>,
}

impl Scene {
    /// Two scoring processes, two gateways, quizzes under way with everybody watching. Each quiz is
    /// played through the gateways as well as at the scoring processes.
    pub(crate) async fn set() -> Self {
        Self::of(Size::from_env()).await
    }

    pub(crate) async fn of(size: Size) -> Self {
        let cluster = Cluster::of(roomy()).await.unwrap_or_else(|problem| panic!("{problem}"));
        let stores = Stores::at(&cluster.postgres.url(), &cluster.redis.url()).unwrap();
        let stopwatch = Stopwatch::start();
        let mut games = Vec::new();
        for number in 0..size.quizzes {
            games.push(Game::begin(&cluster, size, number, stopwatch).await);
        }
        for game in &games {
            game.crowd.see_something(Duration::from_secs(20)).await.unwrap();
        }
        Self { cluster, stores, stopwatch, games }
    }

    /// Lets all plans be carried out.
    pub(crate) async fn play(&self) {
        join_all(self.games.iter().map(Game::play)).await;
    }

    /// Waits until so many percent of the answers of each quiz were acknowledged.
    pub(crate) async fn percent_played(&self, percent: usize) {
        for game in &self.games {
            let enough = game.answers.len() * percent / 100;
            let mut acknowledged = game.players.acknowledged();
            let waited = timeout(Duration::from_secs(120), acknowledged.wait_for(|count| *count >= enough));
            waited.await.expect("the load goes on").expect("the players are there");
        }
    }

    /// Waits until the boards in Redis have caught up with where the ledger stands now, and tells
    /// how long that took.
    pub(crate) async fn boards_catch_up(&self, within: Duration) -> Duration {
        let began = Instant::now();
        for game in &self.games {
            let ledger = self.stores.ledger(&game.quiz).await.unwrap();
            loop {
                let board = self.stores.board(&game.quiz).await;
                let board = board.ok().flatten().filter(|board| board.rows.len() == ledger.seats.len());
                if board.as_ref().is_some_and(|board| board.version >= ledger.last_seq) {
                    break;
                }
                let stands = board.map(|board| board.version);
                assert!(
                    began.elapsed() < within,
                    "{within:?} later the board stands at {stands:?}, the ledger at {}",
                    ledger.last_seq
                );
                sleep(Duration::from_millis(5)).await;
            }
        }
        began.elapsed()
    }

    /// Ends the quizzes and asserts that every promise was kept: everybody sees the final board
    /// within ten times `promised` from now on, or from the end if that is later.
    pub(crate) async fn reckon(self, name: &str, promised: Duration) -> Vec<History> {
        let Self { cluster, stores, stopwatch, games } = self;
        let mut histories = Vec::new();
        for game in games {
            histories.push(game.reckon(&cluster, &stores, stopwatch, name, promised * LENIENCE).await);
        }
        histories
    }
}

impl Game {
    async fn begin(cluster: &Cluster, size: Size, number: usize, stopwatch: Stopwatch) -> Self {
        let (scoring, gateways) = (cluster.scoring_addresses(), cluster.gateway_addresses());
        let host = Host::at(scoring[number % scoring.len()], stopwatch);
        let load = Load { rate: size.rate, at_once: size.rate as usize, patience: Duration::from_secs(60) };
        let questions = (size.rate * size.seconds) as usize / size.seats;
        let (quiz, questions) = host.make_quiz(u32::try_from(questions).unwrap()).await.unwrap();
        let (players, joins) =
            Players::seat(&quiz, size.seats, doors(&gateways, &scoring), stopwatch).await.unwrap();
        let seats: Vec<String> =
            joins.iter().map(|join| join.outcome.done().unwrap().participant.clone()).collect();
        let start = host.start(&quiz).await;
        assert!(start.outcome.done().is_some(), "{start:?}");
        let mut crowd = Crowd::of(&quiz, gateways, stopwatch);
        for viewer in 0..size.viewers {
            crowd.add(&seats[viewer % seats.len()], viewer);
        }
        let answers = plan(&seats, &questions);
        let history = History { joins, starts: vec![start], ..History::default() };
        Self { quiz, players, crowd, answers, history, load }
    }

    async fn play(&self) {
        self.players.give(&self.answers, self.load).await;
    }

    async fn reckon(
        mut self,
        cluster: &Cluster,
        stores: &Stores,
        stopwatch: Stopwatch,
        name: &str,
        within: Duration,
    ) -> History {
        for address in cluster.scoring_addresses() {
            self.history.ends.push(Host::at(address, stopwatch).end(&self.quiz).await);
        }
        let quiet_from = stopwatch.now();
        let ledger = stores.ledger(&self.quiz).await.unwrap();
        let is_last = |viewer: &Viewer| {
            let last = viewer.sightings().last();
            last.is_some_and(|last| {
                last.frame.version == ledger.last_seq
                    && !last.stale
                    && last.you.is_some_and(|you| you.version == ledger.last_seq)
            })
        };
        // The checker says who did not, and why.
        let _ = self.crowd.until(within, is_last).await;
        let board = Reader::at(cluster.scoring_addresses()[0]).board(&self.quiz).await.unwrap();
        self.history.answers = self.players.tries();
        self.history.viewers = self.crowd.leave().await;
        report(name, &Figures::of(&self.history, &ledger, &board, quiet_from));
        let broken = check(&self.history, &ledger, &board, Settling { quiet_from, within });
        let some: Vec<_> = broken.iter().take(20).map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{} promises were broken:\n{}", broken.len(), some.join("\n"));
        let in_redis = stores.board(&self.quiz).await.unwrap().unwrap_or_default();
        assert!(equal(&in_redis, &ledger), "redis holds another board than the ledger: {in_redis:?}");
        self.history
    }
}

/// All doors that answers may go in by.
fn doors(gateways: &[SocketAddr], scoring: &[SocketAddr]) -> Vec<Door> {
    let gateways = gateways.iter().map(|address| Door::gateway(*address));
    gateways.chain(scoring.iter().map(|address| Door::scoring(*address))).collect()
}

/// Everybody here has one address: no gateway shall take that for an attack.
fn roomy() -> Shape {
    let settings = [("ENTRY_RATE", "100000"), ("ENTRY_BURST", "100000"), ("ANSWER_RATE", "1000")];
    let gateway_settings = settings.map(|(name, value)| (name, value.to_owned())).into();
    Shape { gateway_settings, ..Shape::default() }
}

#[allow(clippy::print_stderr, reason = "the figures are what is asked for with --nocapture")]
pub(crate) fn report(name: &str, figures: &impl std::fmt::Display) {
    eprintln!("{name}: {figures}");
}
