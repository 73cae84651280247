//! A task per socket: works over any connection.

use std::{error::Error as _, sync::Arc, time::Duration};

use async_trait::async_trait;
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

use super::{Fanout, NotAnUpgrade, departure::Departure};
use crate::{
    boards::{Next, Watcher},
    socket::{Allowance, Close, Due, MAX_MESSAGE_BYTES, Peer, STALL, quiz::Spectator},
};

/// The library's buffers; its defaults cost 134 KiB a socket.
const BUFFER_BYTES: usize = 1 << 10;

/// A message is read up to here before it is refused as too long, so that most peers hear why.
const READ_BYTES: usize = 4 * MAX_MESSAGE_BYTES;

/// How long a peer has for the closing handshake, at most.
const FAREWELL: Duration = Duration::from_secs(2);

/// Serves each socket by a task of its own.
pub(crate) struct Tasks {
    shutdown: Shutdown,
    conduct: Conduct,
    departure: Arc<Departure>,
}

/// How sockets are treated.
#[derive(Clone, Copy)]
struct Conduct {
    allowance: Allowance,
    farewell: Duration,
}

impl Tasks {
    /// Sockets are closed spread over at most the first half of `grace`, and are gone before its end.
    pub(crate) fn new(allowance: Allowance, grace: Duration, shutdown: Shutdown) -> Self {
        let conduct = Conduct { allowance, farewell: FAREWELL.min(grace / 4) };
        Self { shutdown, conduct, departure: Arc::new(Departure::new(grace / 2)) }
    }
}

#[async_trait]
impl Fanout for Tasks {
    async fn adopt(&self, mut request: Parts, spectator: Spectator) -> Result<Response, NotAnUpgrade> {
        let upgrade = WebSocketUpgrade::from_request_parts(&mut request, &());
        let upgrade = upgrade.await.map_err(|_| NotAnUpgrade)?;
        let (shutdown, conduct, departure) =
            (self.shutdown.clone(), self.conduct, Arc::clone(&self.departure));
        Ok(upgrade
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(READ_BYTES)
            .max_frame_size(READ_BYTES)
            .on_upgrade(async move |socket| {
                let owner = shutdown.clone();
                owner.spawn(async move {
                    let _open = departure.open();
                    serve(socket, spectator, conduct, departure.turn(&shutdown)).await;
                });
            }))
    }
}

/// How a conversation ends.
enum End {
    /// The peer is gone.
    Gone,
    /// We close it.
    Close(Close),
}

/// Serves one socket until its conversation ends or its turn to leave has come.
async fn serve(
    mut socket: WebSocket,
    mut spectator: Spectator,
    conduct: Conduct,
    turn_to_leave: impl Future<Output = ()>,
) {
    let end = tokio::select! {
        Err(end) = converse(&mut socket, &mut spectator.watcher, conduct.allowance) => end,
        () = turn_to_leave => End::Close(Close::Leaving),
    };
    if let End::Close(close) = end {
        let _ = timeout(conduct.farewell, say_farewell(&mut socket, close)).await;
    }
}

/// Writes what is new and listens, until one side ends it.
async fn converse(
    socket: &mut WebSocket,
    watcher: &mut Watcher,
    allowance: Allowance,
) -> Result<std::convert::Infallible, End> {
    let mut peer = Peer::new(allowance, Instant::now());
    loop {
        tokio::select! {
            is_followed = watcher.changed() => match watcher.next() {
                Next::Frame { frame, participant, standing } => {
                    let text = frame.for_seat(participant, &standing);
                    let text = Utf8Bytes::try_from(text).expect("JSON is UTF-8");
                    write(socket, Message::Text(text)).await?;
                }
                Next::Deleted => return Err(End::Close(Close::Deleted)),
                Next::Nothing if is_followed => {}
                Next::Nothing => return Err(End::Close(Close::Internal)),
            },
            message = socket.recv() => {
                let bytes = match message {
                    Some(Ok(message)) => message.into_data().len(),
                    Some(Err(error)) if is_too_long(&error) => return Err(End::Close(Close::TooLong)),
                    Some(Err(_)) | None => return Err(End::Gone),
                };
                peer.said(bytes, Instant::now()).map_err(End::Close)?;
            }
            () = sleep_until(peer.next_tick()) => match peer.tick(Instant::now()) {
                Due::Ping => write(socket, Message::Ping(bytes::Bytes::new())).await?,
                Due::Drop => return Err(End::Gone),
                Due::Nothing => {}
            },
        }
    }
}

async fn write(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match timeout(STALL, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
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
