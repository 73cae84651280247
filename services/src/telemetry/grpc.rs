//! Calls by gRPC: a span on each side, joined by W3C Trace Context in the metadata, and their
//! durations. A call that opens a stream is over when the stream is open.

use std::{
    sync::{Arc, LazyLock},
    task::{Context, Poll},
    time::Instant,
};

use futures_util::future::{BoxFuture, Either};
use opentelemetry::{KeyValue, global, metrics::Histogram, propagation::Injector};
use tonic::{
    Code,
    codegen::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri},
};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::{TARGET, is_on, semconv};

/// The services whose calls are observed; health checks and reflection are not.
const OURS: &str = "/scorecast.";

/// Observes the calls that a server answers.
#[derive(Debug, Clone, Copy)]
pub struct TracedCalls;

/// A service whose calls are observed: a server's, or the way to one.
#[derive(Debug, Clone)]
pub struct Traced<S> {
    inner: S,
    side: Side,
}

#[derive(Debug, Clone)]
enum Side {
    Server,
    Client { host: Arc<str>, port: u16 },
}

impl<S> Layer<S> for TracedCalls {
    type Service = Traced<S>;

    fn layer(&self, inner: S) -> Traced<S> {
        Traced { inner, side: Side::Server }
    }
}

impl<S> Traced<S> {
    /// Observes the calls that go through a channel to a server.
    pub fn client(inner: S, server: &Uri) -> Self {
        let host = server.host().unwrap_or_default().into();
        Self { inner, side: Side::Client { host, port: server.port_u16().unwrap_or(80) } }
    }
}

impl<S, Q, A> Service<Request<Q>> for Traced<S>
where
    S: Service<Request<Q>, Response = Response<A>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    A: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<S::Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        if !is_on() || !request.uri().path().starts_with(OURS) {
            return Either::Left(self.inner.call(request));
        }
        let call = self.side.begin(&mut request);
        let answer = self.inner.call(request).instrument(call.span.clone());
        Either::Right(Box::pin(async move {
            let answer = answer.await;
            call.ended(answer.as_ref().map_or(Code::Unavailable, |response| code(response.headers())));
            answer
        }))
    }
}

impl Side {
    /// Begins a call, and sees that both sides know of each other.
    fn begin<Q>(&self, request: &mut Request<Q>) -> Call {
        let method = request.uri().path().trim_start_matches('/').to_owned();
        let span = tracing::info_span!(
            target: TARGET,
            "call",
            otel.name = %method,
            otel.kind = if matches!(self, Self::Server) { "server" } else { "client" },
            otel.status_code = Empty,
            { semconv::RPC_SYSTEM_NAME } = "grpc",
            { semconv::RPC_METHOD } = %method,
            { semconv::RPC_RESPONSE_STATUS_CODE } = Empty,
            { semconv::ERROR_TYPE } = Empty,
            { semconv::SERVER_ADDRESS } = Empty,
            { semconv::SERVER_PORT } = Empty,
        );
        let durations = match self {
            Self::Server => {
                let _ = span.set_parent(super::context_in(request.headers()));
                &SERVED
            }
            Self::Client { host, port } => {
                span.record(semconv::SERVER_ADDRESS, &**host).record(semconv::SERVER_PORT, i64::from(*port));
                let context = span.context();
                global::get_text_map_propagator(|propagator| {
                    propagator.inject_context(&context, &mut Write(request.headers_mut()));
                });
                &CALLED
            }
        };
        Call {
            span,
            method,
            began: Instant::now(),
            durations,
            is_error: self.errors(),
            code: Code::Cancelled,
        }
    }

    /// Which codes are errors of this side: a server's are those that are not the caller's fault.
    fn errors(&self) -> fn(Code) -> bool {
        match self {
            Self::Client { .. } => |code| code != Code::Ok,
            Self::Server => |code| {
                matches!(
                    code,
                    Code::Unknown
                        | Code::DeadlineExceeded
                        | Code::Unimplemented
                        | Code::Internal
                        | Code::Unavailable
                        | Code::DataLoss
                )
            },
        }
    }
}

/// A call under way. One that is given up was cancelled.
struct Call {
    span: Span,
    method: String,
    began: Instant,
    durations: &'static Histogram<f64>,
    is_error: fn(Code) -> bool,
    code: Code,
}

impl Call {
    fn ended(mut self, code: Code) {
        self.code = code;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let code = name(self.code);
        self.span.record(semconv::RPC_RESPONSE_STATUS_CODE, code);
        // Whoever calls may make up methods, and there are not many that we have.
        let method = match self.code {
            Code::Unimplemented => "_OTHER".to_owned(),
            _ => std::mem::take(&mut self.method),
        };
        let mut attributes = vec![
            KeyValue::new(semconv::RPC_SYSTEM_NAME, "grpc"),
            KeyValue::new(semconv::RPC_METHOD, method),
            KeyValue::new(semconv::RPC_RESPONSE_STATUS_CODE, code),
        ];
        if (self.is_error)(self.code) {
            self.span.record("otel.status_code", "ERROR").record(semconv::ERROR_TYPE, code);
            attributes.push(KeyValue::new(semconv::ERROR_TYPE, code));
        }
        self.durations.record(self.began.elapsed().as_secs_f64(), &attributes);
    }
}

static SERVED: LazyLock<Histogram<f64>> = LazyLock::new(|| durations(semconv::RPC_SERVER_CALL_DURATION));
static CALLED: LazyLock<Histogram<f64>> = LazyLock::new(|| durations(semconv::RPC_CLIENT_CALL_DURATION));

fn durations(name: &'static str) -> Histogram<f64> {
    super::meter("services")
        .f64_histogram(name)
        .with_unit("s")
        .with_description("How long calls take; one that opens a stream, until it is open")
        .with_boundaries(semconv::DURATION_BUCKETS.to_vec())
        .build()
}

/// The status of an answer: an error stands in its headers, and so does success unless it follows
/// the body.
fn code(headers: &HeaderMap) -> Code {
    headers.get("grpc-status").map_or(Code::Ok, |status| Code::from_bytes(status.as_bytes()))
}

/// A code as the conventions want it.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Writes the context of a call beside it.
struct Write<'a>(&'a mut HeaderMap);

impl Injector for Write<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(key), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(key, value);
        }
    }
}
