//! A task per socket: works over any connection.

use async_trait::async_trait;
use axum::{
    extract::ws::{Message, Utf8Bytes},
    http::request::Parts,
    response::Response,
};

use super::Fanout;
use crate::{
    boards::Next,
    socket::{Close, Conversations, NotAnUpgrade, Party, quiz::Spectator},
};

/// Serves each socket by a task of its own.
pub(crate) struct Tasks(Conversations);

impl Tasks {
    /// Talks as all sockets do.
    pub(crate) fn new(conversations: Conversations) -> Self {
        Self(conversations)
    }
}

#[async_trait]
impl Fanout for Tasks {
    async fn adopt(&self, request: Parts, spectator: Spectator) -> Result<Response, NotAnUpgrade> {
        self.0.open(request, spectator).await
    }
}

impl Party for Spectator {
    async fn next(&mut self) -> Result<Message, Close> {
        loop {
            let is_followed = self.watcher.changed().await;
            match self.watcher.next() {
                Next::Frame { frame, participant, standing } => {
                    let text = frame.for_seat(participant, &standing);
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
