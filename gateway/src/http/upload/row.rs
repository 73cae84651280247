//! One row of an upload, as whoever uploads writes it, and as scoring is told of it.

use jiff::Timestamp;
use proto::v1::SessionRow;
use serde::Deserialize;
use utoipa::ToSchema;

/// The longest row: five texts and numbers, none of which may be long.
pub(super) const MAX_ROW_BYTES: usize = 4 << 10;

/// How much is said about what is wrong with a row, in characters.
const MAX_PROBLEM: usize = 200;

/// An upload of which no more can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// All of it.
    #[error("{0}")]
    Whole(String),
    /// From a line on.
    #[error("line {0}: {1}")]
    Line(u32, String),
}

/// A finished attempt.
// What is absent or out of range is scoring's to say.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct Attempt {
    /// The user's `sub`; of a user's own session it may be absent.
    pub(super) user_id: Option<String>,
    /// 1 to 64 characters; of a user's own session, the token's name if absent.
    pub(super) username: Option<String>,
    /// At most the sum of the quiz's points, if it has questions.
    #[schema(value_type = u32)]
    pub(super) score: Option<u32>,
    /// 0 to 2147483.647.
    #[schema(value_type = f64, minimum = 0)]
    pub(super) duration_seconds: Option<f64>,
    /// RFC 3339.
    pub(super) started_at: Option<String>,
    /// RFC 3339, not before the start and not in the future.
    pub(super) ended_at: Option<String>,
}

impl Attempt {
    /// As scoring is told of it.
    pub(super) fn on_line(self, line: u32) -> SessionRow {
        match (moment("started_at", self.started_at), moment("ended_at", self.ended_at)) {
            (Err(problem), _) | (_, Err(problem)) => unreadable(line, &problem),
            (Ok(started_at), Ok(ended_at)) => SessionRow {
                line,
                subject: self.user_id.unwrap_or_default(),
                username: self.username.unwrap_or_default(),
                score: self.score,
                duration: self.duration_seconds.map(duration),
                started_at,
                ended_at,
                problem: String::new(),
            },
        }
    }
}

/// A row of which only this can be told.
pub(super) fn unreadable(line: u32, problem: &str) -> SessionRow {
    SessionRow { line, problem: problem.chars().take(MAX_PROBLEM).collect(), ..SessionRow::default() }
}

/// To the nearest millisecond; beyond its range it stays beyond scoring's, too.
fn duration(seconds: f64) -> prost_types::Duration {
    let milliseconds = (seconds * 1000.0).round() as i64;
    prost_types::Duration {
        seconds: milliseconds / 1000,
        nanos: i32::try_from(milliseconds % 1000 * 1_000_000).expect("less than a second"),
    }
}

fn moment(member: &str, text: Option<String>) -> Result<Option<prost_types::Timestamp>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let moment: Timestamp =
        text.parse().map_err(|_| format!("{member}: expected a time such as 2026-02-02T10:15:00Z"))?;
    Ok(Some(prost_types::Timestamp { seconds: moment.as_second(), nanos: moment.subsec_nanosecond() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_told_to_the_millisecond() {
        for (seconds, expected) in [
            (0.0, (0, 0)),
            (312.0, (312, 0)),
            (0.29, (0, 290_000_000)),
            (12.345_6, (12, 346_000_000)),
            (-1.5, (-1, -500_000_000)),
            (1e300, (i64::MAX / 1000, 807_000_000)),
        ] {
            let attempt = Attempt { duration_seconds: Some(seconds), ..Attempt::default() };
            let told = attempt.on_line(1).duration.unwrap();
            assert_eq!((told.seconds, told.nanos), expected, "{seconds}");
        }
    }

    #[test]
    fn times_are_of_the_rfc_and_anything_else_is_a_problem_of_the_line() {
        let started = |text: &str| {
            let row = Attempt { started_at: Some(text.to_owned()), ..Attempt::default() }.on_line(7);
            (row.line, row.started_at.map(|at| (at.seconds, at.nanos)), row.problem)
        };
        let at = Some((1_770_027_300, 123_000_000));
        assert_eq!(started("2026-02-02T10:15:00.123Z"), (7, at, String::new()));
        assert_eq!(started("2026-02-02T11:15:00.123+01:00"), (7, at, String::new()));
        assert_eq!(started(""), (7, None, String::new()));
        for text in ["yesterday", "2026-02-02", "1770027300"] {
            let (line, at, problem) = started(text);
            assert_eq!((line, at), (7, None), "{text}");
            assert!(problem.starts_with("started_at: expected a time"), "{problem}");
        }
    }
}
