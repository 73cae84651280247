//! A task per socket: writes what a party has to say and listens, until one side ends it. Works
//! over any connection, and knows nothing of what is said.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{http::request::Parts, response::Response};
use futures_util::SinkExt as _;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use services::shutdown::Shutdown;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_stream::StreamExt as _;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        error::ProtocolError,
        protocol::{CloseFrame, Role, WebSocketConfig},
    },
};

use super::{
    Allowance, Close, Due, Peer,
    departure::Departure,
    handshake::{self, NotAnUpgrade},
};
use crate::{
    config::bounds::{FAREWELL, SOCKET_BUFFER_BYTES, STALL},
    metrics,
};

/// A WebSocket over whatever HTTP came over.
type WebSocket = WebSocketStream<TokioIo<Upgraded>>;

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

    /// Answers an upgrade request with 101, and has the socket served from then on.
    ///
    /// # Errors
    /// If the request asks for something else than a WebSocket.
    pub(crate) fn open<S: Future<Output = ()> + Send>(
        &self,
        mut request: Parts,
        serve: impl FnOnce(Upgraded) -> S + Send + 'static,
    ) -> Result<Response, NotAnUpgrade> {
        let (answer, connection) = handshake::accept(&mut request)?;
        self.shutdown.spawn(async move {
            if let Ok(connection) = connection.await {
                serve(connection).await;
            }
        });
        Ok(answer)
    }

    /// Answers an upgrade request with 101, and closes the socket at once: a page cannot read
    /// other answers.
    ///
    /// # Errors
    /// If the request asks for something else than a WebSocket.
    pub(crate) fn turn_away(&self, request: Parts, close: Close) -> Result<Response, NotAnUpgrade> {
        let here = self.clone();
        let opened = self.open(request, move |connection| async move {
            let mut socket = here.websocket(connection).await;
            let _ = timeout(here.farewell, say_farewell(&mut socket, close)).await;
        });
        opened.inspect(|_| metrics::turned_away("auth"))
    }

    /// Lets the party talk over a connection whose handshake is done.
    pub(crate) async fn talk(&self, connection: Upgraded, mut party: impl Party) {
        let _open = self.departure.open();
        let mut socket = self.websocket(connection).await;
        let end = tokio::select! {
            Err(end) = converse(&mut socket, &mut party, self.allowance) => end,
            () = self.departure.turn(&self.shutdown) => End::Close(Close::Leaving),
        };
        match end {
            End::Gone { code } => metrics::left(code),
            End::Close(close) => {
                metrics::closed(close);
                let _ = timeout(self.farewell, say_farewell(&mut socket, close)).await;
            }
        }
    }

    async fn websocket(&self, connection: Upgraded) -> WebSocket {
        // A message is read up to here before it is refused, so that most peers hear why.
        let read_bytes = 4 * self.allowance.message_bytes;
        let limits = WebSocketConfig::default()
            .read_buffer_size(SOCKET_BUFFER_BYTES)
            .write_buffer_size(SOCKET_BUFFER_BYTES)
            .max_message_size(Some(read_bytes))
            .max_frame_size(Some(read_bytes));
        WebSocketStream::from_raw_socket(TokioIo::new(connection), Role::Server, Some(limits)).await
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
) -> Result<Infallible, End> {
    let mut peer = Peer::new(allowance, Instant::now());
    let mut left_with = None;
    loop {
        tokio::select! {
            message = party.next() => {
                write(socket, message.map_err(End::Close)?).await?;
                party.written();
            }
            message = socket.next() => {
                let message = match message {
                    Some(Ok(message)) => message,
                    Some(Err(error)) => return Err(broken(&error, left_with)),
                    None => return Err(End::Gone { code: left_with }),
                };
                if let Message::Close(frame) = &message {
                    // 1005 stands for a close without a code (RFC 6455 §7.1.5).
                    left_with = Some(frame.as_ref().map_or(1005, |frame| frame.code.into()));
                }
                peer.said(message.len(), Instant::now()).map_err(End::Close)?;
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

/// How a conversation ends that cannot be read on.
fn broken(error: &Error, left_with: Option<u16>) -> End {
    match error {
        Error::Capacity(_) => End::Close(Close::TooLong),
        // A peer that is gone without a word breaks the protocol, too, but hears nothing any more.
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Gone { code: left_with },
        Error::Protocol(_) => End::Close(Close::BadFrame),
        Error::Utf8(_) => End::Close(Close::BadText),
        _ => End::Gone { code: left_with },
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
    let frame = CloseFrame { code: close.code().into(), reason };
    if socket.send(Message::Close(Some(frame))).await.is_ok() {
        while let Some(Ok(_)) = socket.next().await {}
    }
}
