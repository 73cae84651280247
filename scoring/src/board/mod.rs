//! The live ranking: a projection of the ledger that may vanish at any moment and comes back.
//!
//! The port and its adapters. A board knows no quiz, no SQL, no protobuf: it keeps rows by key,
//! with the version that they belong to.

mod memory;
mod redis;
mod told;
mod watchers;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod model;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use services::{shutdown::Shutdown, telemetry::Causes};
use tokio::sync::watch;

pub use self::told::Told;

#[cfg(doc)]
use crate::config::bounds::{CLAIM_LASTS, KEPT_AT_REST};
use crate::{
    ids::{ParticipantId, QuizId, UserId},
    quiz::{Status, Subject},
    ranking::Key,
};

/// Opens the store that a URL names: `memory:`, `redis://…` for one server, `redis+cluster://…` or
/// `redis+sentinel://…`, each also as `rediss…` for TLS.
///
/// Never waits for a server: one that is away now is used as soon as it is there.
/// What runs in the background stops with `shutdown`.
///
/// # Errors
/// One plain sentence, if the URL names no store.
pub fn open(url: &str, shutdown: &Shutdown) -> std::result::Result<Arc<dyn Board>, String> {
    match url.split_once(':') {
        Some(("memory", "")) => Ok(Arc::new(memory::Memory::default())),
        Some((scheme, _)) if scheme.starts_with("redis") => Ok(Arc::new(redis::Redis::open(url, shutdown)?)),
        _ => Err("BOARD_URL: expected memory: or redis://…".to_owned()),
    }
}

/// Whose ranking it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BoardId {
    /// The seats of a quiz.
    Quiz(QuizId),
    /// The users of a subject.
    Subject(Subject),
}

impl BoardId {
    /// What kind of board it is: `quiz` or `subject`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Quiz(_) => "quiz",
            Self::Subject(_) => "subject",
        }
    }
}

impl fmt::Display for BoardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quiz(id) => id.fmt(f),
            Self::Subject(code) => code.fmt(f),
        }
    }
}

/// Whose row it is. Equal keys follow the bytes of this upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Member {
    /// A seat on the board of a quiz.
    Participant(ParticipantId),
    /// A user on the board of a subject.
    User(UserId),
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Participant(id) => id.fmt(f),
            Self::User(id) => id.fmt(f),
        }
    }
}

/// Where a board stands. Orders states: a greater epoch replaces everything of a lower one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The epoch of the ledger, in seconds since 1970 at its making.
    pub epoch: u64,
    /// The number of the last change.
    pub seq: u64,
}

/// What stands beside the rows and changes with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase {
    /// The life of the quiz; none for a subject.
    pub status: Option<Status>,
    /// The run of the quiz; 0 for a subject.
    pub run: u32,
}

impl Phase {
    /// Whether it is a quiz that nobody answers now.
    #[must_use]
    pub fn is_at_rest(self) -> bool {
        matches!(self.status, Some(Status::Pending | Status::Ended))
    }
}

/// What one commit, or several merged, did to a board: all that changed after `from` up to `to`,
/// as totals at `to`, so that applying it twice is harmless.
#[derive(Debug, Clone)]
pub struct Change {
    /// The board.
    pub board: BoardId,
    /// The epoch of both versions.
    pub epoch: u64,
    /// The version that the change builds on.
    pub from: u64,
    /// The version after it; at least `from + 1`.
    pub to: u64,
    /// The phase at `to`.
    pub phase: Phase,
    /// The rows that changed, each member once; may be none.
    pub rows: Vec<ChangedRow>,
    /// What led to it, for those who trace it.
    pub causes: Causes,
}

/// One changed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedRow {
    /// Whose.
    pub member: Member,
    /// Its place from now on; none if it was removed.
    pub key: Option<Key>,
    /// What the board keeps beside the key: the name to show, for a subject also the sums.
    pub label: Arc<str>,
    /// The version of the row's last change, in `(from, to]` of its change.
    pub seq: u64,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The board stands at `to`.
    Done,
    /// The board had it already, or stands in a greater epoch.
    Stale,
    /// The board stands at this lower version: something between is still missing.
    Gap(u64),
    /// No whole board of this epoch, or more rows at one version than a step can take: it has to
    /// be rebuilt.
    Missing,
}

impl Applied {
    /// One word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Stale => "stale",
            Self::Gap(_) => "gap",
            Self::Missing => "missing",
        }
    }
}

/// A whole board at one version.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The board.
    pub board: BoardId,
    /// The version of all the rows.
    pub version: Version,
    /// The phase at that version.
    pub phase: Phase,
    /// All rows, in any order.
    pub rows: Vec<SnapshotRow>,
}

/// One row of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Whose.
    pub member: Member,
    /// Its place.
    pub key: Key,
    /// What the board keeps beside the key.
    pub label: Arc<str>,
}

/// Which rows to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// `limit` rows after the first `offset`.
    Page {
        /// How many rows to pass over.
        offset: u32,
        /// How many rows at most.
        limit: u32,
    },
    /// `limit` rows with this one in the middle, shifted at the ends.
    Around {
        /// Whose row.
        member: Member,
        /// How many rows at most.
        limit: u32,
    },
}

/// How many rows stand before the window around a row that has `above` rows before it.
#[must_use]
pub fn offset_around(above: u32, limit: u32, total: u32) -> u32 {
    above.saturating_sub(limit / 2).min(total.saturating_sub(limit))
}

/// What was read, all of one version.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The version that the rows belong to.
    pub version: Version,
    /// The phase at that version.
    pub phase: Phase,
    /// How many rows the whole board has.
    pub total: u32,
    /// The rows of the window, best first; empty around a member that has no row.
    pub rows: Vec<Row>,
    /// For each member asked for, its row if it has one.
    pub standings: Vec<Option<Row>>,
}

/// One ranked row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Whose.
    pub member: Member,
    /// 1 + the number of greater keys.
    pub rank: u32,
    /// Its place.
    pub key: Key,
    /// What the board keeps beside the key.
    pub label: Arc<str>,
}

/// Where a board was found to stand, for comparing it with the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A whole board at this version.
    Whole(Version),
    /// No board, or one with a part missing.
    Missing,
}

/// The right to rebuild one board, for some seconds and for one process at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The board.
    pub board: BoardId,
    /// What tells this claim from all others.
    pub token: String,
}

impl Claim {
    fn new(board: &BoardId) -> Self {
        Self { board: board.clone(), token: format!("{:032x}", rand::random::<u128>()) }
    }
}

/// Says that a watched board may have changed. Receivers only learn that something happened
/// since they last looked, a burst folding into one, and what lately led to it.
pub type Nudges = watch::Receiver<Told>;

/// A board store cannot be asked right now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It did not answer in time, refused, or the breaker is open.
    #[error("the board store is unavailable")]
    Unavailable(#[source] anyhow::Error),
}

/// The result of asking a board store.
pub type Result<T> = std::result::Result<T, Error>;

/// Keeps rankings. Every call has its own deadline; none retries.
///
/// The board of a quiz at rest goes [`KEPT_AT_REST`] after its last change, by the board store's clock,
/// unless the quiz is started before.
#[async_trait]
pub trait Board: Send + Sync + 'static {
    /// Applies changes in the order given, each as one step that readers see whole, and tells
    /// the watchers of those boards. Changes of more than 128 rows may be split by `seq`: until the
    /// last part of one a quiz is shown as running, if it ran or has begun to.
    ///
    /// Tells what became of each: boards may lie in several places, of which one is away.
    async fn apply(&self, changes: &[Change]) -> Vec<Result<Applied>>;

    /// Claims the rebuilding of a board for [`CLAIM_LASTS`]; none if somebody else is at it.
    async fn claim(&self, board: &BoardId) -> Result<Option<Claim>>;

    /// Lets a claim last for as long again. Tells whether it was still there to be renewed.
    async fn renew(&self, claim: &Claim) -> Result<bool>;

    /// Puts a snapshot in place of a board in one step, unless the board is whole and as new
    /// ([`Applied::Stale`]) or the claim was lost ([`Applied::Missing`]). Ends the claim.
    async fn replace(&self, claim: &Claim, snapshot: &Snapshot) -> Result<Applied>;

    /// Reads a window and some members' rows at one version; none if there is no whole board.
    async fn read(&self, board: &BoardId, window: Window, members: &[Member]) -> Result<Option<View>>;

    /// Tells where boards stand, in the order asked, each by itself as with [`Board::apply`].
    async fn find(&self, boards: &[BoardId]) -> Vec<Result<Found>>;

    /// Forgets a board at once and tells its watchers.
    async fn forget(&self, board: &BoardId) -> Result<()>;

    /// Tells of changes of a board, by this or any other process, for as long as the receiver
    /// lives. Some may be lost: who watches also polls.
    fn nudges(&self, board: &BoardId) -> Nudges;

    /// Tells every process that there is news across quizzes.
    async fn tell_news(&self) -> Result<()>;

    /// Learns of news across quizzes, by this or any other process. Some may be lost, as with
    /// [`Board::nudges`].
    fn news(&self) -> Nudges;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_url_that_names_no_store_is_refused_without_repeating_its_secrets() {
        for url in
            ["", "memory", "memory:x", "http://:secret@host", "redis+ring://:secret@host", "redis://:secret@"]
        {
            let Err(sentence) = open(url, &Shutdown::default()) else { panic!("{url:?} was opened") };
            assert!(sentence.starts_with("BOARD_URL: "), "{sentence}");
            assert!(!sentence.contains("secret"), "{sentence}");
        }
        for url in ["memory:", "redis://127.0.0.1:1"] {
            assert!(open(url, &Shutdown::default()).is_ok(), "{url:?}");
        }
    }

    #[test]
    fn a_window_around_a_row_has_it_in_the_middle_or_is_shifted() {
        for (above, limit, total, offset) in [
            (0, 5, 20, 0),
            (10, 5, 20, 8),
            (10, 4, 20, 8),
            (19, 5, 20, 15),
            (3, 50, 20, 0),
            (3, 0, 20, 3),
            (0, 5, 1, 0),
        ] {
            assert_eq!(
                offset_around(above, limit, total),
                offset,
                "{limit} rows around place {above} of {total}"
            );
        }
    }
}
