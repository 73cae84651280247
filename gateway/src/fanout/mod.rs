//! The newest frame onto every socket. A port: how sockets are written is its adapters' matter.
//!
//! An adapter finishes the handshake itself and owns the connection from the 101 on, so that one
//! may keep a WebSocket in a task and another take the plain stream out of HTTP's hands. It gets
//! what to write from a [`Watcher`](crate::boards::Watcher), one state at a time and always the
//! newest; the rules of conduct are in [`crate::socket`].

mod hub;
mod tasks;

use axum::{http::request::Parts, response::Response};

#[cfg(any(test, fuzzing))]
pub(crate) use self::hub::overhear;
pub(crate) use self::{hub::Hub, tasks::Tasks};

use crate::socket::{NotAnUpgrade, quiz::Spectator};

/// Writes boards onto sockets.
pub(crate) trait Fanout: Send + Sync {
    /// Answers an upgrade request with 101. From then on writes what the spectator has not seen,
    /// until the peer leaves, breaks the rules, the quiz is deleted, or the service stops.
    ///
    /// # Errors
    /// If the request asks for something else than a WebSocket.
    fn adopt(&self, request: Parts, spectator: Spectator) -> Result<Response, NotAnUpgrade>;
}
