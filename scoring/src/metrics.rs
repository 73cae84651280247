//! What the service counts and measures. Nothing here names a quiz or a person, and nothing costs
//! more than a look at a flag unless telemetry is exported.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, UpDownCounter},
};
use services::telemetry;

use crate::{board::Applied, ledger, refusal::Refusal, views::Source};

struct Instruments {
    answers: Counter<u64>,
    batch_size: Histogram<u64>,
    batch_wait: Histogram<f64>,
    queue_depth: Gauge<u64>,
    changes_waiting: Gauge<u64>,
    changes_dropped: Counter<u64>,
    notices_missed: Counter<u64>,
    gaps: Counter<u64>,
    gaps_healed: Counter<u64>,
    rebuilds: Counter<u64>,
    board_reads: Counter<u64>,
    breaker_state: Gauge<u64>,
    breaker_opened: Counter<u64>,
    store_up: Gauge<u64>,
    watch_streams: UpDownCounter<i64>,
    watch_duration: Histogram<f64>,
}

static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(|| {
    let meter = telemetry::meter("scoring");
    let counter = |name, unit, what| meter.u64_counter(name).with_unit(unit).with_description(what).build();
    let gauge = |name, unit, what| meter.u64_gauge(name).with_unit(unit).with_description(what).build();
    Instruments {
        answers: counter("scorecast.answers", "{answer}", "Answers, by what became of them"),
        batch_size: meter
            .u64_histogram("scorecast.submit.batch.size")
            .with_unit("{answer}")
            .with_description("Answers in one transaction")
            .with_boundaries(vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0])
            .build(),
        batch_wait: meter
            .f64_histogram("scorecast.submit.wait")
            .with_unit("s")
            .with_description("How long the first answer of a batch waited for its transaction")
            .with_boundaries(vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5])
            .build(),
        queue_depth: gauge(
            "scorecast.submit.queue.depth",
            "{answer}",
            "Answers left waiting by the last batch",
        ),
        changes_waiting: gauge(
            "scorecast.board.queue.depth",
            "{change}",
            "Changes left waiting for the board store",
        ),
        changes_dropped: counter(
            "scorecast.board.changes.dropped",
            "{change}",
            "Changes that found the queue full",
        ),
        notices_missed: counter(
            "scorecast.board.notices.missed",
            "{notice}",
            "Changes of watched boards that were found by looking, not by a notice",
        ),
        gaps: counter("scorecast.board.gaps", "{gap}", "Changes that came before the one they build on"),
        gaps_healed: counter("scorecast.board.gaps.healed", "{gap}", "Gaps closed, by how"),
        rebuilds: counter("scorecast.board.rebuilds", "{rebuild}", "Boards rebuilt, by what became of it"),
        board_reads: counter("scorecast.board.reads", "{read}", "Boards read, by where"),
        breaker_state: gauge(
            "scorecast.board.breaker.state",
            "1",
            "The breaker of the board store: 0 closed, 1 open",
        ),
        breaker_opened: counter(
            "scorecast.board.breaker.opened",
            "{opening}",
            "How often the breaker opened",
        ),
        store_up: gauge("scorecast.store.up", "1", "Whether a store answers: 1 if it does"),
        watch_streams: meter
            .i64_up_down_counter("scorecast.watch.streams")
            .with_unit("{stream}")
            .with_description("Streams of boards that are open")
            .build(),
        watch_duration: meter
            .f64_histogram("scorecast.watch.duration")
            .with_unit("s")
            .with_description("How long streams of boards were open, by what ended them")
            .with_boundaries(vec![1.0, 10.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 14400.0])
            .build(),
    }
});

fn instruments() -> Option<&'static Instruments> {
    telemetry::is_on().then(|| &*INSTRUMENTS)
}

/// What became of an answer.
pub(crate) fn answered(outcome: &ledger::Result<ledger::Verdict>) {
    let Some(instruments) = instruments() else { return };
    let result = match outcome {
        Ok(_) => "accepted",
        Err(ledger::Error::Refused(Refusal::AlreadyAnswered)) => "duplicate",
        Err(ledger::Error::Refused(Refusal::QuizEnded)) => "late",
        Err(ledger::Error::Refused(_)) => "invalid",
        Err(ledger::Error::Unavailable(_)) => "unavailable",
        Err(ledger::Error::NewerSchema | ledger::Error::Failed(_)) => "failed",
    };
    instruments.answers.add(1, &[KeyValue::new("result", result)]);
}

/// A lane took a batch whose first answer had waited so long, and left others waiting.
pub(crate) fn batch_taken(answers: usize, waited: Duration, left: usize) {
    let Some(instruments) = instruments() else { return };
    instruments.batch_size.record(answers as u64, &[]);
    instruments.batch_wait.record(waited.as_secs_f64(), &[]);
    instruments.queue_depth.record(left as u64, &[]);
}

/// Changes were taken to the board store, and others left waiting.
pub(crate) fn changes_taken(left: usize) {
    let Some(instruments) = instruments() else { return };
    instruments.changes_waiting.record(left as u64, &[]);
}

/// A change found the queue full.
pub(crate) fn change_dropped() {
    let Some(instruments) = instruments() else { return };
    instruments.changes_dropped.add(1, &[]);
}

/// A watched board had moved, and nobody was told.
pub(crate) fn notice_missed() {
    let Some(instruments) = instruments() else { return };
    instruments.notices_missed.add(1, &[]);
}

/// A change came before the one that it builds on.
pub(crate) fn gap_found() {
    let Some(instruments) = instruments() else { return };
    instruments.gaps.add(1, &[]);
}

/// What was missing came, by trying again or from the ledger.
pub(crate) fn gap_healed(by: &'static str) {
    let Some(instruments) = instruments() else { return };
    instruments.gaps_healed.add(1, &[KeyValue::new("by", by)]);
}

/// A board was rebuilt, or somebody else was quicker.
pub(crate) fn rebuilt(outcome: Applied) {
    let Some(instruments) = instruments() else { return };
    instruments.rebuilds.add(1, &[KeyValue::new("outcome", outcome.name())]);
}

/// A board was read.
pub(crate) fn board_read(source: Source) {
    let Some(instruments) = instruments() else { return };
    let source = match source {
        Source::Board => "board",
        Source::Ledger => "ledger",
    };
    instruments.board_reads.add(1, &[KeyValue::new("source", source)]);
}

/// The breaker opened.
pub(crate) fn breaker_opened() {
    let Some(instruments) = instruments() else { return };
    instruments.breaker_opened.add(1, &[]);
    instruments.breaker_state.record(1, &[]);
}

/// The breaker closed.
pub(crate) fn breaker_closed() {
    let Some(instruments) = instruments() else { return };
    instruments.breaker_state.record(0, &[]);
}

/// Whether a store answers.
pub(crate) fn store(store: &'static str, is_up: bool) {
    let Some(instruments) = instruments() else { return };
    instruments.store_up.record(is_up.into(), &[KeyValue::new("store", store)]);
}

/// A stream of a board, counted while it is open.
pub(crate) struct OpenStream {
    board: &'static str,
    since: Instant,
    /// What ended it: the caller, unless somebody else says so.
    pub(crate) ended_by: &'static str,
}

impl OpenStream {
    /// A stream of a kind of board opens.
    pub(crate) fn of(board: &'static str) -> Self {
        if let Some(instruments) = instruments() {
            instruments.watch_streams.add(1, &[KeyValue::new("scorecast.board.kind", board)]);
        }
        Self { board, since: Instant::now(), ended_by: "caller" }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let Some(instruments) = instruments() else { return };
        let board = KeyValue::new("scorecast.board.kind", self.board);
        instruments.watch_streams.add(-1, std::slice::from_ref(&board));
        let attributes = [board, KeyValue::new("ended_by", self.ended_by)];
        instruments.watch_duration.record(self.since.elapsed().as_secs_f64(), &attributes);
    }
}
