//! A row of named fields, each a text, whatever the file is.

use std::time::Duration;

use jiff::Timestamp;
use proto::v1::SessionRow;

const TIME: &str = "a time such as 2026-02-02T10:15:00Z";

/// A number as rows have it.
pub(super) fn number_of(place: u64) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// A row of which nothing can be read.
pub(super) fn problem(number: u32, problem: String) -> SessionRow {
    SessionRow { line: number, problem, ..SessionRow::default() }
}

/// A row of these fields. What is missing is for the receiver to say.
pub(super) fn row(number: u32, field: impl Fn(&str) -> Option<String>) -> SessionRow {
    let read = || -> Result<SessionRow, String> {
        let count = |text: &str| text.parse().ok();
        Ok(SessionRow {
            line: number,
            subject: field("user_id").unwrap_or_default(),
            username: field("username").unwrap_or_default(),
            score: parsed(&field, "score", count, "a whole number from 0")?,
            duration: parsed(&field, "duration_seconds", duration, "a number from 0")?,
            started_at: parsed(&field, "started_at", moment, TIME)?,
            ended_at: parsed(&field, "ended_at", moment, TIME)?,
            problem: String::new(),
        })
    };
    read().unwrap_or_else(|sentence| problem(number, sentence))
}

fn parsed<T>(
    field: &impl Fn(&str) -> Option<String>,
    name: &str,
    read: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<Option<T>, String> {
    let Some(text) = field(name) else { return Ok(None) };
    read(&text).map(Some).ok_or_else(|| format!("{name}: expected {expected}, not {text:?}"))
}

/// Seconds, perhaps with a fraction.
fn duration(text: &str) -> Option<prost_types::Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()?.try_into().ok()
}

/// A moment of RFC 3339, in whole milliseconds.
fn moment(text: &str) -> Option<prost_types::Timestamp> {
    let ms = text.parse::<Timestamp>().ok()?.as_millisecond();
    let nanos = i32::try_from(ms.rem_euclid(1000) * 1_000_000).ok()?;
    Some(prost_types::Timestamp { seconds: ms.div_euclid(1000), nanos })
}
