//! What clients of one quiz did and saw: every call with its outcome, every frame with its time.
//!
//! Plain data. It knows neither how it was collected nor what is true.

mod frame;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub use frame::{Frame, Frames, Row, Status, Unreadable, You};

/// When something happened: the time since the history began, by one monotonic clock.
pub type Moment = Duration;

/// The clock of one history.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins a history.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the history began.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.0.elapsed()
    }
}

/// All that the clients of one quiz did and saw.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Attempts to take a seat.
    pub joins: Vec<Call<Join, Seat>>,
    /// Attempts to start the quiz.
    pub starts: Vec<Call<Start, Run>>,
    /// Attempts to answer: one for each try, also where several carry the same submission id.
    pub answers: Vec<Call<Answer, Verdict>>,
    /// Attempts to end the quiz.
    pub ends: Vec<Call<End, Ended>>,
    /// People with the board before their eyes.
    pub viewers: Vec<Viewer>,
}

impl History {
    /// The start of a run, if somebody was told of it.
    #[must_use]
    pub fn start_of(&self, run: u32) -> Option<&Call<Start, Run>> {
        self.starts.iter().find(|start| start.outcome.done() == Some(&Run(run)))
    }

    /// Whether a call may have been carried out in a run, as far as the calls that started it and
    /// the next one are known.
    pub fn may_be_of<Request, Reply>(&self, run: u32, call: &Call<Request, Reply>) -> bool {
        let is_before = self.start_of(run).is_some_and(|start| call.ended < start.began);
        let is_after = self.start_of(run + 1).is_some_and(|next| next.ended < call.began);
        !is_before && !is_after
    }
}

/// One call and what its caller knows of it.
#[derive(Debug, Clone)]
pub struct Call<Request, Reply> {
    /// What was asked.
    pub request: Request,
    /// When it was sent.
    pub began: Moment,
    /// When the caller had its answer, or gave up.
    pub ended: Moment,
    /// What came of it.
    pub outcome: Outcome<Reply>,
}

/// What a caller knows of its call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<Reply> {
    /// It was done: acknowledged.
    Done(Reply),
    /// It was not done, for this reason: a code of the contract.
    Refused(String),
    /// It may have been done: the deadline passed, the connection was lost, the service was away.
    Unknown(Trouble),
}

/// Why a caller does not know whether its call was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// A code of the contract, `NO_ANSWER` if the deadline passed, or `CONNECTION_LOST`.
    pub code: String,
    /// When to try again, if the service said so.
    pub retry_after: Option<Duration>,
}

impl Trouble {
    /// A trouble in which nobody said when to try again.
    pub fn new(code: impl Into<String>) -> Self {
        Self { code: code.into(), retry_after: None }
    }
}

impl<Reply> Outcome<Reply> {
    /// The reply, if the call was acknowledged.
    pub fn done(&self) -> Option<&Reply> {
        match self {
            Self::Done(reply) => Some(reply),
            Self::Refused(_) | Self::Unknown(_) => None,
        }
    }

    /// Rewrites the reply.
    pub fn map<Other>(self, rewrite: impl FnOnce(Reply) -> Other) -> Outcome<Other> {
        match self {
            Self::Done(reply) => Outcome::Done(rewrite(reply)),
            Self::Refused(code) => Outcome::Refused(code),
            Self::Unknown(trouble) => Outcome::Unknown(trouble),
        }
    }

    /// Whether it was refused for this reason.
    pub fn is_refused_as(&self, code: &str) -> bool {
        matches!(self, Self::Refused(refused) if refused == code)
    }
}

/// Somebody wants a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The name to show, unlike any other of the quiz.
    pub username: String,
}

/// The seat that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Whose it is.
    pub participant: String,
}

/// The host wants the quiz to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start;

/// The run that began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run(pub u32);

/// The host wants the quiz to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End;

/// The run that ended, with its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The run.
    pub run: u32,
    /// The first rows, at most 100, best first.
    pub rows: Vec<Row>,
}

/// One answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Answer {
    /// Who answers.
    pub participant: String,
    /// What is answered.
    pub question: String,
    /// Makes a repetition known; unlike any other of the quiz.
    pub submission_id: String,
    /// The chosen option.
    pub choice: u32,
}

/// What an acknowledged answer was said to be worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the chosen option is the correct one.
    pub correct: bool,
    /// The points it earned.
    pub points: u32,
    /// The seat's score.
    pub total: u32,
    /// The version from which on readers see it.
    pub version: u64,
}

/// A person with the board before their eyes, over one socket after another.
#[derive(Debug, Clone, Default)]
pub struct Viewer {
    /// Their own seat.
    pub participant: String,
    /// The sockets they had, in order.
    pub sockets: Vec<Socket>,
}

/// One socket from its upgrade to its end.
#[derive(Debug, Clone, Default)]
pub struct Socket {
    /// When it was open.
    pub opened: Moment,
    /// What it showed, in order.
    pub sightings: Vec<Sighting>,
    /// How it ended; none if it was open when the history ended.
    pub closed: Option<Closed>,
    /// What it showed last, if that was no frame.
    pub unreadable: Option<String>,
}

/// A frame as one socket showed it.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// When it arrived.
    pub at: Moment,
    /// The part that everybody sees.
    pub frame: Arc<Frame>,
    /// Whether it was marked as stale.
    pub stale: bool,
    /// The viewer's own place, if the frame had it.
    pub you: Option<You>,
}

/// How a socket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// When.
    pub at: Moment,
    /// The code and reason of the server's close frame; none if the connection just ended.
    pub code: Option<(u16, String)>,
}

impl Viewer {
    /// Everything seen, over all sockets, in order.
    pub fn sightings(&self) -> impl Iterator<Item = &Sighting> {
        self.sockets.iter().flat_map(|socket| &socket.sightings)
    }

    /// Whether a socket is open at the end.
    #[must_use]
    pub fn is_following(&self) -> bool {
        self.sockets.last().is_some_and(|socket| socket.closed.is_none())
    }
}
