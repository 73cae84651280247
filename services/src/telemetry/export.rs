//! Exporting by OTLP over gRPC: what is exported and where to, and a last flush at the end.
//!
//! The exporters work on threads of their own with bounded queues, so nobody waits for a collector.

use std::time::Duration;

use clap::{Args, ValueEnum};
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
};

/// How long the last flush may take.
const FLUSH: Duration = Duration::from_secs(2);

/// What is exported and where to. These are the variables of OpenTelemetry's specification that turn
/// exporting on and off, and those that we need to know; the others (`OTEL_RESOURCE_ATTRIBUTES`,
/// `OTEL_TRACES_SAMPLER`, `OTEL_BSP_…`, `OTEL_BLRP_…`, `OTEL_METRIC_EXPORT_INTERVAL`,
/// `OTEL_EXPORTER_OTLP_HEADERS`, `…_TIMEOUT`, `…_COMPRESSION`) are read by its own library.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct ExportSettings {
    /// Where the collector takes OTLP over gRPC, as in http://127.0.0.1:4317; nothing is exported if
    /// empty
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", default_value = "", value_name = "URL")]
    pub otel_exporter_otlp_endpoint: String,

    /// What the service is called there; the program's own name if empty
    #[arg(long, env = "OTEL_SERVICE_NAME", default_value = "", value_name = "NAME")]
    pub otel_service_name: String,

    /// Another collector for traces
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", default_value = "", value_name = "URL")]
    pub otel_exporter_otlp_traces_endpoint: String,

    /// Another collector for metrics
    #[arg(long, env = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", default_value = "", value_name = "URL")]
    pub otel_exporter_otlp_metrics_endpoint: String,

    /// Another collector for logs
    #[arg(long, env = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", default_value = "", value_name = "URL")]
    pub otel_exporter_otlp_logs_endpoint: String,

    /// Whether traces are exported
    #[arg(long, env = "OTEL_TRACES_EXPORTER", value_enum, default_value_t = Exporter::Otlp, value_name = "KIND")]
    pub otel_traces_exporter: Exporter,

    /// Whether metrics are exported
    #[arg(long, env = "OTEL_METRICS_EXPORTER", value_enum, default_value_t = Exporter::Otlp, value_name = "KIND")]
    pub otel_metrics_exporter: Exporter,

    /// Whether logs are exported
    #[arg(long, env = "OTEL_LOGS_EXPORTER", value_enum, default_value_t = Exporter::Otlp, value_name = "KIND")]
    pub otel_logs_exporter: Exporter,

    /// Whether nothing is exported whatever else is set: true or false
    #[arg(long, env = "OTEL_SDK_DISABLED", default_value = "false", value_name = "BOOLEAN", action = clap::ArgAction::Set, value_parser = boolean)]
    pub otel_sdk_disabled: bool,

    /// Most spans that wait to be exported; more are dropped, and counted
    #[arg(long, env = "OTEL_BSP_MAX_QUEUE_SIZE", default_value_t = 2048, value_name = "COUNT")]
    pub otel_bsp_max_queue_size: usize,

    /// Most log records that wait to be exported; more are dropped, and counted
    #[arg(long, env = "OTEL_BLRP_MAX_QUEUE_SIZE", default_value_t = 2048, value_name = "COUNT")]
    pub otel_blrp_max_queue_size: usize,
}

/// How a signal is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Exporter {
    /// By OTLP over gRPC
    Otlp,
    /// Not at all
    None,
}

/// Anything but "true", in any case, is false: so the specification wants it.
#[allow(clippy::unnecessary_wraps, reason = "a value parser may fail")]
fn boolean(text: &str) -> Result<bool, std::convert::Infallible> {
    Ok(text.eq_ignore_ascii_case("true"))
}

impl ExportSettings {
    /// The endpoint of a signal: its own, or else that of all; none if it is not exported.
    fn endpoint(&self, own: &str, exporter: Exporter) -> Option<String> {
        if self.otel_sdk_disabled || exporter == Exporter::None {
            return None;
        }
        [own, &self.otel_exporter_otlp_endpoint].into_iter().find(|url| !url.is_empty()).map(str::to_owned)
    }
}

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
        let ExportSettings {
            otel_exporter_otlp_traces_endpoint: traces,
            otel_exporter_otlp_metrics_endpoint: metrics,
            otel_exporter_otlp_logs_endpoint: logs,
            ..
        } = settings;
        if let Some(endpoint) = settings.endpoint(metrics, settings.otel_metrics_exporter) {
            let tally = exports.tally("metrics", 0);
            let exporter = MetricExporter::builder()
                .with_tonic()
                .with_endpoint(endpoint)
                .with_retry_policy(RetryPolicy::disabled())
                .build()?;
            let reader = PeriodicReader::builder(Counted::new(exporter, &tally)).build();
            let provider =
                SdkMeterProvider::builder().with_reader(reader).with_resource(resource.clone()).build();
            global::set_meter_provider(provider.clone());
            exports.metrics = Some(provider);
        }
        if let Some(endpoint) = settings.endpoint(logs, settings.otel_logs_exporter) {
            let room = settings.otel_blrp_max_queue_size.max(1);
            let tally = exports.tally("logs", room);
            let exporter = LogExporter::builder()
                .with_tonic()
                .with_endpoint(endpoint)
                .with_retry_policy(RetryPolicy::disabled())
                .build()?;
            let config = logs::BatchConfigBuilder::default().with_max_queue_size(room).build();
            let batches =
                BatchLogProcessor::builder(Counted::new(exporter, &tally)).with_batch_config(config).build();
            let processor = Bounded(Counted::new(batches, &tally));
            exports.logs = Some(
                SdkLoggerProvider::builder()
                    .with_log_processor(processor)
                    .with_resource(resource.clone())
                    .build(),
            );
        }
        if let Some(endpoint) = settings.endpoint(traces, settings.otel_traces_exporter) {
            let room = settings.otel_bsp_max_queue_size.max(1);
            let tally = exports.tally("traces", room);
            let exporter = SpanExporter::builder()
                .with_tonic()
                .with_endpoint(endpoint)
                .with_retry_policy(RetryPolicy::disabled())
                .build()?;
            let config = trace::BatchConfigBuilder::default().with_max_queue_size(room).build();
            let batches =
                BatchSpanProcessor::builder(Counted::new(exporter, &tally)).with_batch_config(config).build();
            let provider = SdkTracerProvider::builder()
                .with_span_processor(Bounded(Counted::new(batches, &tally)))
                .with_sampler(ByLinks::from_env())
                .with_resource(resource.clone())
                .build();
            global::set_text_map_propagator(TraceContextPropagator::new());
            exports.spans = Some(provider);
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
            spans.map(|spans| spans.shutdown_with_timeout(FLUSH));
            logs.map(|logs| logs.shutdown_with_timeout(FLUSH));
            metrics.map(|metrics| metrics.shutdown_with_timeout(FLUSH));
            drop(done);
        };
        if std::thread::Builder::new().name("last flush".to_owned()).spawn(flush).is_ok() {
            let _ = tokio::time::timeout(FLUSH, is_done).await;
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
