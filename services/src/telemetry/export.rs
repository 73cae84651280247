//! Exporting by OTLP over gRPC: what is exported and where to, and a last flush at the end.
//!
//! The exporters work on threads of their own with bounded queues, so nobody waits for a collector.

use opentelemetry::{KeyValue, global, trace::TracerProvider as _};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, RetryPolicy, SpanExporter, WithExportConfig as _,
    WithTonicConfig as _,
};
use opentelemetry_sdk::{
    Resource,
    logs::{self, BatchLogProcessor, SdkLogger, SdkLoggerProvider},
    metrics::{PeriodicReader, SdkMeterProvider},
    propagation::TraceContextPropagator,
    resource::{EnvResourceDetector, ResourceDetector, TelemetryResourceDetector},
    trace::{self, BatchSpanProcessor, SdkTracer, SdkTracerProvider},
};
use tokio::sync::oneshot;
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use super::{
    dropped::{Bounded, Counted, Tally},
    sampler::ByLinks,
    semconv,
    settings::ExportSettings,
};
use crate::config::bounds::LAST_FLUSH;

/// What is exported by this process. [`Exports::stop`] sends what is left.
#[derive(Debug, Default)]
#[must_use = "what is left is lost unless it is stopped"]
pub struct Exports {
    spans: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
    logs: Option<SdkLoggerProvider>,
    tallies: Vec<Tally>,
}

impl Exports {
    /// Prepares what the settings want; connects when there is something to send.
    pub(super) fn start(
        settings: &ExportSettings,
        service: &'static str,
    ) -> Result<Self, ExporterBuildError> {
        let mut exports = Self::default();
        let resource = resource(settings, service);
        if let Some(endpoint) = settings.metrics() {
            let tally = exports.tally("metrics", 1);
            exports.metrics = Some(metrics(endpoint, &tally, resource.clone())?);
        }
        if let Some(endpoint) = settings.logs() {
            let tally = exports.tally("logs", settings.otel_blrp_max_queue_size);
            exports.logs = Some(logs(endpoint, &tally, resource.clone())?);
        }
        if let Some(endpoint) = settings.traces() {
            let tally = exports.tally("traces", settings.otel_bsp_max_queue_size);
            exports.spans = Some(spans(endpoint, &tally, resource)?);
        }
        Ok(exports)
    }

    /// Whether anything is exported.
    pub(super) fn are_on(&self) -> bool {
        !self.tallies.is_empty()
    }

    /// Hands spans to the exporter.
    pub(super) fn span_layer<S>(&self) -> Option<OpenTelemetryLayer<S, SdkTracer>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let tracer = self.spans.as_ref()?.tracer_with_scope(
            opentelemetry::InstrumentationScope::builder("scorecast")
                .with_version(env!("CARGO_PKG_VERSION"))
                .with_schema_url(semconv::SCHEMA_URL)
                .build(),
        );
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        Some(
            layer
                .with_location(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                .with_level(false)
                .with_target(false),
        )
    }

    /// Hands log records to the exporter.
    pub(super) fn log_layer(&self) -> Option<OpenTelemetryTracingBridge<SdkLoggerProvider, SdkLogger>> {
        self.logs.as_ref().map(OpenTelemetryTracingBridge::new)
    }

    /// Sends what is left, for at most two seconds, and says so if something did not arrive.
    pub async fn stop(self) {
        if !self.are_on() {
            return;
        }
        let Self { spans, metrics, logs, tallies } = self;
        let (done, is_done) = oneshot::channel::<()>();
        // Not a task: whoever ends the runtime would wait for it.
        let flush = move || {
            spans.map(|spans| spans.shutdown_with_timeout(LAST_FLUSH));
            logs.map(|logs| logs.shutdown_with_timeout(LAST_FLUSH));
            metrics.map(|metrics| metrics.shutdown_with_timeout(LAST_FLUSH));
            drop(done);
        };
        if std::thread::Builder::new().name("last flush".to_owned()).spawn(flush).is_ok() {
            let _ = tokio::time::timeout(LAST_FLUSH, is_done).await;
        }
        let missing: u64 = tallies.iter().map(Tally::missing).sum();
        if missing > 0 {
            tracing::warn!(items = missing, "spans, log records and readings did not reach the collector");
        }
    }

    fn tally(&mut self, signal: &'static str, room: usize) -> Tally {
        let tally = Tally::new(signal, room);
        self.tallies.push(tally.clone());
        tally
    }
}

fn metrics(
    endpoint: String,
    tally: &Tally,
    resource: Resource,
) -> Result<SdkMeterProvider, ExporterBuildError> {
    let exporter = MetricExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_retry_policy(RetryPolicy::disabled())
        .build()?;
    let reader = PeriodicReader::builder(Counted::new(exporter, tally)).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).with_resource(resource).build();
    global::set_meter_provider(provider.clone());
    Ok(provider)
}

fn logs(
    endpoint: String,
    tally: &Tally,
    resource: Resource,
) -> Result<SdkLoggerProvider, ExporterBuildError> {
    let exporter = LogExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_retry_policy(RetryPolicy::disabled())
        .build()?;
    let config = logs::BatchConfigBuilder::default().with_max_queue_size(tally.room()).build();
    let batches = BatchLogProcessor::builder(Counted::new(exporter, tally)).with_batch_config(config).build();
    let processor = Bounded(Counted::new(batches, tally));
    Ok(SdkLoggerProvider::builder().with_log_processor(processor).with_resource(resource).build())
}

fn spans(
    endpoint: String,
    tally: &Tally,
    resource: Resource,
) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_retry_policy(RetryPolicy::disabled())
        .build()?;
    let config = trace::BatchConfigBuilder::default().with_max_queue_size(tally.room()).build();
    let batches =
        BatchSpanProcessor::builder(Counted::new(exporter, tally)).with_batch_config(config).build();
    global::set_text_map_propagator(TraceContextPropagator::new());
    Ok(SdkTracerProvider::builder()
        .with_span_processor(Bounded(Counted::new(batches, tally)))
        .with_sampler(ByLinks::from_env())
        .with_resource(resource)
        .build())
}

/// What the process says of itself; `OTEL_RESOURCE_ATTRIBUTES` may say otherwise, and more.
fn resource(settings: &ExportSettings, service: &'static str) -> Resource {
    let own = [
        KeyValue::new("service.name", service),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", instance()),
    ];
    let said: [Box<dyn ResourceDetector>; 2] =
        [Box::new(TelemetryResourceDetector), Box::new(EnvResourceDetector::new())];
    let resource = Resource::builder_empty().with_attributes(own).with_detectors(&said);
    match &*settings.otel_service_name {
        "" => resource.build(),
        name => resource.with_service_name(name.to_owned()).build(),
    }
}

/// Tells this process from all others: an UUID, version 4.
fn instance() -> String {
    let mut id = rand::random::<u128>();
    id = (id & !(0xf << 76)) | (4 << 76);
    id = (id & !(0x3 << 62)) | (2 << 62);
    let hex = format!("{id:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
