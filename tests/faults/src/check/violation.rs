//! What can be wrong, each with what one needs to look for the cause.

use std::time::Duration;

use crate::history::{Answer, Moment};

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Violation {
    /// An acknowledged answer is not in the ledger.
    #[error("acknowledged at {at:?} and lost: {answer:?}")]
    Lost {
        /// The answer.
        answer: Answer,
        /// When it was acknowledged.
        at: Moment,
    },
    /// One seat's answer to one question, or one submission, counts more than once.
    #[error("counted {times} times: {participant}'s answer to {question} in run {run}")]
    CountedTwice {
        /// Whose answer.
        participant: String,
        /// To what.
        question: String,
        /// In which run.
        run: u32,
        /// How often.
        times: usize,
    },
    /// The ledger has an answer that nobody sent like that.
    #[error("counted at {seq}, but nobody sent it: {participant}'s answer to {question}")]
    Unasked {
        /// Whose answer.
        participant: String,
        /// To what.
        question: String,
        /// At which version.
        seq: u64,
    },
    /// The caller was told that the answer does not count, and it does.
    #[error("refused as {code}, yet counted at {seq}: {answer:?}")]
    CountedThoughRefused {
        /// The answer.
        answer: Answer,
        /// What the caller was told.
        code: String,
        /// At which version it counts.
        seq: u64,
    },
    /// The reply does not say what the ledger says.
    #[error("a false verdict: {what} for {answer:?}")]
    FalseVerdict {
        /// The answer.
        answer: Answer,
        /// What is false.
        what: String,
    },
    /// The reason of a refusal is not true.
    #[error("refused as {code} without reason at {at:?}: {answer:?}")]
    FalseRefusal {
        /// The answer.
        answer: Answer,
        /// What the caller was told.
        code: String,
        /// When.
        at: Moment,
    },
    /// A caller was told that the program is at fault.
    #[error("told at {at:?} of a fault of the program: {call}")]
    InternalError {
        /// What was asked.
        call: String,
        /// When.
        at: Moment,
    },
    /// A time is not that of the way of its answer, or of the taking of its seat.
    #[error("{what} has a time of {time:?}, and its caller saw one from {least:?} to {most:?}")]
    WrongTime {
        /// Of what.
        what: String,
        /// As the ledger has it, since the start.
        time: Duration,
        /// The least that the callers' clock allows.
        least: Duration,
        /// The most.
        most: Duration,
    },
    /// An answer counts before another one that was acknowledged before it was sent.
    #[error(
        "{later:?} counts at {seq}, before an answer at {before} that was acknowledged before it was sent"
    )]
    OutOfOrder {
        /// The answer that was sent later.
        later: Answer,
        /// The version at which it counts.
        seq: u64,
        /// The version of the one that was acknowledged before.
        before: u64,
    },
    /// An answer that was sent after the end was acknowledged counts in the ended run.
    #[error("sent after run {run} had ended, yet counted in it: {answer:?}")]
    CountedAfterEnd {
        /// The answer.
        answer: Answer,
        /// The run.
        run: u32,
    },
    /// The result that the host got is not that of the ledger.
    #[error("the final results of run {run} are wrong: {what}")]
    WrongResult {
        /// The run.
        run: u32,
        /// What is wrong.
        what: String,
    },
    /// A seat that was given is not in the ledger.
    #[error("the seat of {username} was given and lost: {participant}")]
    LostSeat {
        /// The seat.
        participant: String,
        /// Its name.
        username: String,
    },
    /// The ledger has a seat that nobody asked for, or one too many for a name.
    #[error("nobody asked for the seat {participant} of {username}")]
    UnaskedSeat {
        /// The seat.
        participant: String,
        /// Its name.
        username: String,
    },
    /// A seat's sums are not those of its answers.
    #[error("the ledger sums {participant} up as {summed}, its answers as {counted}")]
    WrongSum {
        /// The seat.
        participant: String,
        /// What the seat's row says.
        summed: String,
        /// What its answers say.
        counted: String,
    },
    /// The final board is not that of the ledger.
    #[error("the final board is wrong: {what}")]
    WrongBoard {
        /// What is wrong.
        what: String,
    },
    /// A socket showed something that is no frame.
    #[error("a socket of {viewer} showed {what}")]
    Unreadable {
        /// Whose socket.
        viewer: String,
        /// What it showed.
        what: String,
    },
    /// A socket showed a lower version after a higher one.
    #[error("at {at:?} a socket of {viewer} went back from version {from} to {to}{of}")]
    WentBack {
        /// Whose socket.
        viewer: String,
        /// When.
        at: Moment,
        /// The higher version.
        from: u64,
        /// The lower one.
        to: u64,
        /// Empty for the frame, or that it is the viewer's own place.
        of: &'static str,
    },
    /// A new socket showed a viewer an older board than the one before, and went on to.
    #[error("at {at:?} a new socket showed {viewer} version {to} after {from}, and stayed behind")]
    StayedBehind {
        /// Whose socket.
        viewer: String,
        /// When.
        at: Moment,
        /// The version seen before.
        from: u64,
        /// The older one.
        to: u64,
    },
    /// A viewer who had seen rows saw none.
    #[error("at {at:?} {viewer} saw an empty board of version {version}")]
    Emptied {
        /// Who.
        viewer: String,
        /// When.
        at: Moment,
        /// The version of the empty frame.
        version: u64,
    },
    /// The rows of a frame are not ranked as they must be.
    #[error("the rows of version {version} are not in order: {what}")]
    Misranked {
        /// The version of the frame.
        version: u64,
        /// What is wrong.
        what: String,
    },
    /// A row has not the name of its seat.
    #[error("version {version} shows a wrong name: {what}")]
    Misnamed {
        /// The version of the frame.
        version: u64,
        /// What is wrong.
        what: String,
    },
    /// Two frames of one version differ.
    #[error("version {version} was shown in two ways: {what}")]
    Contradiction {
        /// The version.
        version: u64,
        /// How they differ.
        what: String,
    },
    /// A frame does not show what the ledger held at its version.
    #[error("version {version} was shown wrong: {what}")]
    NotTheLedger {
        /// The version.
        version: u64,
        /// What is wrong.
        what: String,
    },
    /// A score went down within a run.
    #[error("the score of {participant} fell from {from} to {to} at version {version}")]
    Fell {
        /// Whose.
        participant: String,
        /// The greater score.
        from: u32,
        /// The lower score.
        to: u32,
        /// The version of the frame with the lower one.
        version: u64,
    },
    /// A run was shown as ended, and then not.
    #[error("version {version} shows a run going on that an earlier version showed as ended")]
    Revived {
        /// The later version.
        version: u64,
    },
    /// A viewer did not see the final board at the end.
    #[error("{viewer} never saw the final board: {what}")]
    NeverSettled {
        /// Who.
        viewer: String,
        /// What they saw instead.
        what: String,
    },
    /// A viewer saw the final board too late.
    #[error("{viewer} saw the final board {after:?} after everything was quiet")]
    SettledLate {
        /// Who.
        viewer: String,
        /// How much later.
        after: Duration,
    },
}
