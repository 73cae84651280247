//! Durations as callers read them: in seconds, to the millisecond.

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// A duration in whole milliseconds. In JSON it is a number of seconds, without a point if they are
/// whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = f64, example = 312)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "number"))]
pub(crate) struct Seconds(i64);

impl From<Option<prost_types::Duration>> for Seconds {
    fn from(duration: Option<prost_types::Duration>) -> Self {
        let duration = duration.unwrap_or_default();
        let milliseconds =
            duration.seconds.saturating_mul(1000).saturating_add(i64::from(duration.nanos / 1_000_000));
        Self(milliseconds)
    }
}

impl Seconds {
    /// The number, for anything but JSON: always with three digits after the point.
    pub(crate) fn decimal(self) -> String {
        format!("{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0 / 1000, self.0 % 1000) {
            (seconds, 0) => serializer.serialize_i64(seconds),
            (seconds, rest) => serializer.serialize_f64(seconds as f64 + rest as f64 / 1000.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_a_point_only_if_they_need_one() {
        for (seconds, nanos, json, decimal) in [
            (0, 0, "0", "0.000"),
            (312, 0, "312", "312.000"),
            (312, 250_000_000, "312.25", "312.250"),
            (0, 1_999_999, "0.001", "0.001"),
            (2_147_483, 647_000_000, "2147483.647", "2147483.647"),
        ] {
            let duration = Seconds::from(Some(prost_types::Duration { seconds, nanos }));
            assert_eq!(serde_json::to_string(&duration).unwrap(), json);
            assert_eq!(duration.decimal(), decimal);
        }
        assert_eq!(Seconds::from(None).decimal(), "0.000");
    }
}
