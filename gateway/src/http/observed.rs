//! Requests as telemetry sees them: a span and a duration for each, both over when the answer
//! begins, so that none lives as long as a socket or a download.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
    middleware::Next,
    response::Response,
};
use opentelemetry::KeyValue;
use services::telemetry::{self, TARGET, semconv};
use tracing::{Instrument as _, Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::metrics;

/// What probes ask, which is no work.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// Observes one request.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    if route.is_some_and(|route| PROBES.contains(&route)) {
        return next.run(request).await;
    }
    let (method, began) = (name(request.method()), Instant::now());
    let span = span(&request, method, route);
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    let code = i64::from(status.as_u16());
    span.record(semconv::HTTP_RESPONSE_STATUS_CODE, code);
    let mut attributes = vec![
        KeyValue::new(semconv::HTTP_REQUEST_METHOD, method),
        KeyValue::new(semconv::URL_SCHEME, "http"),
        KeyValue::new(semconv::HTTP_RESPONSE_STATUS_CODE, code),
    ];
    attributes.extend(route.map(|route| KeyValue::new(semconv::HTTP_ROUTE, route.to_owned())));
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR").record(semconv::ERROR_TYPE, status.as_str());
        attributes.push(KeyValue::new(semconv::ERROR_TYPE, status.as_str().to_owned()));
    }
    metrics::answered(began.elapsed(), &attributes);
    response
}

fn span(request: &Request, method: &'static str, route: Option<&str>) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.name = %format!("{method} {}", route.unwrap_or_default()).trim_end(),
        otel.kind = "server",
        otel.status_code = Empty,
        { semconv::HTTP_REQUEST_METHOD } = method,
        { semconv::URL_SCHEME } = "http",
        { semconv::URL_PATH } = path(request.uri().path(), route),
        { semconv::HTTP_ROUTE } = route,
        { semconv::HTTP_RESPONSE_STATUS_CODE } = Empty,
        { semconv::ERROR_TYPE } = Empty,
    );
    let _ = span.set_parent(telemetry::context_in(request.headers()));
    span
}

/// The path, unless something in it is not to be told: a join code, or whatever stands in a path
/// that is none of ours. The query, where tokens may stand, is never told.
pub(super) fn path<'a>(path: &'a str, route: Option<&'a str>) -> &'a str {
    match route {
        Some(route) if route.contains("{code}") => route,
        Some(_) => path,
        None => "",
    }
}

/// A method by its name; callers may make up others.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_codes_and_unknown_paths_are_not_told() {
        for (given, route, expected) in [
            (
                "/quizzes/quiz_a1b2c3d4e5f6/info",
                Some("/quizzes/{quiz_id}/info"),
                "/quizzes/quiz_a1b2c3d4e5f6/info",
            ),
            ("/join/ABCDEF", Some("/join/{code}"), "/join/{code}"),
            ("/eyJhbGciOi", None, ""),
        ] {
            assert_eq!(path(given, route), expected);
        }
    }
}
