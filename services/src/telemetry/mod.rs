//! Telemetry: log lines on stderr and, where a collector is named, traces, metrics and logs by OTLP.
//!
//! Without a collector nothing is set up: spans of [`TARGET`] are disabled where they are written
//! down, and [`is_on`] is a load of one flag.

mod cause;
pub mod database;
mod dropped;
mod export;
mod grpc;
mod limits;
mod lines;
mod sampler;
pub mod semconv;
mod settings;

use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};
use opentelemetry::{Context, InstrumentationScope, global, metrics::Meter, propagation::Extractor};
use tonic::codegen::http::{HeaderMap, HeaderName};
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry,
    filter::{FilterExt as _, LevelFilter, filter_fn},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

pub use self::{
    cause::{Cause, Causes, here, proceed},
    export::Exports,
    grpc::{Traced, TracedCalls},
    limits::limit_reached,
    settings::{ExportSettings, Exporter},
};

/// The target of the spans that are exported, which no log line shows.
pub const TARGET: &str = "trace";

/// Libraries under the exporter: what they log about an export must not be exported in turn.
const BENEATH_THE_EXPORTER: [&str; 6] = ["h2", "hyper", "opentelemetry", "rustls", "tonic", "tower"];

static IS_ON: AtomicBool = AtomicBool::new(false);

/// How a program logs, and where it exports to.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Telemetry")]
pub struct Telemetry {
    /// Which log lines to write, as in `info,scoring=debug`
    #[arg(long, env = "RUST_LOG", default_value = "info")]
    pub rust_log: String,

    /// How log lines look, on stderr
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Pretty)]
    pub log_format: LogFormat,

    /// What is exported
    #[command(flatten)]
    pub export: ExportSettings,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For a person in a terminal
    Pretty,
    /// One JSON object a line
    Json,
}

/// Makes the instruments of one room of the house.
#[must_use]
pub fn meter(room: &'static str) -> Meter {
    let scope = InstrumentationScope::builder(room)
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(semconv::SCHEMA_URL);
    global::meter_with_scope(scope.build())
}

/// The trace that a request goes on with, by W3C Trace Context in its headers.
#[must_use]
pub fn context_in(headers: &HeaderMap) -> Context {
    global::get_text_map_propagator(|propagator| {
        propagator.extract_with_context(&Context::new(), &Headers(headers))
    })
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// Whether anything is exported.
#[must_use]
pub fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}

impl Telemetry {
    /// Starts log lines for the whole process and exports nothing: for commands that soon end.
    ///
    /// # Errors
    /// If the filter is malformed, in one sentence.
    pub fn log(&self) -> Result<Exports, String> {
        let exports = Exports::default();
        self.subscribe(&exports)?;
        Ok(exports)
    }

    /// Starts log lines for the whole process, and exports in the name of `service` if a collector
    /// is named. Must be called in the runtime that the exporters then work in.
    ///
    /// # Errors
    /// If a setting is bad, in one sentence.
    pub fn start(&self, service: &'static str) -> Result<Exports, String> {
        let exports = Exports::start(&self.export, service).map_err(|error| format!("error: {error}"))?;
        self.subscribe(&exports)?;
        IS_ON.store(exports.are_on(), Ordering::Relaxed);
        Ok(exports)
    }

    fn subscribe(&self, exports: &Exports) -> Result<(), String> {
        let wanted =
            EnvFilter::try_new(&self.rust_log).map_err(|error| format!("error: RUST_LOG: {error}"))?;
        subscriber(wanted, self.log_format, exports).init();
        Ok(())
    }
}

/// Writes the wanted lines and hands on what is exported.
fn subscriber(wanted: EnvFilter, format: LogFormat, exports: &Exports) -> impl Subscriber + use<> {
    // Its hint leaves it to the other filter which levels are wanted.
    let is_line = filter_fn(|metadata| metadata.target() != TARGET).with_max_level_hint(LevelFilter::TRACE);
    let is_span = filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET)
        .with_max_level_hint(LevelFilter::INFO);
    let spans = exports.span_layer().map(|layer| layer.with_filter(is_span).boxed());
    let logs = exports.log_layer().map(|layer| layer.with_filter(to_export(wanted.clone())).boxed());
    // Only the layers that there are: one that is none has no filter, and so would want every span of
    // every library.
    let mut layers = vec![lines::layer(format).with_filter(is_line.and(wanted)).boxed()];
    layers.extend(spans);
    layers.extend(logs);
    Registry::default().with(layers)
}

/// What of the log goes to the collector.
fn to_export(wanted: EnvFilter) -> EnvFilter {
    BENEATH_THE_EXPORTER.iter().fold(wanted, |filter, library| {
        filter.add_directive(format!("{library}=off").parse().expect("it is a directive"))
    })
}

#[cfg(test)]
mod tests {
    use tracing::{
        Metadata,
        callsite::{Callsite, Identifier},
        field::FieldSet,
        metadata::Kind,
        subscriber::Interest,
    };

    use super::*;

    /// A place where a span is written down.
    struct Place(&'static Metadata<'static>);

    impl Callsite for Place {
        fn set_interest(&self, _: Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            self.0
        }
    }

    macro_rules! place {
        ($target:expr, $level:ident) => {{
            static PLACE: Place = Place(&METADATA);
            static METADATA: Metadata<'static> = Metadata::new(
                "span",
                $target,
                tracing::Level::$level,
                None,
                None,
                None,
                FieldSet::new(&[], Identifier(&PLACE)),
                Kind::SPAN,
            );
            &METADATA
        }};
    }

    fn without_collector(wanted: &str) -> impl Subscriber + use<> {
        subscriber(EnvFilter::new(wanted), LogFormat::Pretty, &Exports::default())
    }

    #[test]
    fn without_a_collector_spans_are_disabled_where_they_are_written_down() {
        let subscriber = without_collector("info");
        assert!(subscriber.register_callsite(place!(TARGET, INFO)).is_never());
        assert!(subscriber.register_callsite(place!("h2", TRACE)).is_never());
        assert!(subscriber.register_callsite(place!("scoring", INFO)).is_always());
    }

    #[test]
    fn levels_that_no_line_has_are_disabled_as_a_whole() {
        assert_eq!(without_collector("warn").max_level_hint(), Some(LevelFilter::WARN));
        assert_eq!(without_collector("info,h2=debug").max_level_hint(), Some(LevelFilter::DEBUG));
    }
}
