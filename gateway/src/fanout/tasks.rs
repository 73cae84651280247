//! A task per socket: works over any connection.

mod subscriptions;

use axum::{http::request::Parts, response::Response};
use hyper::upgrade::Upgraded;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use self::subscriptions::Subscriptions;
use super::{Fanout, Guest};
#[cfg(feature = "conformance")]
use crate::conformance::Echo;
use crate::{
    boards::Next,
    socket::{Close, Conversations, NotAnUpgrade, Party, quiz::Spectator},
};

/// Serves each socket by a task of its own.
#[derive(Clone)]
pub(crate) struct Tasks(Conversations);

impl Tasks {
    /// Talks as all sockets do.
    pub(crate) fn new(conversations: Conversations) -> Self {
        Self(conversations)
    }

    /// Serves a guest over a connection whose handshake is done.
    pub(super) async fn serve(&self, connection: Upgraded, guest: Guest) {
        match guest {
            Guest::Spectator(spectator) => self.0.talk(connection, spectator).await,
            Guest::Subscriber(subscriber) => {
                self.0.talk(connection, Subscriptions::new(subscriber)).await;
            }
            #[cfg(feature = "conformance")]
            Guest::Echo => self.0.talk(connection, Echo::default()).await,
        }
    }
}

impl Fanout for Tasks {
    fn adopt(&self, request: Parts, guest: Guest) -> Result<Response, NotAnUpgrade> {
        let here = self.clone();
        self.0.open(request, move |connection| async move { here.serve(connection, guest).await })
    }
}

impl Party for Spectator {
    async fn next(&mut self) -> Result<Message, Close> {
        loop {
            let is_followed = self.watcher.changed().await;
            match self.watcher.next() {
                Next::Frame(frame, glance) => {
                    let text = glance.text(&frame);
                    return Ok(Message::Text(Utf8Bytes::try_from(text).expect("JSON is UTF-8")));
                }
                Next::Deleted => return Err(Close::Deleted),
                Next::Nothing if is_followed => {}
                Next::Nothing => return Err(Close::Internal),
            }
        }
    }

    fn written(&mut self) {
        self.watcher.written();
    }

    fn hear(&mut self, _: &Message) {}
}
