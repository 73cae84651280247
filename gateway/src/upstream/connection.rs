//! How a scoring process is connected to, and what HTTP/2 may do on the way. Chooses nobody.

use std::{io, time::Duration};

use axum::http::Uri;
use hyper_util::rt::TokioIo;
use services::tls::ClientTls;
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use super::address::ScoringUrl;

/// How long it may take until somebody answers, TLS included.
const CONNECTS_WITHIN: Duration = Duration::from_secs(1);

/// An idle connection is asked this often whether somebody is there, and given up when nobody has
/// answered for as long again: frozen processes and lost links are noticed within ten seconds.
/// Scoring takes as many pings as come.
const ASKED_EVERY: Duration = Duration::from_secs(5);

/// What may be sent unread on one stream: a thousand rows in one go. Beyond it scoring waits, and
/// then sends the newest state only.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;

/// What may be sent unread on a whole connection. Far more than a stream's, so that no stream can
/// take what the others need; it also pays for small frames that are not read at once, of which
/// h2 takes only as much as half of this window stands for before it ends the connection.
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// Headers are a status and a few details of errors.
const MAX_HEADERS_BYTES: u32 = 64 << 10;

/// Streams last and calls do not: each kind has a connection of its own, so that neither a window
/// nor a lost stream holds up a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Calls,
    Streams,
}

/// How to reach the processes of one URL.
#[derive(Debug, Clone)]
pub(super) struct Dialer {
    /// Whom to ask for, whatever address answers: `scoring:50051`.
    authority: String,
    tls: Option<ClientTls>,
}

impl Dialer {
    pub(super) fn new(url: &ScoringUrl, tls: Option<ClientTls>) -> Self {
        Self { authority: url.authority(), tls }
    }

    /// Prepares a connection to `host:port` or `address:port`; it is made when it is first needed,
    /// and again when it was lost.
    pub(super) fn dial(&self, target: &str) -> Channel {
        let endpoint = Endpoint::from(uri("http", target))
            .connect_timeout(CONNECTS_WITHIN)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(ASKED_EVERY)
            .keep_alive_timeout(ASKED_EVERY)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .http2_max_header_list_size(MAX_HEADERS_BYTES);
        let Some(tls) = self.tls.clone() else {
            return endpoint.origin(uri("http", &self.authority)).connect_lazy();
        };
        let target = target.to_owned();
        let connect = service_fn(move |_| {
            let (tls, target) = (tls.clone(), target.clone());
            async move {
                let connection = TcpStream::connect(&target).await?;
                connection.set_nodelay(true)?;
                io::Result::Ok(TokioIo::new(tls.connect(connection).await?))
            }
        });
        endpoint.origin(uri("https", &self.authority)).connect_with_connector_lazy(connect)
    }
}

fn uri(scheme: &str, authority: &str) -> Uri {
    format!("{scheme}://{authority}").parse().expect("hosts, addresses and ports make URLs")
}
