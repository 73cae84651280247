//! How a scoring process is connected to, and what HTTP/2 may do on the way. Chooses nobody.

use std::io;

use axum::http::Uri;
use hyper_util::rt::TokioIo;
use services::{gathered::Gathered, tls::ClientTls};
use tokio::net::TcpStream;
use tokio_util::either::Either;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use super::address::ScoringUrl;
use crate::config::bounds::{
    CONNECTION_WINDOW_BYTES, REPLY_HEADERS_BYTES, SCORING_ASKED_EVERY, SCORING_CONNECTS, STREAM_WINDOW_BYTES,
};

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
            .connect_timeout(SCORING_CONNECTS)
            .http2_keep_alive_interval(SCORING_ASKED_EVERY)
            .keep_alive_timeout(SCORING_ASKED_EVERY)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .http2_max_header_list_size(REPLY_HEADERS_BYTES);
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let (tls, target) = (self.tls.clone(), target.to_owned());
        let connect = service_fn(move |_| {
            let (tls, target) = (tls.clone(), target.clone());
            async move {
                let connection = TcpStream::connect(&target).await?;
                connection.set_nodelay(true)?;
                let connection = match tls {
                    None => Either::Left(connection),
                    Some(tls) => Either::Right(tls.connect(connection).await?),
                };
                io::Result::Ok(TokioIo::new(Gathered::new(connection)))
            }
        });
        endpoint.origin(uri(scheme, &self.authority)).connect_with_connector_lazy(connect)
    }
}

fn uri(scheme: &str, authority: &str) -> Uri {
    format!("{scheme}://{authority}").parse().expect("hosts, addresses and ports make URLs")
}
