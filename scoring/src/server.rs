//! The gRPC server around the services: what HTTP/2 may do, TLS, and an address for health alone.
//! Knows no service but that of health.

use std::time::Duration;

use futures_util::future::Either;
use services::{telemetry::TracedCalls, tls::ServerTls};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::{
    Error, Server,
    server::{Router, TcpIncoming},
};
use tower::layer::util::{Identity, Stack};

/// What every call passes.
type Layers = Stack<TracedCalls, Identity>;

/// How often an idle connection is asked whether somebody is there, and how long it may take.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// Streams and calls of one connection at once: more than a gateway with a stream for each of its
/// sockets opens. Whoever comes beyond waits without being told, calls too, hence so many.
const STREAMS: u32 = 200_000;

/// What may arrive unread on one stream: an upload is read as fast as it can be checked.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;

/// What may arrive unread on one connection: some streams that are not read at once leave room.
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;

/// Headers of a call are its name, a deadline and the context of a trace.
const HEADERS_BYTES: u32 = 16 << 10;

/// Streams of one connection that were opened and reset at once, before it is ended (CVE-2023-44487).
const RESETS: usize = 100;

/// When a connection is to be replaced by a new one, which streams that are open outlive: callers
/// without balancing meet other replicas, and certificates that are no longer good do not last.
const AGE: Duration = Duration::from_secs(30 * 60);

/// A server to which services are added.
pub(crate) fn builder() -> Server<Layers> {
    Server::builder()
        .layer(TracedCalls)
        .http2_keepalive_interval(Some(KEEP_ALIVE.0))
        .http2_keepalive_timeout(Some(KEEP_ALIVE.1))
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_max_header_list_size(HEADERS_BYTES)
        .http2_max_pending_accept_reset_streams(Some(RESETS))
        // Each process at another age, so that not all connections move at once. No grace period:
        // tonic would say nothing at the age and cut everything after the grace.
        .max_connection_age(AGE.mul_f64(rand::random_range(0.9..1.1)))
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
        None => Either::Left(router.serve_with_incoming_shutdown(connections, stop)),
        Some(tls) => Either::Right(router.serve_with_incoming_shutdown(tls.greet(connections), stop)),
    }
}
