//! The sides of the ledger that look across quizzes: sessions, subjects, users, and what happens.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{Effect, Result, User, Who};
use crate::{
    activity::Activity,
    board::{BoardId, Member},
    ids::{ParticipantId, QuizId},
    quiz::Subject,
    sessions::{
        AnswerCounts, Line, LineError, NamedSubject, QuizPerformance, ResultRow, Session, SubjectPerformance,
    },
};

/// Finished attempts, and what they come to by subject.
///
/// Whatever changes sessions brings the board of their subject along in the same transaction,
/// and tells of it as activity.
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// Makes a subject, or names it anew.
    async fn put_subject(&self, subject: &NamedSubject) -> Result<()>;

    /// Lists the subjects of these codes, or all if none are given, by code.
    async fn subjects(&self, codes: &[Subject]) -> Result<Vec<NamedSubject>>;

    /// Stores uploaded attempts as seats and sessions of the quiz's present run: all of them or,
    /// unless [`Upload::partial`], none. What is wrong with single lines is no error of the call.
    async fn upload(&self, upload: &Upload) -> Result<Uploaded>;

    /// Names quizzes with finished runs of which seats of users are yet to become sessions, at most
    /// 1000, first the one that ended first.
    async fn unsettled(&self) -> Result<Vec<QuizId>>;

    /// Turns the next seats of users in a quiz's finished runs, at most 1000 of one run, into
    /// sessions; none if there are no more. May be called by many at once and again after any
    /// failure.
    async fn settle(&self, quiz: QuizId) -> Result<Option<Effect>>;

    /// Lists sessions, newest first, and tells how many there are in all.
    async fn sessions(&self, of: &SessionsOf, limit: u32, offset: u32) -> Result<(Vec<Session>, u32)>;

    /// Sends the rows of a run, best first, as they stood at its end or, of a run that goes on,
    /// as they stand. Without a run: the present or last one. [`crate::refusal::Refusal::Invalid`]
    /// if there was no such run. Stops early, without an error, once nobody receives.
    async fn results(&self, quiz: QuizId, run: Option<u32>, to: mpsc::Sender<Vec<ResultRow>>) -> Result<()>;

    /// Finds a user's row on a board.
    async fn member(&self, board: &BoardId, user: &User) -> Result<Option<Member>>;

    /// Tells what a seat has answered in the present run.
    /// Without such a seat: [`crate::refusal::Refusal::NotAParticipant`].
    async fn answer_counts(&self, quiz: QuizId, who: &Who) -> Result<(ParticipantId, AnswerCounts)>;

    /// Tells how a user did: in the quizzes of its sessions, newest first and at most 1000, and
    /// in their subjects, by code.
    async fn performance(&self, user: &User) -> Result<(Vec<QuizPerformance>, Vec<SubjectPerformance>)>;
}

/// Finished attempts from elsewhere.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Their quiz.
    pub quiz: QuizId,
    /// Who vouches for the persons that the lines name.
    pub issuer: String,
    /// Keep the good lines even if there are bad ones.
    pub partial: bool,
    /// In their order.
    pub lines: Vec<Line>,
}

/// What became of an upload.
#[derive(Debug, Clone, Default)]
pub struct Uploaded {
    /// How many sessions were stored.
    pub inserted: u32,
    /// How many were stored already, just like this.
    pub unchanged: u32,
    /// The first lines with errors.
    pub errors: Vec<LineError>,
    /// How many lines have errors in all.
    pub error_count: u32,
    /// What it did to the boards of the quiz and its subject.
    pub effects: Vec<Effect>,
}

/// Whose sessions.
#[derive(Debug, Clone)]
pub enum SessionsOf {
    /// All of a quiz.
    Quiz(QuizId),
    /// All of a user.
    User(User),
}

/// What happens across quizzes, kept for an hour.
#[async_trait]
pub trait Activities: Send + Sync + 'static {
    /// The number of the last event; 0 before the first.
    async fn last_activity(&self) -> Result<u64>;

    /// Reads the events after a number, oldest first. Where numbers are missing, events are no
    /// longer kept.
    async fn activity_after(&self, seq: u64, limit: u32) -> Result<Vec<Activity>>;
}
