//! Why a request is not carried out: what a caller can act on, and never a store's own words.

/// A refusal; each variant is one code of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A field is missing, malformed or out of range.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field as the request names it.
        field: &'static str,
        /// What is wrong with it and what would be right.
        problem: String,
    },
    /// The option that was chosen does not exist.
    #[error("answer_index must be from 0 to {last}")]
    InvalidAnswerIndex {
        /// The index of the last option.
        last: usize,
    },
    /// No such quiz, or another owner's.
    #[error("quiz not found")]
    QuizNotFound,
    /// No such question in this quiz.
    #[error("question not found in this quiz")]
    QuestionNotFound,
    /// No such subject.
    #[error("subject not found")]
    SubjectNotFound,
    /// No such seat in this quiz, said to whoever manages seats.
    #[error("participant not found in this quiz")]
    ParticipantNotFound,
    /// No such seat in this quiz, said to whoever claims it.
    #[error("participant not in quiz")]
    NotAParticipant,
    /// The participant has answered this question in this run.
    #[error("this question is already answered")]
    AlreadyAnswered,
    /// Somebody in the quiz has this name, perhaps in another case.
    #[error("this username is taken in this quiz, choose another")]
    UsernameTaken,
    /// What a caller could not read of a line, in its words.
    #[error("{0}")]
    Unreadable(String),
    /// The user has another session of this quiz, or a seat in it.
    #[error("this user has another session of this quiz")]
    SessionExists,
    /// Somebody else may do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// There is more than one call may bring.
    #[error("{0}")]
    TooLarge(&'static str),
    /// The quiz waits for its host.
    #[error("the quiz has not started")]
    QuizNotStarted,
    /// The quiz is over.
    #[error("the quiz has ended")]
    QuizEnded,
    /// Not possible while people answer.
    #[error("the quiz is running, end it first")]
    QuizActive,
    /// There is nothing to answer.
    #[error("the quiz has no questions, add one before starting it")]
    NoQuestions,
}

impl Refusal {
    /// A field that is missing, malformed or out of range.
    pub fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }
}
