//! HTTP: a request in, a gRPC call out. The routes, and what all of them share.

mod answers;
mod code;
pub(crate) mod credentials;
pub(crate) mod error;
mod host;
mod observed;
mod openapi;
mod page;
mod performance;
mod play;
mod probes;
mod questions;
mod quizzes;
pub(crate) mod request;
mod results;
mod routes;
mod run;
mod serve;
mod shapes;
mod sign_in;
mod subjects;
#[cfg(test)]
mod typescript;
mod upload;

use std::{
    any::Any,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, header},
    middleware,
    response::{IntoResponse, Response},
};
use services::{shutdown::Shutdown, telemetry};
use tokio::sync::Semaphore;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::CorsLayer,
    request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
    trace::TraceLayer,
};
use tracing::Span;

pub(crate) use self::{serve::serve, sign_in::SignIn, upload::room_for_uploads};

#[cfg(any(test, fuzzing))]
pub(crate) use self::upload::is_read_alike;

use self::error::{Code, Error};
use crate::{
    activity::Activity,
    boards::Boards,
    door::{Door, Origins},
    fanout::Fanout,
    seats::Seats,
    socket::{Conversations, topics::Topics},
    tokens::{JwtVerifier, ParticipantSecrets},
    upstream::Upstream,
};

/// What requests are answered with.
pub(crate) struct Gateway {
    pub(crate) upstream: Upstream,
    pub(crate) boards: Boards,
    pub(crate) activity: Activity,
    pub(crate) topics: Arc<Topics>,
    pub(crate) seats: Seats,
    pub(crate) fanout: Box<dyn Fanout>,
    pub(crate) conversations: Conversations,
    pub(crate) door: Door,
    pub(crate) jwt: JwtVerifier,
    pub(crate) sign_in: SignIn,
    pub(crate) participants: ParticipantSecrets,
    pub(crate) uploads: Semaphore,
    pub(crate) has_met_scoring: AtomicBool,
    pub(crate) shutdown: Shutdown,
}

/// All routes.
pub(crate) fn router(gateway: Arc<Gateway>) -> Router {
    let cors = cors(&gateway.door.origins);
    let routes = routes::routes()
        .merge(page::routes())
        .fallback(|| async { Error::new(Code::NotFound, "there is nothing here") })
        .method_not_allowed_fallback(|| async {
            Error::new(Code::MethodNotAllowed, "this method is not allowed here")
        });
    let routes = match cors {
        Some(cors) => routes.layer(cors),
        None => routes,
    };
    let routes = routes.layer(CatchPanicLayer::custom(panicked)).layer(
        TraceLayer::new_for_http()
            .make_span_with(span)
            .on_request(())
            .on_response(|response: &Response, latency: Duration, _: &Span| {
                tracing::debug!(status = response.status().as_u16(), ?latency, "answered");
            })
            .on_failure(()),
    );
    let routes =
        if telemetry::is_on() { routes.layer(middleware::from_fn(observed::observe)) } else { routes };
    routes
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, RandomId))
        .with_state(gateway)
}

/// What each route that takes JSON says of a body, if it refuses it.
#[cfg(any(test, fuzzing))]
pub(crate) fn body_complaints(body: &[u8]) -> Vec<String> {
    fn complaint<T: serde::de::DeserializeOwned>(body: &[u8]) -> Option<String> {
        let body = axum::body::Bytes::copy_from_slice(body);
        request::parse::<T>(&body, true).err().map(|error| error.to_string())
    }
    let complaints = [
        complaint::<play::Join>(body),
        complaint::<answers::Answer>(body),
        complaint::<host::Create>(body),
        complaint::<questions::Add>(body),
        complaint::<sign_in::Login>(body),
        complaint::<subjects::Naming>(body),
    ];
    complaints.into_iter().flatten().collect()
}

/// W3C Trace Context, for pages of other origins that trace.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names requests that bring no name of their own.
#[derive(Clone, Copy)]
struct RandomId;

impl MakeRequestId for RandomId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let id = format!("{:016x}", rand::random::<u64>());
        Some(RequestId::new(id.parse().expect("hexadecimal digits are a header value")))
    }
}

/// The span of a request: its path without the query, where tokens may stand.
fn span(request: &Request) -> Span {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = request.uri().path(), request.id = id)
}

#[allow(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("of unknown kind");
    tracing::error!(panic = text, "a request handler panicked");
    Error::internal().into_response()
}

/// What pages of other origins may do; nothing unless the settings name origins.
fn cors(origins: &Origins) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.named().to_vec();
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, REQUEST_ID, TRACEPARENT, TRACESTATE])
            .expose_headers([header::RETRY_AFTER, REQUEST_ID])
            .max_age(Duration::from_secs(3600))
    })
}
