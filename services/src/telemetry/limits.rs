//! Counts how often a deadline passed or a bound was met where no other metric tells.

use std::sync::LazyLock;

use opentelemetry::{KeyValue, metrics::Counter};

use super::is_on;

static REACHED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    super::meter("services")
        .u64_counter("scorecast.limit.reached")
        .with_unit("{time}")
        .with_description("How often something took too long or found no room, by the limit")
        .build()
});

/// Something took too long or found no room: it was given up, was refused, or has to wait.
/// `limit` is one of few words, as `docs/operations.md` lists them.
pub fn limit_reached(limit: &'static str) {
    if is_on() {
        REACHED.add(1, &[KeyValue::new("limit", limit)]);
    }
}
