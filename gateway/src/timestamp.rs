//! Moments as callers read them: RFC 3339 in UTC, always with three digits after the second.

use jiff::Timestamp;

/// Writes a moment as in `2026-02-02T10:15:00.123Z`; nothing if it is absent or beyond the calendar.
pub(crate) fn rfc3339(moment: Option<&prost_types::Timestamp>) -> Option<String> {
    parse(moment).map(|moment| format!("{moment:.3}"))
}

/// Reads a moment from the wire; nothing if it is absent or beyond the calendar.
pub(crate) fn parse(moment: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    moment.and_then(|moment| Timestamp::new(moment.seconds, moment.nanos).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(seconds: i64, nanos: i32) -> Option<String> {
        rfc3339(Some(&prost_types::Timestamp { seconds, nanos }))
    }

    #[test]
    fn moments_have_exactly_three_fraction_digits() {
        for (seconds, nanos, expected) in [
            (1_770_027_300, 123_000_000, "2026-02-02T10:15:00.123Z"),
            (1_770_027_300, 0, "2026-02-02T10:15:00.000Z"),
            (1_770_027_300, 999_999_999, "2026-02-02T10:15:00.999Z"),
            (0, 1_000_000, "1970-01-01T00:00:00.001Z"),
        ] {
            assert_eq!(written(seconds, nanos).as_deref(), Some(expected));
        }
    }

    #[test]
    fn an_absent_or_impossible_moment_is_not_written() {
        assert_eq!(rfc3339(None), None);
        assert_eq!(written(i64::MAX, 0), None);
    }
}
