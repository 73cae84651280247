//! The gRPC server around the services: what HTTP/2 may do, TLS, and an address for health alone.
//! Knows no service but that of health.

use futures_util::{TryStreamExt as _, future::Either};
use http_body_util::BodyExt as _;
use services::{gathered::Gathered, telemetry::TracedCalls, tls::ServerTls};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{
    Code, Status,
    body::Body,
    codegen::http::Request,
    transport::{
        Error, Server,
        server::{Router, TcpIncoming},
    },
};
use tower::layer::util::{Identity, Stack};

use crate::config::bounds::{
    CALLER_ANSWERS_WITHIN, CALLER_ASKED_EVERY, CONNECTION_AGE, CONNECTION_WINDOW_BYTES, HEADERS_BYTES,
    RESETS, STREAM_WINDOW_BYTES, STREAMS,
};

/// What every call passes.
type Layers = Stack<TracedCalls, Identity>;

/// A server to which services are added.
pub(crate) fn builder() -> Server<Layers> {
    Server::builder()
        .layer(TracedCalls)
        .http2_keepalive_interval(Some(CALLER_ASKED_EVERY))
        .http2_keepalive_timeout(Some(CALLER_ANSWERS_WITHIN))
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_max_header_list_size(HEADERS_BYTES)
        .http2_max_pending_accept_reset_streams(Some(RESETS))
        // Each process at another age, so that not all connections move at once. No grace period:
        // tonic would say nothing at the age and cut everything after the grace.
        .max_connection_age(CONNECTION_AGE.mul_f64(rand::random_range(0.9..1.1)))
}

/// Serves until `stop`, then lets what is under way end.
pub(crate) fn serve(
    router: Router<Layers>,
    listener: TcpListener,
    tls: Option<ServerTls>,
    stop: CancellationToken,
) -> impl Future<Output = Result<(), Error>> {
    let connections = TcpIncoming::from(listener).with_nodelay(Some(true));
    let stop = stop.cancelled_owned();
    match tls {
        None => {
            let connections = connections.map_ok(Gathered::new);
            Either::Left(router.serve_with_incoming_shutdown(connections, stop))
        }
        Some(tls) => {
            let connections = tls.greet(connections).map_ok(Gathered::new);
            Either::Right(router.serve_with_incoming_shutdown(connections, stop))
        }
    }
}

/// Lets the messages of a call that its caller gave up end with an error: tonic ends them as if they
/// were all (`codec/decode.rs`, where a request is `Cancelled`).
pub(crate) fn given_up_is_no_end(request: Request<Body>) -> Request<Body> {
    let told = |status: Status| match status.code() {
        Code::Cancelled => Status::aborted("the call was given up"),
        _ => status,
    };
    request.map(|body| Body::new(body.map_err(told)))
}
