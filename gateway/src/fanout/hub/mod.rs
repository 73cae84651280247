//! One thread that owns all plain sockets: after the handshake the TCP stream is taken out of
//! HTTP's hands, and from then on one poll tells what to read and one loop writes.
//!
//! A board's newest state stands in one slot; its bytes are laid out once and sent to one socket
//! after the other. Nothing is queued for a socket but what the kernel left of a frame that was
//! begun, and answers to what it has asked. Connections of another kind are served by a task each.

mod batches;
#[cfg(feature = "costs")]
mod counted;
mod engine;
mod inbound;
mod line;
mod mailbox;
mod outbound;
mod role;
mod room;
mod round;
mod scratch;
mod slot;
mod spectator;
mod subscriber;
mod wheel;

#[cfg(feature = "costs")]
pub use self::counted::Counted;
#[cfg(any(test, fuzzing))]
pub(crate) use self::inbound::overhear;

use std::{io, sync::Arc, thread, time::Duration};

use axum::{http::request, response::Response};
use hyper::upgrade::{Parts, Upgraded};
use hyper_util::rt::TokioIo;
use mio::{Poll, Waker};
use services::shutdown::Shutdown;
use tokio::{net::TcpStream, runtime::Handle, sync::oneshot};

use self::{
    engine::{Engine, MAIL, Rules},
    mailbox::{Arrival, Letter, Mailbox},
};
use super::{Fanout, Guest, Tasks};
use crate::{
    config::bounds::FAREWELL,
    socket::{Allowance, Departure, NotAnUpgrade, Open, handshake},
};

/// Serves sockets by one thread.
pub(crate) struct Hub {
    mailbox: Arc<Mailbox>,
    departure: Arc<Departure>,
    /// Serve whatever is no plain TCP stream.
    tasks: Tasks,
    shutdown: Shutdown,
}

impl Hub {
    /// Starts the thread, within a runtime. Sockets are sent away spread over at most the first half of `grace`,
    /// and are gone before its end.
    ///
    /// # Errors
    /// If the system gives no poll or no thread.
    pub(crate) fn start(
        allowance: Allowance,
        grace: Duration,
        tasks: Tasks,
        shutdown: Shutdown,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mailbox = Arc::new(Mailbox::new(Waker::new(poll.registry(), MAIL)?));
        let departure = Arc::new(Departure::new(grace / 2));
        let rules = Rules { allowance, farewell: FAREWELL.min(grace / 4), departure: Arc::clone(&departure) };
        let engine = Engine::new(poll, Arc::clone(&mailbox), rules);
        let (ending, ended) = oneshot::channel();
        let closing = Closing { mailbox: Arc::clone(&mailbox), _ending: ending };
        let runtime = Handle::current();
        thread::Builder::new().name("fan-out".to_owned()).spawn(move || {
            let _closing = closing;
            // Boards that are subscribed to are followed by tasks.
            let _runtime = runtime.enter();
            if let Err(error) = engine.run() {
                tracing::error!(%error, "the fan-out cannot poll its sockets, which are lost");
            }
        })?;
        let (leaving, stopping) = (Arc::clone(&mailbox), shutdown.clone());
        shutdown.spawn(async move {
            stopping.begun().await;
            leaving.post(Letter::Leave);
            let _ = ended.await;
        });
        Ok(Self { mailbox, departure, tasks, shutdown })
    }
}

impl Fanout for Hub {
    fn adopt(&self, mut request: request::Parts, guest: Guest) -> Result<Response, NotAnUpgrade> {
        if !self.mailbox.is_open() {
            return self.tasks.adopt(request, guest);
        }
        let (answer, connection) = handshake::accept(&mut request)?;
        let (mailbox, tasks, open) = (Arc::clone(&self.mailbox), self.tasks.clone(), self.departure.open());
        self.shutdown.spawn(async move {
            let Ok(connection) = connection.await else { return };
            match plain(connection) {
                Ok(connection) => take_over(connection, guest, open, &mailbox),
                Err(connection) => {
                    drop(open);
                    tasks.serve(connection, guest).await;
                }
            }
        });
        Ok(answer)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.mailbox.post(Letter::Abandoned);
    }
}

/// The stream itself, if it is one that the kernel alone reads and writes.
fn plain(connection: Upgraded) -> Result<Parts<TokioIo<TcpStream>>, Upgraded> {
    connection.downcast()
}

/// Hands a stream over to the thread.
fn take_over(connection: Parts<TokioIo<TcpStream>>, guest: Guest, open: Open, mailbox: &Mailbox) {
    // Copied, for even the empty rest keeps all of HTTP's buffer alive.
    let early = connection.read_buf.to_vec();
    match connection.io.into_inner().into_std() {
        Ok(stream) => mailbox.post(Letter::Arrived(Box::new(Arrival { stream, early, guest, open }))),
        Err(error) => tracing::warn!(%error, "cannot take a socket over"),
    }
}

/// Closes the mailbox however the thread ends, and lets those know who wait for it.
struct Closing {
    mailbox: Arc<Mailbox>,
    _ending: oneshot::Sender<()>,
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.mailbox.close();
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, extract::Request};
    use tokio::{io::AsyncWriteExt as _, net::TcpListener, sync::mpsc};

    use super::*;
    use crate::{config, http, socket::Conversations};

    /// A hub without sockets.
    fn hub(shutdown: &Shutdown) -> Hub {
        let (allowance, grace) = (Allowance::new(&config::tests::rates()), Duration::from_secs(4));
        let conversations = Conversations::new(allowance, grace, shutdown.clone());
        Hub::start(allowance, grace, Tasks::new(conversations), shutdown.clone()).unwrap()
    }

    #[tokio::test]
    async fn the_plain_stream_is_taken_out_of_https_hands() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (tell, mut told) = mpsc::channel(1);
        let upgrade = async move |request: Request| {
            let (answer, connection) = handshake::accept(&mut request.into_parts().0).unwrap();
            tokio::spawn(async move { tell.send(plain(connection.await.unwrap()).ok()).await });
            answer
        };
        let connections = Shutdown::default();
        let router = Router::new().fallback(upgrade);
        connections.spawn(http::serve(listener, std::num::NonZeroU32::MAX, router, connections.clone()));
        let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nearly";
        client.write_all(request.as_bytes()).await.unwrap();
        let connection = told.recv().await.unwrap().expect("it is a plain stream");
        assert_eq!(connection.read_buf, "early");
        assert!(connection.io.into_inner().into_std().is_ok());
    }

    #[tokio::test]
    async fn the_thread_ends_when_nobody_wants_it_any_more() {
        let hub = hub(&Shutdown::default());
        let mailbox = Arc::clone(&hub.mailbox);
        drop(hub);
        while mailbox.is_open() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn the_thread_is_waited_for_when_the_service_stops() {
        let shutdown = Shutdown::default();
        let hub = hub(&shutdown);
        assert!(shutdown.drain(Duration::from_secs(20)).await);
        assert!(!hub.mailbox.is_open());
    }
}
