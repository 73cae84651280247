//! Counts what does not reach the collector: what finds its queue full, and what an export loses.
//!
//! The queues are bounded here, because those of the SDK do not tell what they drop.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use opentelemetry::{Context, InstrumentationScope, KeyValue, logs::Severity, metrics::Counter};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    logs::{LogBatch, LogExporter, LogProcessor, SdkLogRecord},
    metrics::{Temporality, data::ResourceMetrics, exporter::PushMetricExporter},
    trace::{Span, SpanData, SpanExporter, SpanProcessor},
};

static DROPPED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    super::meter("services")
        .u64_counter("scorecast.telemetry.dropped")
        .with_unit("{item}")
        .with_description("Spans, log records and readings of metrics that did not reach the collector")
        .build()
});

/// What waits to be exported of one signal, and what was lost of it.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    signal: &'static str,
    room: usize,
    waiting: Arc<AtomicUsize>,
    lost: Arc<AtomicU64>,
}

impl Tally {
    /// At most `room` items of a signal wait.
    pub(super) fn new(signal: &'static str, room: usize) -> Self {
        Self { signal, room: room.max(1), waiting: Arc::default(), lost: Arc::default() }
    }

    /// How many items may wait, at least one.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// How many items have not reached the collector so far.
    pub(super) fn missing(&self) -> u64 {
        self.lost.load(Ordering::Relaxed) + self.waiting.load(Ordering::Relaxed) as u64
    }

    fn has_room(&self) -> bool {
        if self.waiting.fetch_add(1, Ordering::Relaxed) < self.room {
            return true;
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.lose(1, "queue_full");
        false
    }

    fn taken(&self, items: usize) {
        self.waiting.fetch_sub(items, Ordering::Relaxed);
    }

    fn exported(&self, items: usize, result: OTelSdkResult) -> OTelSdkResult {
        if result.is_err() {
            self.lose(items, "export_failed");
        }
        result
    }

    fn lose(&self, items: usize, reason: &'static str) {
        self.lost.fetch_add(items as u64, Ordering::Relaxed);
        let attributes = [KeyValue::new("signal", self.signal), KeyValue::new("reason", reason)];
        DROPPED.add(items as u64, &attributes);
    }
}

/// A processor or an exporter whose losses are counted.
#[derive(Debug)]
pub(super) struct Counted<T> {
    inner: T,
    tally: Tally,
}

impl<T> Counted<T> {
    pub(super) fn new(inner: T, tally: &Tally) -> Self {
        Self { inner, tally: tally.clone() }
    }
}

/// In front of a batch processor.
#[derive(Debug)]
pub(super) struct Bounded<T>(pub(super) Counted<T>);

impl<T: SpanProcessor> SpanProcessor for Bounded<T> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.0.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.0.tally.has_room() {
            self.0.inner.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.inner.set_resource(resource);
    }
}

impl<T: LogProcessor> LogProcessor for Bounded<T> {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        if self.0.tally.has_room() {
            self.0.inner.emit(record, scope);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.inner.shutdown_with_timeout(timeout)
    }

    fn event_enabled(&self, level: Severity, target: &str, name: Option<&str>) -> bool {
        self.0.inner.event_enabled(level, target, name)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.inner.set_resource(resource);
    }
}

impl<T: SpanExporter> SpanExporter for Counted<T> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let items = batch.len();
        self.tally.taken(items);
        self.tally.exported(items, self.inner.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<T: LogExporter> LogExporter for Counted<T> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let items = batch.iter().count();
        self.tally.taken(items);
        self.tally.exported(items, self.inner.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn event_enabled(&self, level: Severity, target: &str, name: Option<&str>) -> bool {
        self.inner.event_enabled(level, target, name)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<T: PushMetricExporter> PushMetricExporter for Counted<T> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.tally.exported(1, self.inner.export(metrics).await)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}
