//! The domain: quizzes, questions, seats. Texts are parsed here once; nothing behind checks again.

use std::{fmt, str::FromStr, time::Duration};

use jiff::Timestamp;
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    ids::{ParticipantId, QuestionId, QuizId},
    refusal::Refusal,
};

/// Where a quiz is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Questions may change and people may join; nobody can answer yet.
    Pending,
    /// Answers count until the end time.
    Started,
    /// The ranking stands until the quiz is started again.
    Ended,
}

impl Status {
    /// The word that stores and callers use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Started => "started",
            Self::Ended => "ended",
        }
    }
}

impl FromStr for Status {
    type Err = Refusal;

    fn from_str(word: &str) -> Result<Self, Refusal> {
        match word {
            "pending" => Ok(Self::Pending),
            "started" => Ok(Self::Started),
            "ended" => Ok(Self::Ended),
            _ => Err(Refusal::invalid("status", "must be pending, started or ended")),
        }
    }
}

/// A quiz without its questions.
#[derive(Debug, Clone, PartialEq)]
pub struct Quiz {
    /// Its identifier.
    pub id: QuizId,
    /// 6 digits, unique among quizzes that have not ended.
    pub join_code: String,
    /// Whose it is: a caller's word, compared and never read.
    pub owner_id: String,
    /// What it may be called and how it runs.
    pub plan: Plan,
    /// Where it is in its life.
    pub status: Status,
    /// How many times it was started.
    pub run: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the present or last run began.
    pub started_at: Option<Timestamp>,
    /// When the present or last run ends at the latest.
    pub ends_at: Option<Timestamp>,
    /// When the last run ended.
    pub ended_at: Option<Timestamp>,
    /// How many questions it has.
    pub total_questions: u32,
    /// How many seats it has.
    pub total_participants: u32,
}

/// What a host decides about a quiz.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// 1 to 200 characters.
    pub title: String,
    /// At most 1000 characters.
    pub description: String,
    /// The subject it belongs to.
    pub subject: Option<Subject>,
    /// How long a run lasts: 5 to 180 whole minutes.
    pub duration: Duration,
    /// Whether it is listed publicly while pending.
    pub listed: bool,
    /// Whether users may upload their own sessions.
    pub self_report: bool,
}

/// The code of a subject: `[A-Z0-9_-]{1,16}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(String);

impl FromStr for Subject {
    type Err = Refusal;

    fn from_str(code: &str) -> Result<Self, Refusal> {
        let is_code = (1..=16).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if is_code { Ok(Self(code.to_owned())) } else { Err(Refusal::SubjectNotFound) }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One question with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its identifier.
    pub id: QuestionId,
    /// 1 to 1000 characters.
    pub text: String,
    /// 2 to 10 options of 1 to 200 characters, all different.
    pub options: Vec<String>,
    /// The index of the correct option.
    pub correct: usize,
    /// 1 to 100.
    pub points: u32,
}

/// The most questions that a quiz can have.
pub const QUESTIONS_MAX: u32 = 500;
/// The most seats that a quiz can have.
pub const PARTICIPANTS_MAX: u32 = 1_000_000;

impl Question {
    /// Checks what a host wrote and gives it an identifier.
    ///
    /// # Errors
    /// Names the field that is missing, too long or out of range.
    pub fn parse(
        text: &str,
        options: &[String],
        correct: Option<u32>,
        points: Option<u32>,
    ) -> Result<Self, Refusal> {
        let text = lines("text", text, 1, 1000)?;
        if !(2..=10).contains(&options.len()) {
            return Err(Refusal::invalid("options", "must be 2 to 10 texts"));
        }
        let options: Vec<_> =
            options.iter().map(|o| lines("options", o, 1, 200)).collect::<Result<_, _>>()?;
        if (1..options.len()).any(|i| options[..i].contains(&options[i])) {
            return Err(Refusal::invalid("options", "must all be different"));
        }
        let correct = correct
            .and_then(|index| usize::try_from(index).ok())
            .filter(|index| *index < options.len())
            .ok_or_else(|| Refusal::invalid("correct_answer", "must be the index of an option, from 0"))?;
        let points = points.unwrap_or(10);
        if !(1..=100).contains(&points) {
            return Err(Refusal::invalid("points", "must be 1 to 100"));
        }
        Ok(Self { id: QuestionId::random(), text, options, correct, points })
    }
}

impl Plan {
    /// Checks what a host wrote.
    ///
    /// # Errors
    /// Names the field that is missing, too long or out of range.
    pub fn parse(
        title: &str,
        description: &str,
        subject: &str,
        duration: Option<Duration>,
    ) -> Result<Self, Refusal> {
        let duration = duration.unwrap_or(Duration::from_secs(30 * 60));
        let minutes = duration.as_secs() / 60;
        if duration != Duration::from_secs(minutes * 60) || !(5..=180).contains(&minutes) {
            return Err(Refusal::invalid("duration_minutes", "must be 5 to 180 whole minutes"));
        }
        Ok(Self {
            title: line("title", title, 1, 200)?,
            description: lines("description", description, 0, 1000)?,
            subject: if subject.is_empty() { None } else { Some(subject.parse()?) },
            duration,
            listed: false,
            self_report: false,
        })
    }
}

/// A name to show: NFC, trimmed, 1 to 64 characters, none of them control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Checks a name that somebody chose.
    ///
    /// # Errors
    /// If it is empty or only spaces, too long, or has control characters.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        line("username", text, 1, 64).map(Self)
    }

    /// The name as it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two names that differ only in case have in common.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase().nfc().collect()
    }
}

/// A name that a client gives to one call, so that its retry is known: 1 to 64 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallId(String);

impl CallId {
    /// Reads an optional field: empty means none.
    ///
    /// # Errors
    /// If it is too long or has other characters.
    pub fn parse(field: &'static str, text: &str) -> Result<Option<Self>, Refusal> {
        match text.len() {
            0 => Ok(None),
            1..=64 if text.bytes().all(|b| b.is_ascii_graphic()) => Ok(Some(Self(text.to_owned()))),
            _ => Err(Refusal::invalid(field, "must be at most 64 visible ASCII characters")),
        }
    }

    /// The text of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One answer that a seat has given, as it was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenAnswer {
    /// The question.
    pub question: QuestionId,
    /// The chosen option.
    pub choice: u32,
    /// Whether it was the correct one.
    pub correct: bool,
    /// Points that it earned.
    pub points: u32,
    /// When it was counted.
    pub at: Timestamp,
}

/// A seat as its owner is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Its identifier.
    pub id: ParticipantId,
    /// The name to show.
    pub username: String,
}

/// Normalizes one line of `min..=max` characters: NFC, trimmed, no control characters.
pub(crate) fn line(field: &'static str, text: &str, min: usize, max: usize) -> Result<String, Refusal> {
    if text.trim().contains('\n') {
        return Err(Refusal::invalid(field, "must be one line"));
    }
    lines(field, text, min, max)
}

/// The same, of any number of lines.
fn lines(field: &'static str, text: &str, min: usize, max: usize) -> Result<String, Refusal> {
    let text: String = text.trim().nfc().collect();
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Refusal::invalid(field, "must have no control characters"));
    }
    match text.chars().count() {
        0 if min > 0 => Err(Refusal::invalid(field, "must not be empty")),
        count if count > max => Err(Refusal::invalid(field, format!("must be at most {max} characters"))),
        _ => Ok(text),
    }
}
