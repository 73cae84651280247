//! The settings of exporting, by the names that OpenTelemetry's specification gives them.

use clap::{Args, ValueEnum};

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
    /// Where traces go, if they are exported.
    pub(super) fn traces(&self) -> Option<String> {
        self.endpoint(&self.otel_exporter_otlp_traces_endpoint, self.otel_traces_exporter)
    }

    /// Where metrics go, if they are exported.
    pub(super) fn metrics(&self) -> Option<String> {
        self.endpoint(&self.otel_exporter_otlp_metrics_endpoint, self.otel_metrics_exporter)
    }

    /// Where logs go, if they are exported.
    pub(super) fn logs(&self) -> Option<String> {
        self.endpoint(&self.otel_exporter_otlp_logs_endpoint, self.otel_logs_exporter)
    }

    /// The endpoint of a signal: its own, or else that of all; none if it is not exported.
    fn endpoint(&self, own: &str, exporter: Exporter) -> Option<String> {
        if self.otel_sdk_disabled || exporter == Exporter::None {
            return None;
        }
        [own, &self.otel_exporter_otlp_endpoint].into_iter().find(|url| !url.is_empty()).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        settings: ExportSettings,
    }

    fn endpoints(flags: &[&str]) -> [Option<String>; 3] {
        let flags = std::iter::once(&"program").chain(flags);
        let settings = Program::parse_from(flags).settings;
        [settings.traces(), settings.metrics(), settings.logs()]
    }

    #[test]
    fn a_signal_goes_to_its_own_endpoint_or_that_of_all_and_nowhere_if_it_is_left_out() {
        let [all, own] = ["http://all:4317", "http://own:4317"].map(|url| Some(url.to_owned()));
        let set = [
            "--otel-exporter-otlp-endpoint=http://all:4317",
            "--otel-exporter-otlp-traces-endpoint=http://own:4317",
            "--otel-logs-exporter=none",
            "--otel-sdk-disabled=no",
        ];
        assert_eq!(endpoints(&set), [own.clone(), all, None]);
        assert_eq!(endpoints(&["--otel-exporter-otlp-endpoint=", set[1]]), [own, None, None]);
        assert_eq!(endpoints(&[set[0], "--otel-sdk-disabled=TRUE"]), [None, None, None]);
    }
}
