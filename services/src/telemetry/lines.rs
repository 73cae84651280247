//! Log lines on stderr, each with the trace and the span that it was written in.

use std::{fmt, io};

use opentelemetry::{Context, trace::TraceContextExt as _};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    Layer,
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{self, JsonFields, Writer},
    },
    registry::LookupSpan,
};

use super::LogFormat;

/// Writes lines to stderr.
pub(super) fn layer<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    layer_to(format, io::stderr)
}

fn layer_to<S, W>(format: LogFormat, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Pretty => Box::new(lines.event_format(Pretty {
            plain: format::format().compact().with_ansi(false),
            coloured: format::format().compact().with_ansi(true),
        })),
        LogFormat::Json => Box::new(
            lines
                .fmt_fields(JsonFields::new())
                .event_format(Json(format::format().json().flatten_event(true))),
        ),
    }
}

/// A line for a person, with the trace at its end.
struct Pretty<F> {
    plain: F,
    coloured: F,
}

/// One JSON object, with the trace as its first members.
struct Json<F>(F);

impl<S, N, F> FormatEvent<S, N> for Pretty<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let format = if writer.has_ansi_escapes() { &self.coloured } else { &self.plain };
        let Some((trace, span)) = place() else { return format.format_event(context, writer, event) };
        let mut line = String::new();
        format.format_event(context, Writer::new(&mut line), event)?;
        writeln!(writer, "{} trace_id={trace} span_id={span}", line.trim_end())
    }
}

impl<S, N, F> FormatEvent<S, N> for Json<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some((trace, span)) = place() else { return self.0.format_event(context, writer, event) };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        let members = line.strip_prefix('{').unwrap_or(&line);
        write!(writer, r#"{{"trace_id":"{trace}","span_id":"{span}",{members}"#)
    }
}

/// The trace and the span that are current here.
fn place() -> Option<(String, String)> {
    let context = Context::current();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| (span.trace_id().to_string(), span.span_id().to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written of one event, in a trace and outside of any.
    fn written(format: LogFormat) -> [String; 2] {
        [TraceId::from(10), TraceId::INVALID].map(|trace| {
            let paper = Paper::default();
            let writer = paper.clone();
            let layer = layer_to(format, move || writer.clone());
            let span = SpanContext::new(trace, SpanId::from(11), TraceFlags::SAMPLED, true, TraceState::NONE);
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
                let _here = Context::new().with_remote_span_context(span).attach();
                tracing::info!(quiz.id = "quiz_1", "it \"begins\"");
            });
            String::from_utf8(paper.0.lock().unwrap().clone()).unwrap()
        })
    }

    #[test]
    fn a_line_names_the_trace_that_it_was_written_in() {
        let [within, outside] = written(LogFormat::Pretty);
        let place = " trace_id=0000000000000000000000000000000a span_id=000000000000000b\n";
        assert!(within.ends_with(place) && within.lines().count() == 1, "{within}");
        assert!(within.contains("begins") && !outside.contains("trace_id"), "{outside}");
    }

    #[test]
    fn json_stays_json() {
        let lines = written(LogFormat::Json).map(|line| {
            assert!(line.ends_with("}\n"), "{line}");
            serde_json::from_str::<serde_json::Value>(&line).unwrap()
        });
        assert_eq!(lines[0]["trace_id"], "0000000000000000000000000000000a");
        assert_eq!(lines[0]["span_id"], "000000000000000b");
        assert!(lines[1].get("trace_id").is_none());
        assert!(lines.iter().all(|line| line["message"] == "it \"begins\"" && line["quiz.id"] == "quiz_1"));
    }
}
