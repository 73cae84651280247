//! The newest frame onto every socket. A port: how sockets are written is its adapters' matter.
//!
//! An adapter finishes the handshake itself and owns the connection from the 101 on, so that one
//! may keep a WebSocket in a task and another take the plain stream out of HTTP's hands. It gets
//! what to write from a [`Watcher`](crate::boards::Watcher), one state at a time and always the
//! newest; the rules of conduct are in [`crate::socket`].

mod hub;
mod tasks;

use std::{io, time::Duration};

use axum::{http::request::Parts, response::Response};
use services::shutdown::Shutdown;

#[cfg(feature = "costs")]
pub use self::hub::Counted;
#[cfg(any(test, fuzzing))]
pub(crate) use self::hub::overhear;

use self::{hub::Hub, tasks::Tasks};
use crate::{
    config::FanoutKind,
    socket::{Allowance, Conversations, NotAnUpgrade, leaderboard::Subscriber, quiz::Spectator},
};

/// Whom a socket is for.
pub(crate) enum Guest {
    /// Follows one quiz.
    Spectator(Spectator),
    /// Follows what it subscribes to, and what happens everywhere.
    Subscriber(Subscriber),
    /// Hears what it says, however much that is.
    #[cfg(feature = "conformance")]
    Echo,
}

/// Writes boards onto sockets.
pub(crate) trait Fanout: Send + Sync {
    /// Answers an upgrade request with 101. From then on writes what the guest has not seen, until
    /// it leaves or breaks the rules, the quiz is deleted, or the service stops.
    ///
    /// # Errors
    /// If the request asks for something else than a WebSocket.
    fn adopt(&self, request: Parts, guest: Guest) -> Result<Response, NotAnUpgrade>;
}

/// Starts to write in one way or the other. Sockets are sent away within `grace`.
///
/// # Errors
/// If the system gives the hub no poll or no thread.
pub(crate) fn start(
    kind: FanoutKind,
    allowance: Allowance,
    grace: Duration,
    conversations: Conversations,
    shutdown: &Shutdown,
) -> io::Result<Box<dyn Fanout>> {
    let tasks = Tasks::new(conversations);
    Ok(match kind {
        FanoutKind::Hub => Box::new(Hub::start(allowance, grace, tasks, shutdown.clone())?),
        FanoutKind::Tasks => Box::new(tasks),
    })
}
