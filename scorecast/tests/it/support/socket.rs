//! A socket that follows a board and fails a test in which it goes back.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, protocol::CloseFrame},
};

use super::{
    http::{Caller, Reply},
    quiz::{Quiz, Seat},
    within,
};

/// An open socket and the newest state that it has shown.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    seen: (u64, u64),
    /// How many frames have come.
    pub(crate) frames: usize,
}

impl Caller {
    /// Opens the socket of a seat.
    pub(crate) async fn watch(&self, quiz: &Quiz, seat: &Seat) -> Socket {
        self.open(&format!("/quizzes/{}/ws?participant_id={}", quiz.id, seat.id)).await
    }

    /// Opens a socket.
    pub(crate) async fn open(&self, path: &str) -> Socket {
        Socket::open(&format!("ws://{}{path}", self.address)).await
    }

    /// Tries to open a socket with this token in its header, and tells the status: 101 if it stays
    /// open, the close code if it is closed at once.
    pub(crate) async fn knock(&self, path: &str, token: Option<&str>) -> u16 {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        if let Some(token) = token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let mut stream = match within("the upgrade is answered", connect_async(request)).await {
            Ok((stream, _)) => stream,
            Err(Error::Http(response)) => return response.status().as_u16(),
            Err(other) => panic!("{path}: {other}"),
        };
        // Whoever is about to be closed may not be heard any more.
        let _ = stream.send(Message::text(r#"{"type":"ping"}"#)).await;
        match within("the socket says something", stream.next()).await {
            Some(Ok(Message::Close(Some(close)))) => close.code.into(),
            Some(Ok(_)) => 101,
            other => panic!("{path}: {other:?}"),
        }
    }

    /// Tries to open a socket, and gives the refusal.
    pub(crate) async fn refused_upgrade(&self, path: &str) -> Reply {
        match within("the upgrade is refused", connect_async(format!("ws://{}{path}", self.address))).await {
            Err(Error::Http(response)) => Reply {
                status: response.status().as_u16(),
                body: serde_json::from_slice(response.body().as_deref().unwrap_or_default()).unwrap(),
            },
            other => panic!("expected a refusal, got {other:?}"),
        }
    }
}

impl Socket {
    pub(crate) async fn open(url: &str) -> Self {
        let (stream, _) = within("the socket opens", connect_async(url)).await.unwrap();
        Self { stream, seen: (0, 0), frames: 0 }
    }

    /// The next frame. A lower version of the same epoch, or a lower epoch, fails the test.
    pub(crate) async fn frame(&mut self) -> Value {
        let frame: Value = serde_json::from_str(&self.text().await).unwrap();
        let now = (frame["epoch"].as_u64().unwrap(), frame["version"].as_u64().unwrap());
        assert!(now >= self.seen, "went back from {:?} to {now:?}", self.seen);
        self.seen = now;
        self.frames += 1;
        frame
    }

    /// The next frame as it was written.
    pub(crate) async fn text(&mut self) -> String {
        match within("a frame comes", self.message()).await {
            Message::Text(text) => text.to_string(),
            other => panic!("expected a frame, got {other:?}"),
        }
    }

    /// Says something.
    pub(crate) async fn say(&mut self, message: Message) {
        within("it is said", self.stream.send(message)).await.unwrap();
    }

    /// The first frame of which this is true.
    pub(crate) async fn until(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        within("the frame waited for comes", async {
            loop {
                let frame = self.frame().await;
                if is_it(&frame) {
                    return frame;
                }
            }
        })
        .await
    }

    /// The first frame of this version or a later one.
    pub(crate) async fn at(&mut self, version: u64) -> Value {
        self.until(|frame| frame["version"].as_u64().unwrap() >= version).await
    }

    /// Reads on until the server closes, and gives its code and reason.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        within("the server closes", async {
            loop {
                if let Message::Close(Some(CloseFrame { code, reason })) = self.message().await {
                    return (code.into(), reason.to_string());
                }
            }
        })
        .await
    }

    async fn message(&mut self) -> Message {
        loop {
            match self.stream.next().await.expect("the socket is open").unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }
}
