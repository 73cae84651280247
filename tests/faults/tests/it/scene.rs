//! A scene: a cluster, quizzes that are played on it, people who watch, and the reckoning.

use std::{
    collections::HashSet,
    fmt,
    net::SocketAddr,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use faults::{
    check::{Promises, check},
    clients::{Crowd, Door, Host, Latecomers, Load, Players, Progress, Reader, plan},
    cluster::{Cluster, Shape},
    figures::{Figures, longest_lag},
    history::{Answer, Call, End, Ended, History, Moment, Stopwatch, Viewer},
    stores::{Stores, equal},
    truth::Ledger,
};
use services::shutdown::Shutdown;
use tokio::time::{sleep, timeout};

/// How long a plan may take until all of it is done.
const PLAYED_WITHIN: Duration = Duration::from_secs(240);

/// How large a scene is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) quizzes: u32,
    /// The rest is meant for each quiz.
    pub(crate) seats: u32,
    pub(crate) viewers: u32,
    /// Answers per second.
    pub(crate) rate: u32,
    pub(crate) seconds: u32,
}

impl Size {
    /// The size that `FAULTS_SCALE` asks for: 2 quizzes with 50 sockets and 100 answers a second
    /// in all, or as many times more; at 20 they are 20 quizzes for half a minute.
    pub(crate) fn from_env() -> Self {
        let scale = scale();
        let quizzes = scale.max(2);
        Self {
            quizzes,
            seats: 20,
            viewers: 50 * scale / quizzes,
            rate: 100 * scale / quizzes,
            seconds: if scale == 1 { 3 } else { 30 },
        }
    }
}

/// How many times larger than usual the tests shall be.
pub(crate) fn scale() -> u32 {
    std::env::var("FAULTS_SCALE").map_or(1, |scale| {
        scale.parse().ok().filter(|scale| (1..=20).contains(scale)).expect("FAULTS_SCALE is from 1 to 20")
    })
}

/// How long something may take that is promised to take no longer than `promised`: so long where
/// figures are wanted, and ten times as long every day, for a busy machine is no broken promise.
pub(crate) fn lenient(promised: Duration) -> Duration {
    if scale() == 1 { promised * 10 } else { promised }
}

/// Everything that a test needs.
pub(crate) struct Scene {
    pub(crate) cluster: Cluster,
    pub(crate) stores: Stores,
    pub(crate) games: Vec<Game>,
    pub(crate) stopwatch: Stopwatch,
    playing: Shutdown,
}

/// One quiz with its players, its viewers and what they did so far.
pub(crate) struct Game {
    pub(crate) quiz: String,
    pub(crate) players: Arc<Players>,
    pub(crate) crowd: Crowd,
    pub(crate) answers: Arc<Vec<Answer>>,
    pub(crate) history: History,
    load: Load,
    latecomers: Latecomers,
    /// Attempts of this time are not reckoned with, except those of these submissions and names.
    forgotten: (Range<Moment>, HashSet<String>),
}

impl Scene {
    /// Two scoring processes and two gateways, and quizzes that have begun, with everybody watching.
    pub(crate) async fn set() -> Self {
        Self::begun(roomy(), Size::from_env()).await
    }

    /// The same, with a cluster of this shape and quizzes of this size.
    pub(crate) async fn begun(shape: Shape, size: Size) -> Self {
        let mut scene = Self::gathered(shape, size).await;
        let scoring = scene.cluster.scoring_addresses();
        for (game, address) in scene.games.iter_mut().zip(scoring.iter().cycle()) {
            let start = Host::at(*address, scene.stopwatch).start(&game.quiz).await;
            assert!(start.outcome.done().is_some(), "{start:?}");
            game.history.starts.push(start);
        }
        scene
    }

    /// The same, before the quizzes begin.
    pub(crate) async fn gathered(shape: Shape, size: Size) -> Self {
        let cluster = Cluster::of(shape).await.unwrap_or_else(|problem| panic!("{problem}"));
        let stores = Stores::at(&cluster.postgres.url(), &cluster.redis.url()).unwrap();
        let stopwatch = Stopwatch::start();
        let mut games = Vec::new();
        for number in 0..size.quizzes {
            games.push(Game::gather(&cluster, size, number as usize, stopwatch).await);
        }
        for game in &games {
            game.crowd.see_something(Duration::from_secs(60)).await.unwrap();
        }
        Self { cluster, stores, games, stopwatch, playing: Shutdown::default() }
    }

    /// Lets the players begin. Each quiz is played through the gateways as well as at the scoring
    /// processes, and some people join while it is.
    pub(crate) fn play(&self) {
        for game in &self.games {
            let (players, answers, load) = (game.players.clone(), game.answers.clone(), game.load);
            self.playing.spawn(async move { players.give(&answers, load).await });
            let (latecomers, quiz, stopwatch) = (game.latecomers.clone(), game.quiz.clone(), self.stopwatch);
            self.playing.spawn(async move { latecomers.join(&quiz, stopwatch).await });
        }
    }

    /// Lets the players give all their answers once more, after they were done.
    pub(crate) fn play_again(&mut self) {
        self.playing = Shutdown::default();
        self.play();
    }

    /// Ends one quiz and starts it again, at this scoring process; either may fail.
    pub(crate) async fn start_again(&mut self, game: usize, replica: usize) {
        let host = Host::at(self.cluster.scoring[replica].address(), self.stopwatch);
        let Game { quiz, history, .. } = &mut self.games[game];
        history.ends.push(host.end(quiz).await);
        history.starts.push(host.start(quiz).await);
    }

    /// Waits until the players have done all that they wanted.
    pub(crate) async fn played(&self) {
        assert!(self.playing.drain(PLAYED_WITHIN).await, "the players do not come to an end");
    }

    /// Waits until so many percent of the answers of each quiz were acknowledged.
    pub(crate) async fn percent_played(&self, percent: usize) {
        for game in &self.games {
            let enough = game.answers.len() * percent / 100;
            game.until(|progress| progress.acknowledged >= enough).await;
        }
    }

    /// Waits until everybody sees, without a mark of staleness, what the ledger holds now; tells
    /// how long that took.
    pub(crate) async fn viewers_catch_up(&self, within: Duration) -> Duration {
        let began = Instant::now();
        for (game, Ledger { last_seq, .. }) in self.games.iter().zip(self.ledgers().await) {
            let within = within.saturating_sub(began.elapsed());
            let sees = |viewer: &Viewer| {
                let last = viewer.sightings().last();
                last.is_some_and(|last| last.frame.version >= last_seq && !last.stale)
            };
            game.crowd.until(within, sees).await.unwrap_or_else(|who| panic!("behind {last_seq}: {who}"));
        }
        began.elapsed()
    }

    /// Waits until the boards in Redis have caught up with what the ledger holds now, and tells
    /// how long that took.
    pub(crate) async fn boards_catch_up(&self, within: Duration) -> Duration {
        let began = Instant::now();
        for (game, ledger) in self.games.iter().zip(self.ledgers().await) {
            loop {
                let board = self.stores.board(&game.quiz).await;
                let board = board
                    .ok()
                    .flatten()
                    .filter(|board| board.torn == 0 && board.rows.len() >= ledger.seats.len());
                if board.as_ref().is_some_and(|board| board.version >= ledger.last_seq) {
                    break;
                }
                let stands = board.map(|board| board.version);
                assert!(
                    began.elapsed() < within,
                    "after {within:?} the board stands at {stands:?}, the ledger at {}",
                    ledger.last_seq
                );
                sleep(Duration::from_millis(5)).await;
            }
        }
        began.elapsed()
    }

    /// What the ledger holds of each game now.
    async fn ledgers(&self) -> Vec<Ledger> {
        let mut ledgers = Vec::new();
        for game in &self.games {
            ledgers.push(self.stores.ledger(&game.quiz).await.unwrap());
        }
        ledgers
    }

    /// Ends the quizzes and asserts that every promise was kept: from now on everybody sees the
    /// final board within `promised`.
    pub(crate) async fn reckon(self, name: &str, promised: Duration) -> Vec<History> {
        let Self { cluster, stores, games, stopwatch, .. } = self;
        let mut histories = Vec::new();
        for game in games {
            histories.push(game.reckon(&cluster, &stores, stopwatch, name, lenient(promised)).await);
        }
        histories
    }
}

impl Game {
    async fn gather(cluster: &Cluster, size: Size, number: usize, stopwatch: Stopwatch) -> Self {
        let (scoring, gateways) = (cluster.scoring_addresses(), cluster.gateway_addresses());
        let host = Host::at(scoring[number % scoring.len()], stopwatch);
        let load = Load { rate: size.rate, at_once: size.rate as usize, patience: Duration::from_secs(60) };
        let (quiz, questions) = host.make_quiz(size.rate * size.seconds / size.seats).await.unwrap();
        let latecomers = Latecomers::to(&gateways, size.seconds);
        let (players, joins) =
            Players::seat(&quiz, size.seats as usize, doors(&gateways, &scoring), stopwatch).await.unwrap();
        let given = joins.iter().filter_map(|join| join.outcome.done());
        let seats: Vec<String> = given.map(|seat| seat.participant.clone()).collect();
        let mut crowd = Crowd::of(&quiz, gateways, stopwatch);
        for viewer in 0..size.viewers as usize {
            crowd.add(&seats[viewer % seats.len()], viewer);
        }
        let answers = plan(&seats, &questions).into();
        let history = History { joins, ..History::default() };
        let forgotten = (Moment::ZERO..Moment::ZERO, HashSet::new());
        Self { quiz, players: players.into(), crowd, answers, history, load, latecomers, forgotten }
    }

    /// Lets what was tried meanwhile not have happened, as it did not for a restored ledger, except
    /// what the backup took along: it was made after it was begun.
    pub(crate) fn forgets(&mut self, meanwhile: Range<Moment>, restored: &Ledger) {
        let submissions = restored.answers.iter().map(|counted| &counted.submission_id);
        let kept = submissions.chain(restored.seats.iter().map(|seat| &seat.username)).cloned();
        self.forgotten = (meanwhile, kept.collect());
    }

    /// Waits until the players have come so far.
    pub(crate) async fn until(&self, far_enough: impl FnMut(&Progress) -> bool) {
        let mut progress = self.players.progress();
        let waited = timeout(PLAYED_WITHIN, progress.wait_for(far_enough)).await;
        waited.expect("the players come on").expect("the players are there");
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
        let ledger = stores.ledger(&self.quiz).await.unwrap();
        // An ended run does not end again: the first that was acknowledged was the last change.
        let is_last =
            |end: &&Call<End, Ended>| end.outcome.done().is_some_and(|ended| ended.run == ledger.last_run());
        let quiet_from = self.history.ends.iter().filter(is_last).map(|end| end.ended).min();
        let quiet_from = quiet_from.expect("a quiz can be ended");
        let sees_the_last = |viewer: &Viewer| {
            let last = viewer.sightings().last().filter(|last| last.frame.version == ledger.last_seq);
            last.is_some_and(|last| !last.stale && last.you.is_some_and(|you| you.version == ledger.last_seq))
        };
        // Who does not, and why, the checker says.
        let _ = self.crowd.until(within, sees_the_last).await;
        let board = Reader::at(cluster.scoring_addresses()[0]).board(&self.quiz).await.unwrap();
        self.history.answers = self.players.tries();
        self.history.joins.extend(self.latecomers.tries());
        let (meanwhile, kept) = &self.forgotten;
        let is_forgotten = |began, ended| meanwhile.contains(&began) || meanwhile.contains(&ended);
        self.history.answers.retain(|Call { began, ended, request, .. }| {
            !is_forgotten(*began, *ended) || kept.contains(&request.submission_id)
        });
        self.history.joins.retain(|Call { began, ended, request, .. }| {
            !is_forgotten(*began, *ended) || kept.contains(&request.username)
        });
        self.history.viewers = self.crowd.leave().await;
        report(name, Figures::of(&self.history, &ledger, &board, quiet_from));
        let behind_at_most = lenient(Duration::from_secs(1));
        let promises = Promises { quiet_from, settled_within: within, behind_at_most };
        let broken = check(&self.history, &ledger, &board, promises);
        let some: Vec<_> = broken.iter().take(20).map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{} promises were broken:\n{}", broken.len(), some.join("\n"));
        let ends = stores.outcome(&self.quiz).await.unwrap().ends;
        assert_eq!(ends, u64::from(ledger.last_run()), "each run ends once");
        let in_redis = stores.board(&self.quiz).await.unwrap().unwrap_or_default();
        assert!(equal(&in_redis, &ledger), "redis holds another board than the ledger: {in_redis:?}");
        self.history
    }
}

/// Asserts that nobody's socket was closed.
pub(crate) fn assert_all_stayed(histories: &[History]) {
    let viewers = histories.iter().flat_map(|history| &history.viewers);
    let left: Vec<_> = viewers.filter_map(|viewer| viewer.sockets[0].closed.as_ref()).collect();
    assert!(left.is_empty(), "sockets were closed: {left:?}");
}

/// Asserts that some viewers were unharmed: no socket was closed, and nothing that was acknowledged
/// was shown later than a second after.
pub(crate) fn assert_unharmed(name: &str, history: &History, is_unharmed: impl Fn(usize) -> bool) {
    let unharmed = history.viewers.iter().enumerate().filter(|(number, _)| is_unharmed(*number));
    let mut longest = Duration::ZERO;
    for (number, viewer) in unharmed {
        assert_eq!(viewer.sockets[0].closed, None, "the socket of viewer {number}");
        let lag = longest_lag(viewer, &history.answers).expect("everything was shown in the end");
        assert!(lag <= lenient(Duration::from_secs(1)), "viewer {number} saw something after {lag:?}");
        longest = longest.max(lag);
    }
    report(name, format!("the others lagged {longest:.1?} at most"));
}

/// All doors that answers may go in by.
fn doors(gateways: &[SocketAddr], scoring: &[SocketAddr]) -> Vec<Door> {
    let gateways = gateways.iter().map(|address| Door::gateway(*address));
    gateways.chain(scoring.iter().map(|address| Door::scoring(*address))).collect()
}

/// The usual cluster. Everybody here has one address: no gateway shall take that for an attack.
pub(crate) fn roomy() -> Shape {
    let settings = [("ENTRY_RATE", "100000"), ("ENTRY_BURST", "100000"), ("ANSWER_RATE", "1000")];
    let gateway_settings = settings.map(|(name, value)| (name, value.to_owned())).into();
    Shape { gateway_settings, ..Shape::default() }
}

/// Shows a figure to whoever asks for it with `--nocapture`.
#[allow(clippy::print_stderr, reason = "a test's figures are for the person who runs it")]
pub(crate) fn report(name: &str, figure: impl fmt::Display) {
    eprintln!("{name}: {figure}");
}
