//! Calls of databases: a span for each that is part of a trace, and the durations of all.

use std::{sync::LazyLock, time::Instant};

use opentelemetry::{Context, KeyValue, metrics::Histogram, trace::TraceContextExt as _};
use tracing::{Instrument as _, Span, field::Empty};

use super::{TARGET, is_on, semconv};

/// What a database is asked to do, without any value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// As the conventions name the product: `postgresql`, `redis`, `sqlite`.
    pub system: &'static str,
    /// The command: `INSERT`, `FCALL`.
    pub name: &'static str,
    /// What it is done to or with: a table, a function. Without values, and one of few.
    pub target: String,
    /// How many such operations go in one round trip.
    pub count: usize,
}

/// Calls a database. What goes on by itself, without a request at its beginning, makes no spans.
///
/// # Errors
/// Those of the call.
pub async fn observe<T, E>(
    operation: impl FnOnce() -> Operation,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    if !is_on() {
        return call.await;
    }
    let operation = operation();
    let is_in_a_trace = Context::current().span().span_context().is_valid();
    let span = if is_in_a_trace { span(&operation) } else { Span::none() };
    let began = Instant::now();
    let answer = call.instrument(span.clone()).await;
    let mut attributes = vec![
        KeyValue::new(semconv::DB_SYSTEM_NAME, operation.system),
        KeyValue::new(semconv::DB_OPERATION_NAME, operation.name),
    ];
    if answer.is_err() {
        span.record("otel.status_code", "ERROR").record(semconv::ERROR_TYPE, FAILED);
        attributes.push(KeyValue::new(semconv::ERROR_TYPE, FAILED));
    }
    DURATIONS.record(began.elapsed().as_secs_f64(), &attributes);
    answer
}

/// The only error type told: what a driver says may carry values.
const FAILED: &str = "_OTHER";

fn span(operation: &Operation) -> Span {
    let Operation { system, name, target, count } = operation;
    let summary = format!("{name} {target}");
    let span = tracing::info_span!(
        target: TARGET,
        "database",
        otel.name = %summary.trim_end(),
        otel.kind = "client",
        otel.status_code = Empty,
        { semconv::DB_SYSTEM_NAME } = system,
        { semconv::DB_OPERATION_NAME } = name,
        { semconv::DB_QUERY_SUMMARY } = %summary.trim_end(),
        { semconv::DB_OPERATION_BATCH_SIZE } = Empty,
        { semconv::ERROR_TYPE } = Empty,
    );
    if *count > 1 {
        span.record(semconv::DB_OPERATION_BATCH_SIZE, *count as i64);
    }
    span
}

static DURATIONS: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    super::meter("services")
        .f64_histogram(semconv::DB_CLIENT_OPERATION_DURATION)
        .with_unit("s")
        .with_description("How long calls of databases take")
        .with_boundaries(semconv::DB_DURATION_BUCKETS.to_vec())
        .build()
});

/// Names what an SQL statement is for: what it writes or, if it writes nothing, what it reads first.
#[must_use]
pub fn statement(system: &'static str, sql: &str) -> Operation {
    let ends = |letter: char| letter.is_whitespace() || letter == ',' || letter == ';';
    let words: Vec<&str> = sql.split(ends).filter(|word| !word.is_empty()).collect();
    let kinds: [(&str, &[&str]); 4] = [
        ("INSERT", &["INSERT", "INTO"]),
        ("DELETE", &["DELETE", "FROM"]),
        ("UPDATE", &["UPDATE"]),
        ("SELECT", &["FROM"]),
    ];
    let found = kinds.iter().find_map(|(name, keywords)| Some((*name, table(&words, keywords)?)));
    let (name, table) = found.unwrap_or(("SELECT", ""));
    Operation { system, name, target: table.trim_end_matches(')').to_owned(), count: 1 }
}

/// The first table after these keywords. A query or a function, which has parentheses, is none, and
/// neither `FOR UPDATE` nor `DO UPDATE` has one.
fn table<'a>(words: &[&'a str], keywords: &[&str]) -> Option<&'a str> {
    let begins = |at: &usize| {
        let are_same =
            words[*at..].iter().zip(keywords).all(|(word, key)| word.trim_start_matches('(') == *key);
        are_same && (*at == 0 || !["DO", "FOR"].contains(&words[at - 1]))
    };
    let after = (0..words.len()).filter(begins).filter_map(|at| words.get(at + keywords.len()));
    after.copied().find(|word| !word.contains('(') && word.starts_with(|letter: char| letter.is_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_named_by_what_it_writes_or_reads_first() {
        for (sql, expected) in [
            ("SELECT status FROM quizzes WHERE quiz_id = $1", "SELECT quizzes"),
            ("SELECT 1", "SELECT "),
            (
                "SELECT a FROM unnest($1::int[]) u (a)\nLEFT JOIN (SELECT b FROM seats) s ON true",
                "SELECT seats",
            ),
            ("SELECT seats FROM quiz_counters ORDER BY quiz_id FOR UPDATE", "SELECT quiz_counters"),
            (
                "WITH l AS (SELECT a FROM counters FOR UPDATE),\nm AS (UPDATE counters c SET a = 1)\n\
              INSERT INTO answers (a) SELECT 1 ON CONFLICT DO NOTHING",
                "INSERT answers",
            ),
            (
                "INSERT INTO users (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = excluded.a",
                "INSERT users",
            ),
            ("UPDATE quizzes SET ended_at = $2", "UPDATE quizzes"),
            ("DELETE FROM sessions WHERE quiz_id = $1", "DELETE sessions"),
        ] {
            let Operation { name, target, .. } = statement("sqlite", sql);
            assert_eq!(format!("{name} {target}"), expected, "{sql}");
        }
    }
}
