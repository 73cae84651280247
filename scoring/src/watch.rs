//! Live boards: one feed per board and process, one read per tick, the newest state to every stream.
//!
//! State, not events: a slow stream skips to the newest reading. Nothing is queued for anyone.

use std::{
    cmp::Ordering,
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use services::{shutdown::Shutdown, telemetry::Cause};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, sleep_until},
};
use tracing::Instrument as _;

use crate::{
    board::{BoardId, Member, Nudges, Row, Version, View, Window},
    config::bounds::{BOARD_IS_LARGE, BOARD_POLL, BOARD_POLL_ENDED, BOARD_POLL_LARGE, FEED_LINGERS},
    ledger, metrics,
    quiz::Status,
    refusal::Refusal,
    trail::Trail,
    views::{Source, Views},
};

/// All feeds of a process.
#[derive(Clone)]
pub(crate) struct Feeds {
    views: Views,
    tick: Duration,
    shutdown: Shutdown,
    by_board: Arc<Mutex<HashMap<BoardId, Arc<Feed>>>>,
}

/// One board that somebody watches.
struct Feed {
    latest: watch::Sender<State>,
    wanted: Mutex<Wanted>,
    /// Somebody wants more than the last reading had.
    wants_more: Notify,
}

/// What the streams of a feed want to see, with how many want it.
#[derive(Default)]
struct Wanted {
    limits: HashMap<u32, usize>,
    members: HashMap<Member, usize>,
}

#[derive(Debug, Clone)]
enum State {
    /// Not read yet.
    Unread,
    Read(Reading),
    /// There is no such board, or no more.
    Gone(Refusal),
}

/// One state of a board as its feed read it.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    view: Arc<View>,
    limit: u32,
    members: Arc<HashMap<Member, Option<Row>>>,
    /// What led to it, if it is the first to show it.
    cause: Option<Cause>,
}

/// One stream's place at a feed.
pub(crate) struct Watcher {
    limit: u32,
    member: Option<Member>,
    feed: Arc<Feed>,
    states: watch::Receiver<State>,
    sent: Option<Version>,
}

/// What one stream sees of a reading.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) view: Arc<View>,
    /// How many of the view's rows belong to it.
    pub(crate) limit: usize,
    /// The row of the member that was asked for; none if nobody was, or it has no row.
    pub(crate) standing: Option<Row>,
    /// What led to it; none for the first state of a stream, which is no news.
    pub(crate) cause: Option<Cause>,
}

impl Feeds {
    /// Reads boards through `views`, each at most once per `tick`.
    pub(crate) fn new(views: Views, tick: Duration, shutdown: Shutdown) -> Self {
        Self { views, tick, shutdown, by_board: Arc::default() }
    }

    /// Follows a board: the first `limit` rows, and the row of `member`.
    pub(crate) fn watch(&self, board: &BoardId, limit: u32, member: Option<Member>) -> Watcher {
        let mut by_board = lock(&self.by_board);
        let feed = by_board.entry(board.clone()).or_insert_with(|| self.start(board));
        let feed = Arc::clone(feed);
        let states = feed.latest.subscribe();
        drop(by_board);
        feed.want(limit, member);
        Watcher { limit, member, feed, states, sent: None }
    }

    fn start(&self, board: &BoardId) -> Arc<Feed> {
        let feed = Arc::new(Feed {
            latest: watch::Sender::new(State::Unread),
            wanted: Mutex::default(),
            wants_more: Notify::new(),
        });
        let (this, board, task) = (self.clone(), board.clone(), Arc::clone(&feed));
        self.shutdown.spawn(async move {
            tokio::select! {
                () = this.follow(&board, &task) => {}
                () = this.shutdown.begun() => {}
            }
        });
        feed
    }

    /// Reads the board at each nudge, at most once per tick, until nobody watches any more.
    async fn follow(&self, board: &BoardId, feed: &Arc<Feed>) {
        let mut nudges = self.views.nudges(board);
        let mut trail = Trail::default();
        let mut unwatched = std::pin::pin!(self.unwatched(board, feed));
        loop {
            let began = Instant::now();
            let poll = match self.read(board, feed, &mut nudges, &mut trail).await {
                Ok(poll) => poll,
                Err(ledger::Error::Refused(refusal)) => {
                    lock(&self.by_board).remove(board);
                    feed.latest.send_replace(State::Gone(refusal));
                    return;
                }
                Err(error) => {
                    tracing::debug!(board.id = %board, error = &error as &dyn std::error::Error, "a board was not read");
                    BOARD_POLL
                }
            };
            let is_news = async {
                loop {
                    tokio::select! {
                        nudge = nudges.changed() => if nudge.is_ok() { return } else { std::future::pending::<()>().await },
                        () = feed.wants_more.notified() => return,
                        () = sleep(poll) => if self.has_moved(board, feed).await { return },
                    }
                }
            };
            tokio::select! {
                () = is_news => {}
                () = &mut unwatched => return,
            }
            sleep_until(began + self.tick).await;
        }
    }

    /// Reads what is wanted and passes it on unless something newer was; tells when to look again.
    async fn read(
        &self,
        board: &BoardId,
        feed: &Feed,
        nudges: &mut Nudges,
        trail: &mut Trail,
    ) -> ledger::Result<Duration> {
        let (limit, members) = feed.wanted();
        let reading = trail.begin(board, nudges, feed.shown().map(|version| version.seq));
        let read = self.views.read(board, Window::Page { offset: 0, limit }, &members);
        let (mut view, source) = read.instrument(reading.span.clone()).await?;
        let cause = trail.end(reading, nudges, view.version.seq);
        let standings = std::mem::take(&mut view.standings);
        let poll = match (source, view.phase.status) {
            (_, Some(Status::Ended)) => BOARD_POLL_ENDED,
            (Source::Ledger, _) if view.total > BOARD_IS_LARGE => BOARD_POLL_LARGE,
            _ => BOARD_POLL,
        };
        let members = Arc::new(members.into_iter().zip(standings).collect());
        let mut reading = Reading { view: Arc::new(view), limit, members, cause };
        feed.latest.send_if_modified(|state| {
            if let State::Read(last) = state {
                match reading.view.version.cmp(&last.view.version) {
                    Ordering::Less => return false,
                    // Whoever has not sent it yet is still the first to show it.
                    Ordering::Equal => reading.cause = last.cause.take(),
                    Ordering::Greater => {}
                }
            }
            *state = State::Read(reading);
            true
        });
        Ok(poll)
    }

    /// Whether the board stands elsewhere than the last reading; also if that cannot be told.
    async fn has_moved(&self, board: &BoardId, feed: &Feed) -> bool {
        let shown = feed.shown();
        let Some(found) = self.views.version(board).await else { return true };
        if shown.is_some_and(|shown| found > shown) {
            metrics::notice_missed();
        }
        Some(found) != shown
    }

    /// Waits until a feed has been without streams for a while, and takes it off the list.
    async fn unwatched(&self, board: &BoardId, feed: &Arc<Feed>) {
        loop {
            feed.latest.closed().await;
            sleep(FEED_LINGERS).await;
            let mut by_board = lock(&self.by_board);
            if feed.latest.receiver_count() == 0 {
                by_board.remove(board);
                return;
            }
        }
    }
}

impl Feed {
    /// The version of the last reading.
    fn shown(&self) -> Option<Version> {
        match &*self.latest.borrow() {
            State::Read(reading) => Some(reading.view.version),
            State::Unread | State::Gone(_) => None,
        }
    }

    fn want(&self, limit: u32, member: Option<Member>) {
        let mut wanted = lock(&self.wanted);
        *wanted.limits.entry(limit).or_default() += 1;
        if let Some(member) = member {
            *wanted.members.entry(member).or_default() += 1;
        }
        drop(wanted);
        let is_enough =
            matches!(&*self.latest.borrow(), State::Read(reading) if reading.sight(limit, member).is_some());
        if !is_enough {
            self.wants_more.notify_one();
        }
    }

    fn want_no_more(&self, limit: u32, member: Option<Member>) {
        let mut wanted = lock(&self.wanted);
        release(&mut wanted.limits, limit);
        if let Some(member) = member {
            release(&mut wanted.members, member);
        }
    }

    /// The greatest limit and all members that some stream wants.
    fn wanted(&self) -> (u32, Vec<Member>) {
        let wanted = lock(&self.wanted);
        let limit = wanted.limits.keys().copied().max().unwrap_or(1);
        (limit, wanted.members.keys().copied().collect())
    }
}

impl Reading {
    /// What a stream sees of this reading; none if it was made without knowing of the stream.
    fn sight(&self, limit: u32, member: Option<Member>) -> Option<Sight> {
        let standing = match member {
            Some(member) => self.members.get(&member)?.clone(),
            None => None,
        };
        (limit <= self.limit).then(|| Sight {
            view: Arc::clone(&self.view),
            limit: usize::try_from(limit).expect("a usize has 32 bits"),
            standing,
            cause: self.cause.clone(),
        })
    }
}

impl Watcher {
    /// Waits for a state that is newer than the last one given.
    ///
    /// # Errors
    /// If there is no such board, or no more; nothing comes after that.
    pub(crate) async fn next(&mut self) -> Result<Sight, Refusal> {
        loop {
            let state = self.states.borrow_and_update().clone();
            match state {
                State::Gone(refusal) => return Err(refusal),
                State::Read(reading) if self.sent.is_none_or(|sent| reading.view.version > sent) => {
                    if let Some(mut sight) = reading.sight(self.limit, self.member) {
                        if self.sent.replace(reading.view.version).is_none() {
                            sight.cause = None;
                        }
                        return Ok(sight);
                    }
                }
                State::Unread | State::Read(_) => {}
            }
            if self.states.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.feed.want_no_more(self.limit, self.member);
    }
}

/// Counts one less, and forgets what nobody wants.
fn release<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    if let Entry::Occupied(mut entry) = counts.entry(key) {
        *entry.get_mut() -= 1;
        if *entry.get() == 0 {
            entry.remove();
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
