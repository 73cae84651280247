//! A task per socket: writes what a party has to say and listens, until one side ends it. Works
//! over any connection, and knows nothing of what is said.

use std::{error::Error as _, sync::Arc, time::Duration};

use axum::{
    extract::{
        FromRequestParts as _,
        ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade},
    },
    http::request::Parts,
    response::Response,
};
use services::shutdown::Shutdown;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite;

use super::{Allowance, Close, Due, Peer, departure::Departure};
use crate::{
    config::bounds::{FAREWELL, SOCKET_BUFFER_BYTES, STALL},
    metrics,
};

/// The subprotocol that is agreed to, if a peer offers it.
const SUBPROTOCOL: &str = "scorecast.v1";

/// Our side of a socket.
pub(crate) trait Party: Send + 'static {
    /// Waits for the next message to write, or for the reason to close. Nothing is lost if the
    /// wait is given up.
    fn next(&mut self) -> impl Future<Output = Result<Message, Close>> + Send;

    /// What came from [`Party::next`] last has been written.
    fn written(&mut self) {}

    /// Hears a message that keeps within the limits.
    fn hear(&mut self, message: &Message);
}

/// The request asks for something else than a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("connect with a WebSocket, version 13")]
pub(crate) struct NotAnUpgrade;

/// Opens sockets, and closes them when the service stops.
#[derive(Clone)]
pub(crate) struct Conversations {
    shutdown: Shutdown,
    allowance: Allowance,
    farewell: Duration,
    departure: Arc<Departure>,
}

impl Conversations {
    /// Sockets are closed spread over at most the first half of `grace`, and are gone before its end.
    pub(crate) fn new(allowance: Allowance, grace: Duration, shutdown: Shutdown) -> Self {
        let departure = Arc::new(Departure::new(grace / 2));
        Self { shutdown, allowance, farewell: FAREWELL.min(grace / 4), departure }
    }

    /// Answers an upgrade request with 101, and lets the party talk from then on.
    ///
    /// # Errors
    /// If the request asks for something else than a WebSocket.
    pub(crate) async fn open(&self, request: Parts, mut party: impl Party) -> Result<Response, NotAnUpgrade> {
        let here = self.clone();
        self.upgrade(request, async move |mut socket| {
            let _open = here.departure.open();
            let end = tokio::select! {
                Err(end) = converse(&mut socket, &mut party, here.allowance) => end,
                () = here.departure.turn(&here.shutdown) => End::Close(Close::Leaving),
            };
            match end {
                End::Gone { code } => metrics::left(code),
                End::Close(close) => {
                    metrics::closed(close);
                    let _ = timeout(here.farewell, say_farewell(&mut socket, close)).await;
                }
            }
        })
        .await
    }

    /// Answers an upgrade request with 101, and closes the socket at once: a page cannot read
    /// other answers.
    ///
    /// # Errors
    /// If the request asks for something else than a WebSocket.
    pub(crate) async fn turn_away(&self, request: Parts, close: Close) -> Result<Response, NotAnUpgrade> {
        let farewell = self.farewell;
        metrics::turned_away("auth");
        self.upgrade(request, async move |mut socket| {
            let _ = timeout(farewell, say_farewell(&mut socket, close)).await;
        })
        .await
    }

    async fn upgrade<F>(
        &self,
        mut request: Parts,
        serve: impl FnOnce(WebSocket) -> F + Send + 'static,
    ) -> Result<Response, NotAnUpgrade>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let upgrade = WebSocketUpgrade::from_request_parts(&mut request, &());
        let upgrade = upgrade.await.map_err(|_| NotAnUpgrade)?;
        let shutdown = self.shutdown.clone();
        // A message is read up to here before it is refused, so that most peers hear why.
        let read_bytes = 4 * self.allowance.message_bytes;
        Ok(upgrade
            .protocols([SUBPROTOCOL])
            .read_buffer_size(SOCKET_BUFFER_BYTES)
            .write_buffer_size(SOCKET_BUFFER_BYTES)
            .max_message_size(read_bytes)
            .max_frame_size(read_bytes)
            .on_upgrade(async move |socket| shutdown.spawn(serve(socket))))
    }
}

/// How a conversation ends.
enum End {
    /// The peer is gone, and may have said so with a code.
    Gone { code: Option<u16> },
    /// We close it.
    Close(Close),
}

/// Writes what is new and listens, until one side ends it.
async fn converse(
    socket: &mut WebSocket,
    party: &mut impl Party,
    allowance: Allowance,
) -> Result<std::convert::Infallible, End> {
    let mut peer = Peer::new(allowance, Instant::now());
    let mut left_with = None;
    loop {
        tokio::select! {
            message = party.next() => {
                write(socket, message.map_err(End::Close)?).await?;
                party.written();
            }
            message = socket.recv() => {
                let message = match message {
                    Some(Ok(message)) => message,
                    Some(Err(error)) if is_too_long(&error) => return Err(End::Close(Close::TooLong)),
                    Some(Err(_)) | None => return Err(End::Gone { code: left_with }),
                };
                if let Message::Close(frame) = &message {
                    // 1005 stands for a close without a code (RFC 6455 §7.1.5).
                    left_with = Some(frame.as_ref().map_or(1005, |frame| frame.code));
                }
                peer.said(length(&message), Instant::now()).map_err(End::Close)?;
                party.hear(&message);
            }
            () = sleep_until(peer.next_tick()) => match peer.tick(Instant::now()) {
                Due::Ping => write(socket, Message::Ping(bytes::Bytes::new())).await?,
                Due::Drop => return Err(End::Gone { code: None }),
                Due::Nothing => {}
            },
        }
    }
}

fn length(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(frame) => frame.as_ref().map_or(0, |frame| frame.reason.len()),
    }
}

async fn write(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match timeout(STALL, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone { code: None }),
        Err(_) => Err(End::Close(Close::Stalled)),
    }
}

/// Says why, and reads on until the peer has hung up: closing with unread bytes would reset the
/// connection and lose the words.
async fn say_farewell(socket: &mut WebSocket, close: Close) {
    let reason = Utf8Bytes::from(close.reason().as_ref());
    let frame = CloseFrame { code: close.code(), reason };
    if socket.send(Message::Close(Some(frame))).await.is_ok() {
        while let Some(Ok(_)) = socket.recv().await {}
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    matches!(cause, Some(tungstenite::Error::Capacity(_)))
}
