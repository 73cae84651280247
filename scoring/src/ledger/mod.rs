//! The durable truth. What it has acknowledged is there after any crash, once.
//!
//! The port and its adapters; SQL stands nowhere else. The port has a side for each kind of
//! caller: [`Quizzes`], [`Seats`], [`Answers`], [`Rankings`], [`Sessions`], [`Activities`] and
//! [`Audits`].

mod batch;
mod columns;
mod errors;
mod sessions;
mod verdicts;

mod postgres;
mod sqlite;

#[cfg(test)]
mod contract;

pub use sessions::{Activities, Sessions, SessionsOf, Upload, Uploaded};

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    board::{BoardId, Change, Member, Snapshot, Version, View, Window},
    clock::Clock,
    ids::{ParticipantId, QuestionId, QuizId},
    quiz::{CallId, GivenAnswer, Plan, Question, Quiz, Seat, Status, Username},
    refusal::Refusal,
};

/// Why the ledger did not do it. In every case nothing was changed, except that after
/// [`Error::Unavailable`] a commit may have gone through: only a call with a
/// submission or join id may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request cannot be carried out as things stand.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store did not answer in time or was lost on the way.
    #[error("the ledger is unavailable")]
    Unavailable(#[source] anyhow::Error),
    /// The store was written by a newer version of this program.
    #[error("the ledger has a newer schema than this program knows; run a newer version")]
    NewerSchema,
    /// The store answered with something that it must not.
    #[error("the ledger failed")]
    Failed(#[source] anyhow::Error),
}

/// The result of asking the ledger.
pub type Result<T> = std::result::Result<T, Error>;

/// Opens the ledger that a URL names: `sqlite:PATH`, a file that is made if there is none, or
/// `postgres://…`, with at most so many connections of each kind. Asks no server: the first call does.
///
/// # Errors
/// Says in one sentence what is wrong with the URL.
pub fn open(url: &str, connections: u32, clock: Clock) -> std::result::Result<Arc<dyn Ledger>, String> {
    match url.split_once(':') {
        Some(("sqlite", path)) => sqlite::open(path, clock),
        Some(("postgres" | "postgresql", _)) => postgres::open(url, connections, clock),
        _ => Err("LEDGER_URL: expected sqlite:PATH or postgres://…".to_owned()),
    }
}

/// All sides of the ledger, and what concerns it as a whole.
#[async_trait]
pub trait Ledger: Quizzes + Seats + Answers + Rankings + Sessions + Activities + Audits {
    /// Brings the schema up to date, under a lock: of several at once one does it, the others
    /// wait and find it done. A schema newer than this program is refused
    /// ([`Error::NewerSchema`]).
    async fn migrate(&self) -> Result<()>;

    /// Reads the ledger's clock, which is also the cheapest sign that it can be asked.
    async fn now(&self) -> Result<Timestamp>;

    /// Closes its connections, once nobody asks any more.
    async fn close(&self);
}

/// The life of quizzes and their questions.
///
/// Every call that names a quiz is refused with [`Refusal::QuizNotFound`] if there is none.
#[async_trait]
pub trait Quizzes: Send + Sync + 'static {
    /// Makes a pending quiz with a free join code. Without the subject of its plan:
    /// [`Refusal::SubjectNotFound`].
    async fn create(&self, owner_id: &str, plan: &Plan) -> Result<Quiz>;

    /// Reads a quiz.
    async fn quiz(&self, id: QuizId) -> Result<Quiz>;

    /// Reads the quiz that has this join code and has not ended.
    async fn quiz_by_code(&self, code: &str) -> Result<Quiz>;

    /// Lists quizzes, newest first, and tells how many pass the filter in all.
    async fn list(&self, filter: &QuizFilter) -> Result<(Vec<Quiz>, u32)>;

    /// Adds a question at the end; refused while started ([`Refusal::QuizActive`]) and beyond
    /// [`crate::quiz::QUESTIONS_MAX`] ([`Refusal::Invalid`]).
    async fn add_question(&self, quiz: QuizId, question: &Question) -> Result<()>;

    /// Reads a quiz with its questions, in the order in which they were added, at one moment.
    async fn questions(&self, quiz: QuizId) -> Result<(Quiz, Vec<Question>)>;

    /// Deletes a question; refused while started.
    async fn delete_question(&self, quiz: QuizId, question: QuestionId) -> Result<()>;

    /// Starts a pending or ended quiz as a new run, with all scores and times at 0. Refused
    /// without questions ([`Refusal::NoQuestions`]) and while started ([`Refusal::QuizActive`]).
    async fn start(&self, quiz: QuizId) -> Result<Moved>;

    /// Ends a started quiz now, or at its end time if that is past, and keeps the standings of
    /// its run; sessions follow by [`Sessions::settle`]. An ended quiz is returned as it is,
    /// without a change; a pending one is refused ([`Refusal::QuizNotStarted`]).
    async fn end(&self, quiz: QuizId) -> Result<Moved>;

    /// Ends a started quiz as [`Quizzes::end`] does if it is overdue at that moment, whatever
    /// [`Quizzes::overdue`] said before; any other is left as it is. None if there was nothing to do.
    async fn end_overdue(&self, quiz: QuizId) -> Result<Option<Effect>>;

    /// Deletes a quiz that is not started, with all that belongs to it; tells what that did to
    /// the board of its subject.
    async fn delete(&self, quiz: QuizId) -> Result<Effect>;

    /// Names started quizzes whose end time is past, for so long that no answer that came before it
    /// still waits to be recorded; at most 1000.
    async fn overdue(&self) -> Result<Vec<QuizId>>;
}

/// Which quizzes to list.
#[derive(Debug, Clone, Default)]
pub struct QuizFilter {
    /// Only those of this owner.
    pub owner_id: Option<String>,
    /// Only those in this status.
    pub status: Option<Status>,
    /// Leave out pending ones that are not listed.
    pub public_only: bool,
    /// How many at most.
    pub limit: u32,
    /// How many to pass over.
    pub offset: u32,
}

/// A quiz after a step of its life.
#[derive(Debug, Clone)]
pub struct Moved {
    /// As it is now.
    pub quiz: Quiz,
    /// What the step did to the board; none if there was nothing to do.
    pub effect: Effect,
}

/// What a commit did to a board.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Nothing.
    None,
    /// This change.
    Changed(Change),
    /// Every row changed, or very many: the board is to be rebuilt.
    Reset(BoardId),
}

impl Effect {
    /// A change, unless it has so many rows that a rebuild is cheaper.
    fn of(change: Change) -> Self {
        if change.rows.len() > CHANGE_ROWS_MAX { Self::Reset(change.board) } else { Self::Changed(change) }
    }
}

/// The most rows of a change.
pub const CHANGE_ROWS_MAX: usize = 10_000;

/// Who sits in a quiz.
#[async_trait]
pub trait Seats: Send + Sync + 'static {
    /// Takes a seat in a quiz that has not ended and is not past its end time
    /// ([`Refusal::QuizEnded`]). A user who has a seat gets that same seat, also after the end, as
    /// does whoever is no user and repeats the `join_id` and the name that it was taken with; that
    /// id with another name is refused ([`Refusal::Invalid`]), as are a name that another seat has
    /// ([`Refusal::UsernameTaken`]) and a seat beyond [`crate::quiz::PARTICIPANTS_MAX`]
    /// ([`Refusal::Invalid`]).
    async fn join(&self, quiz: QuizId, join: &Join) -> Result<Joined>;

    /// Removes a seat; its name is free again, its token and its user's claim to it are gone, and
    /// with it its standing in a run that has ended and the session that was made of it. Gives the
    /// change of the quiz's board and, if a session went, what that did to the subject's.
    async fn remove(&self, quiz: QuizId, participant: ParticipantId) -> Result<(Change, Effect)>;

    /// Lists the answers of a seat in the present run, first given first.
    /// Without such a seat: [`Refusal::NotAParticipant`].
    async fn answers(&self, quiz: QuizId, who: &Who) -> Result<Vec<GivenAnswer>>;
}

/// Who wants a seat.
#[derive(Debug, Clone)]
pub struct Join {
    /// The name to show.
    pub username: Username,
    /// The person behind the seat, if known.
    pub user: Option<User>,
    /// Makes a retry safe, for a seat without a user.
    pub join_id: Option<CallId>,
}

/// A person across quizzes, as a token names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who vouches for the subject.
    pub issuer: String,
    /// The person, unique at that issuer.
    pub subject: String,
}

/// A seat that was asked for.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The seat.
    pub seat: Seat,
    /// What taking it did to the board; none if it was there before.
    pub change: Option<Change>,
}

/// Whose seat.
#[derive(Debug, Clone)]
pub enum Who {
    /// The seat itself.
    Participant(ParticipantId),
    /// The seat of this user.
    User(User),
}

/// The hot path.
#[async_trait]
pub trait Answers: Send + Sync + 'static {
    /// Records a batch in one short transaction and tells of each row what became of it, in the
    /// order given. One bad row never fails its neighbours, nor does a quiz that somebody holds for
    /// longer than [`crate::config::bounds::HELD_WAIT`]. Rows of a quiz count in their order.
    ///
    /// Every quiz of the batch that is started in the run its rows name gets a change, also one
    /// in which no row counted.
    async fn record(&self, batch: &[NewAnswer]) -> Result<Recorded>;
}

/// One graded answer, waiting to be recorded.
#[derive(Debug, Clone)]
pub struct NewAnswer {
    /// The quiz.
    pub quiz: QuizId,
    /// The run that it was graded in.
    pub run: u32,
    /// Who answered.
    pub participant: ParticipantId,
    /// What was answered.
    pub question: QuestionId,
    /// Makes a retry safe.
    pub submission_id: Option<CallId>,
    /// The chosen option.
    pub choice: u32,
    /// Whether it is the correct one.
    pub correct: bool,
    /// Points that it earns.
    pub points: u32,
    /// How long it has waited since it arrived; taken off the ledger's time at commit.
    pub waited: Duration,
}

/// What became of a batch.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// One for each row, in the order given.
    pub outcomes: Vec<Outcome>,
    /// One for each quiz that moved; a second one where a row had to be tried again.
    pub changes: Vec<Change>,
}

/// What became of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It counts, now or since an earlier call with the same submission id.
    Counted(Verdict),
    /// The quiz is in another run than the one it was graded in: grade it anew.
    OtherRun,
    /// Nothing was done, for another step, such as an upload, holds the quiz: try again later.
    Held,
    /// It does not count.
    Refused(Refusal),
}

/// What an answer that counts was worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the chosen option was the correct one.
    pub correct: bool,
    /// Points that it earned.
    pub points: u32,
    /// The seat's score: with this answer, or as of now for a replay.
    pub total: u32,
    /// The version from which on readers see it.
    pub version: u64,
}

/// The rankings as the ledger knows them: for building boards and while a board is away.
///
/// A board that does not exist is refused: [`Refusal::QuizNotFound`], [`Refusal::SubjectNotFound`].
/// No change has more rows than [`CHANGE_ROWS_MAX`]: beyond it an effect is [`Effect::Reset`].
#[async_trait]
pub trait Rankings: Send + Sync + 'static {
    /// Reads a whole board at one version.
    async fn snapshot(&self, board: &BoardId) -> Result<Snapshot>;

    /// Reads what changed after version `seq`, as one change up to now; an effect of
    /// [`Effect::None`] if nothing did, [`Effect::Reset`] if every row may have.
    async fn changed_since(&self, board: &BoardId, seq: u64) -> Result<Effect>;

    /// Reads a window and some members' rows at one version, ranked as a board ranks them.
    async fn view(&self, board: &BoardId, window: Window, members: &[Member]) -> Result<View>;

    /// Tells where a board stands.
    async fn version(&self, board: &BoardId) -> Result<Version>;

    /// Tells where the boards of started quizzes, and of the other quizzes and the subjects that
    /// changed since `since`, stand.
    async fn active(&self, since: Timestamp) -> Result<Vec<(BoardId, Version)>>;
}

/// Proofs and repairs, for an operator.
#[async_trait]
pub trait Audits: Send + Sync + 'static {
    /// Names quizzes in the order of their identifiers, from the one after `after`.
    async fn quiz_ids(&self, after: Option<QuizId>, limit: u32) -> Result<Vec<QuizId>>;

    /// Adds up the answers of a quiz's present run and names the seats that say something else.
    async fn audit(&self, quiz: QuizId) -> Result<Vec<Discrepancy>>;

    /// Gives those seats the totals of their answers, as one change of the board.
    async fn repair(&self, quiz: QuizId) -> Result<Effect>;

    /// Raises the epoch, after the ledger was restored from a backup: whatever boards and
    /// watchers know is replaced. Gives the new one.
    async fn raise_epoch(&self) -> Result<u64>;
}

/// A seat whose totals are not what its answers add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discrepancy {
    /// The seat.
    pub participant: ParticipantId,
    /// What the seat says.
    pub stored: Totals,
    /// What its answers say.
    pub counted: Totals,
}

/// What a seat has got so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Points.
    pub score: u32,
    /// How long it took to reach the score, in ms.
    pub time_ms: u32,
    /// How many questions were answered.
    pub answered: u32,
    /// How many of them correctly.
    pub correct: u32,
}
