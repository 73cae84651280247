//! The domain across quizzes: subjects, users, finished attempts and how they went. Pure.

use std::{fmt, str::FromStr, sync::Arc};

use jiff::Timestamp;

use crate::{
    ids::{ParticipantId, QuizId, SessionId, UserId},
    quiz::{Subject, Username},
    ranking::{Key, TIME_MAX_MS},
    refusal::Refusal,
};

/// A field that quizzes belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSubject {
    /// What it goes by.
    pub code: Subject,
    /// What people call it: 1 to 200 characters.
    pub name: String,
}

/// One finished attempt of one user at one quiz.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// The quiz.
    pub quiz: QuizId,
    /// The subject of the quiz.
    pub subject: Option<Subject>,
    /// Whose.
    pub user: UserId,
    /// What was achieved under which name.
    pub attempt: Attempt,
    /// Where it comes from.
    pub origin: Origin,
}

/// What somebody achieved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The name to show.
    pub username: String,
    /// Points.
    pub score: u32,
    /// How long it took, at most [`TIME_MAX_MS`].
    pub duration_ms: u32,
    /// When it began, if that is known; whole milliseconds.
    pub started_at: Option<Timestamp>,
    /// When it ended, if that is known; whole milliseconds.
    pub ended_at: Option<Timestamp>,
}

/// How a seat or session came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somebody joined and played.
    Join,
    /// A finished attempt was uploaded; such a seat cannot answer.
    Upload,
}

/// One line of an upload.
#[derive(Debug, Clone)]
pub struct Line {
    /// Where it stands, from 1.
    pub number: u32,
    /// What it says, or what is wrong with it.
    pub content: Result<Claimed, Refusal>,
}

/// The attempt that a line claims, not yet checked against its quiz.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The person, unique at the upload's issuer.
    pub sub: String,
    /// The name, also without regard to case.
    pub username: Username,
    /// What was achieved.
    pub attempt: Attempt,
}

/// A line that was not stored, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// The line.
    pub line: u32,
    /// Why.
    pub refusal: Refusal,
}

/// The most lines of one upload.
pub const UPLOAD_MAX: usize = 500_000;
/// The most lines of a user's own upload: one at most can be stored, and a few more do no harm.
pub const OWN_UPLOAD_MAX: usize = 100;
/// How many errors of an upload are told.
pub const ERRORS_MAX: usize = 100;

/// One row of a run's results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultRow {
    /// 1 + the number of rows above.
    pub rank: u32,
    /// The seat.
    pub participant: ParticipantId,
    /// The name as it was shown.
    pub username: Arc<str>,
    /// Score and time.
    pub key: Key,
    /// How many questions were answered, and how many of them correctly.
    pub answers: AnswerCounts,
    /// The person at its issuer, if one is known.
    pub sub: Option<String>,
}

/// How many questions a seat answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AnswerCounts {
    /// In all.
    pub answered: u32,
    /// Correctly.
    pub correct: u32,
}

/// How somebody did in one quiz.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuizPerformance {
    /// The quiz.
    pub quiz: QuizId,
    /// Its title.
    pub title: String,
    /// Its subject.
    pub subject: Option<Subject>,
    /// The seat.
    pub participant: ParticipantId,
    /// The name in this quiz.
    pub username: Arc<str>,
    /// Score and time.
    pub key: Key,
    /// 1 + the number of rows above.
    pub rank: u32,
    /// How many rows there are.
    pub total: u32,
    /// What was answered.
    pub answers: AnswerCounts,
}

/// How a user did in one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectPerformance {
    /// The subject.
    pub subject: NamedSubject,
    /// The sum of the scores and the average duration.
    pub key: Key,
    /// 1 + the number of rows above.
    pub rank: u32,
    /// How many users the board has.
    pub total: u32,
    /// How many sessions, and how long they took.
    pub sums: Sums,
    /// The greatest score of one session.
    pub best: u32,
}

/// What a user's sessions come to, beside score and average.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// How many sessions.
    pub quiz_count: u32,
    /// The sum of their durations.
    pub duration_ms: u64,
}

/// What a board of a subject keeps beside a user's key, as `quizzes duration_ms name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserLabel {
    /// What the sessions come to.
    pub sums: Sums,
    /// The name of the latest one.
    pub username: String,
}

/// The text is not a user's label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed label: expected two numbers and a name")]
pub struct MalformedLabel;

impl NamedSubject {
    /// Checks what a host wrote.
    ///
    /// # Errors
    /// Names the field that is missing, too long or malformed.
    pub fn parse(code: &str, name: &str) -> Result<Self, Refusal> {
        let code = code
            .parse()
            .map_err(|_| Refusal::invalid("code", "must be 1 to 16 characters A-Z, 0-9, _ and -"))?;
        Ok(Self { code, name: crate::quiz::line("name", name, 1, 200)? })
    }
}

impl Attempt {
    /// Checks what can be checked without the quiz.
    ///
    /// # Errors
    /// Names the field that is out of range.
    pub fn parse(
        username: &Username,
        score: u32,
        duration_ms: u64,
        started_at: Option<Timestamp>,
        ended_at: Option<Timestamp>,
    ) -> Result<Self, Refusal> {
        let duration_ms = u32::try_from(duration_ms)
            .ok()
            .filter(|ms| *ms <= TIME_MAX_MS)
            .ok_or_else(|| Refusal::invalid("duration_seconds", "must be 0 to 2147483.647"))?;
        if let (Some(start), Some(end)) = (started_at, ended_at)
            && end < start
        {
            return Err(Refusal::invalid("ended_at", "must not be before started_at"));
        }
        Ok(Self { username: username.as_str().to_owned(), score, duration_ms, started_at, ended_at })
    }

    /// Where it ranks in its quiz.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::of_seat(self.score, self.duration_ms)
    }
}

impl Origin {
    /// The word that stores use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Upload => "upload",
        }
    }
}

impl fmt::Display for UserLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.sums.quiz_count, self.sums.duration_ms, self.username)
    }
}

impl FromStr for UserLabel {
    type Err = MalformedLabel;

    fn from_str(text: &str) -> Result<Self, MalformedLabel> {
        let mut parts = text.splitn(3, ' ');
        let mut next = || parts.next().ok_or(MalformedLabel);
        let quiz_count = next()?.parse().map_err(|_| MalformedLabel)?;
        let duration_ms = next()?.parse().map_err(|_| MalformedLabel)?;
        Ok(Self { sums: Sums { quiz_count, duration_ms }, username: next()?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_reads_back_whatever_the_name() {
        for username in ["ada", "1 2 3", "Zoë  Müller", ""] {
            let sums = Sums { quiz_count: 4, duration_ms: 1_290_000 };
            let label = UserLabel { sums, username: username.to_owned() };
            assert_eq!(label.to_string().parse(), Ok(label));
        }
        for malformed in ["", "4", "4 5", "x 5 ada"] {
            assert_eq!(malformed.parse::<UserLabel>(), Err(MalformedLabel), "{malformed:?}");
        }
    }

    #[test]
    fn an_attempt_ends_after_it_began_and_takes_less_than_25_days() {
        let name = Username::parse("ada").unwrap();
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        for (ms, start, end, field) in [
            (0, None, None, None),
            (u64::from(TIME_MAX_MS), at(5), at(5), None),
            (u64::from(TIME_MAX_MS) + 1, None, None, Some("duration_seconds")),
            (u64::MAX, None, None, Some("duration_seconds")),
            (1, at(6), at(5), Some("ended_at")),
            (1, None, at(5), None),
        ] {
            let refused = match Attempt::parse(&name, 1, ms, start, end) {
                Ok(_) => None,
                Err(Refusal::Invalid { field, .. }) => Some(field),
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(refused, field, "{ms} ms from {start:?} to {end:?}");
        }
    }

    #[test]
    fn a_subject_has_a_code_and_a_name() {
        assert_eq!(NamedSubject::parse("BIO", " Biology ").unwrap().name, "Biology");
        for (code, name) in [("bio", "Biology"), ("", "Biology"), ("BIO", " "), ("BIO", "\u{7}")] {
            assert!(NamedSubject::parse(code, name).is_err(), "{code:?} {name:?}");
        }
    }
}
