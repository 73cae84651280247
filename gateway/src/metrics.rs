//! What the gateway counts and measures. Nothing here names a quiz or a person, and nothing costs
//! more than a look at a flag unless telemetry is exported.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, ObservableCounter, UpDownCounter},
};
use services::telemetry::{self, semconv};

use crate::{door::Refused, frame::Form, socket::Close};

struct Instruments {
    requests: Histogram<f64>,
    connections: UpDownCounter<i64>,
    closes: Counter<u64>,
    refused: Counter<u64>,
    _frames: ObservableCounter<u64>,
    skipped: Counter<u64>,
    events_skipped: Counter<u64>,
    serving: Gauge<u64>,
    stale_boards: UpDownCounter<i64>,
    update_latency: Histogram<f64>,
    drain: Histogram<f64>,
}

/// Frames by their form, which are asked for when they are exported: there are too many of them to look
/// an attribute up for each.
static WHOLE: AtomicU64 = AtomicU64::new(0);
static DELTAS: AtomicU64 = AtomicU64::new(0);

static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(|| {
    let meter = telemetry::meter("gateway");
    let counter = |name, unit, what| meter.u64_counter(name).with_unit(unit).with_description(what).build();
    let seconds = |name, what, buckets: &[f64]| {
        let histogram = meter.f64_histogram(name).with_unit("s").with_description(what);
        histogram.with_boundaries(buckets.to_vec()).build()
    };
    Instruments {
        requests: seconds(
            semconv::HTTP_SERVER_REQUEST_DURATION,
            "How long requests take; one that opens a socket, until it is open",
            &semconv::DURATION_BUCKETS,
        ),
        connections: meter
            .i64_up_down_counter("scorecast.gateway.connections")
            .with_unit("{connection}")
            .with_description("Sockets that are open")
            .build(),
        closes: counter("scorecast.gateway.closes", "{connection}", "Sockets that ended, by code and side"),
        refused: counter("scorecast.gateway.upgrade_rejected", "{request}", "Sockets refused, by reason"),
        _frames: meter
            .u64_observable_counter("scorecast.gateway.frames")
            .with_unit("{frame}")
            .with_description("States of boards that were put onto sockets, by form")
            .with_callback(|counter| {
                for (frames, form) in [(&WHOLE, "whole"), (&DELTAS, "delta")] {
                    counter.observe(frames.load(Ordering::Relaxed), &[KeyValue::new("form", form)]);
                }
            })
            .build(),
        skipped: counter(
            "scorecast.gateway.states.skipped",
            "{state}",
            "States that a socket was too slow for",
        ),
        events_skipped: counter(
            "scorecast.gateway.events.skipped",
            "{event}",
            "Events that a socket was too slow for",
        ),
        serving: meter
            .u64_gauge("scorecast.upstream.serving")
            .with_unit("{process}")
            .with_description("Scoring processes that serve, as this gateway sees it")
            .build(),
        stale_boards: meter
            .i64_up_down_counter("scorecast.gateway.boards.stale")
            .with_unit("{board}")
            .with_description("Boards that are shown without touch to scoring")
            .build(),
        update_latency: seconds(
            "scorecast.update.latency",
            "From the acknowledgement of a change to the frame on a socket that is the first to show it",
            &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0],
        ),
        drain: seconds(
            "scorecast.drain.duration",
            "How long it took to let all sockets go",
            &[0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0],
        ),
    }
});

fn instruments() -> Option<&'static Instruments> {
    telemetry::is_on().then(|| &*INSTRUMENTS)
}

/// A request was answered.
pub(crate) fn answered(took: Duration, attributes: &[KeyValue]) {
    let Some(instruments) = instruments() else { return };
    instruments.requests.record(took.as_secs_f64(), attributes);
}

/// A socket opened.
pub(crate) fn socket_opened() {
    let Some(instruments) = instruments() else { return };
    instruments.connections.add(1, &[]);
}

/// A socket is gone.
pub(crate) fn socket_gone() {
    let Some(instruments) = instruments() else { return };
    instruments.connections.add(-1, &[]);
}

/// We closed a socket.
pub(crate) fn closed(close: Close) {
    ended(close.code(), "server");
}

/// A peer closed its socket with this code, or was lost without any.
pub(crate) fn left(code: Option<u16>) {
    // Peers may send what they like: only the codes that browsers send stay apart.
    let code = match code {
        Some(code @ (1000 | 1001 | 1005)) => code,
        Some(_) => 1002,
        None => 1006,
    };
    ended(code, "peer");
}

fn ended(code: u16, initiator: &'static str) {
    let Some(instruments) = instruments() else { return };
    let attributes = [KeyValue::new("code", i64::from(code)), KeyValue::new("initiator", initiator)];
    instruments.closes.add(1, &attributes);
}

/// A socket was not let in.
pub(crate) fn refused(refused: &Refused) {
    let reason = match refused {
        Refused::Leaving => "draining",
        Refused::Full => "limit",
        Refused::TooOften { .. } => "rate",
        Refused::Origin => "origin",
    };
    turned_away(reason);
}

/// A socket was not let in, or only to hear why not.
pub(crate) fn turned_away(reason: &'static str) {
    let Some(instruments) = instruments() else { return };
    instruments.refused.add(1, &[KeyValue::new("reason", reason)]);
}

/// A state was put onto a socket.
pub(crate) fn shown(form: Form) {
    if instruments().is_none() {
        return;
    }
    let frames = match form {
        Form::Whole => &WHOLE,
        Form::Deltas => &DELTAS,
    };
    frames.fetch_add(1, Ordering::Relaxed);
}

/// A socket was too slow for so many states.
pub(crate) fn skipped(states: u64) {
    if states == 0 {
        return;
    }
    let Some(instruments) = instruments() else { return };
    instruments.skipped.add(states, &[]);
}

/// A socket was too slow for so many events.
pub(crate) fn events_skipped(events: u64) {
    let Some(instruments) = instruments() else { return };
    instruments.events_skipped.add(events, &[]);
}

/// So many scoring processes of a name serve.
pub(crate) fn serving(processes: usize) {
    let Some(instruments) = instruments() else { return };
    instruments.serving.record(processes as u64, &[]);
}

/// A board without touch to scoring, counted until it is dropped.
pub(crate) struct StaleBoard(());

impl StaleBoard {
    /// A board loses touch.
    pub(crate) fn new() -> Self {
        if let Some(instruments) = instruments() {
            instruments.stale_boards.add(1, &[]);
        }
        Self(())
    }
}

impl Drop for StaleBoard {
    fn drop(&mut self) {
        if let Some(instruments) = instruments() {
            instruments.stale_boards.add(-1, &[]);
        }
    }
}

/// A change reached a socket.
pub(crate) fn update(board: &'static str, age: Duration) {
    let Some(instruments) = instruments() else { return };
    let attributes = [KeyValue::new("scorecast.board.kind", board), KeyValue::new("transport", "websocket")];
    instruments.update_latency.record(age.as_secs_f64(), &attributes);
}

/// All sockets were let go, or the time for it was over.
pub(crate) fn drained(took: Duration) {
    let Some(instruments) = instruments() else { return };
    instruments.drain.record(took.as_secs_f64(), &[]);
}
