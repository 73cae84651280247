//! A gateway under test, and the browsers in front of it.

use std::{net::SocketAddr, time::Duration};

use clap::Parser;
use futures_util::{SinkExt as _, StreamExt as _};
use gateway::{App, Config};
use jsonwebtoken::{EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{net::TcpSocket, net::TcpStream, task::JoinHandle, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, http::Response},
};
use tokio_util::sync::CancellationToken;

use crate::scoring::{QUIZ, Scoring};

pub(crate) const JWT_SECRET: &str = "correct-horse-battery-staple";

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

/// How sockets are written and mapped to streams from scoring: what is promised of sockets holds in
/// every way.
#[derive(Clone, Copy)]
pub(crate) struct Way(pub(crate) [&'static str; 2]);

impl Way {
    pub(crate) async fn start(self) -> TestApp {
        self.start_with(&[]).await
    }

    pub(crate) async fn start_with(self, settings: &[&str]) -> TestApp {
        TestApp::start_with(&[&self.0, settings].concat()).await
    }
}

/// Runs tests that take a [`Way`]: those of `every` in all there are, the others in those in which
/// sockets share their board's stream, or have their own.
macro_rules! in_each_way {
    (every: [$($every:ident),* $(,)?] $(, shared: [$($shared:ident),* $(,)?], own: [$($own:ident),* $(,)?])?) => {
        crate::app::in_this_way! { hub_shared, "hub", "shared", [$($every,)* $($($shared,)*)?] }
        crate::app::in_this_way! { hub_own, "hub", "per-socket", [$($every,)* $($($own,)*)?] }
        crate::app::in_this_way! { tasks_shared, "tasks", "shared", [$($every,)* $($($shared,)*)?] }
        crate::app::in_this_way! { tasks_own, "tasks", "per-socket", [$($every,)* $($($own,)*)?] }
    };
}

macro_rules! in_this_way {
    ($way:ident, $fanout:literal, $streams:literal, [$($test:ident,)*]) => {
        mod $way {
            $(
                #[tokio::test]
                async fn $test() {
                    let settings = [concat!("--fanout=", $fanout), concat!("--upstream-streams=", $streams)];
                    super::$test(crate::app::Way(settings)).await;
                }
            )*
        }
    };
}

pub(crate) use {in_each_way, in_this_way};

/// A running gateway and the scoring service behind it.
pub(crate) struct TestApp {
    pub(crate) scoring: Scoring,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) running: JoinHandle<anyhow::Result<()>>,
    http: reqwest::Client,
}

/// A reply, with its body as JSON.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts with more settings, as in `--max-sockets=1`.
    pub(crate) async fn start_with(settings: &[&str]) -> Self {
        let secret = format!("--jwt-secret={JWT_SECRET}");
        Self::start_without_secret(&[&[&*secret], settings].concat()).await
    }

    /// Starts with these settings, which may name another key for users' tokens.
    pub(crate) async fn start_without_secret(settings: &[&str]) -> Self {
        let scoring = Scoring::start().await;
        let url = format!("--scoring-url=http://{}", scoring.address);
        let fixed = [
            "gateway",
            "--gateway-listen=127.0.0.1:0",
            "--participant-secret=0123456789abcdef0123456789abcdef",
            &url,
        ];
        let app = App::build(Flags::parse_from(fixed.iter().chain(settings)).config).await.unwrap();
        let (address, stop) = (app.address(), CancellationToken::new());
        let running = tokio::spawn(app.run(stop.clone()));
        let test = Self { scoring, address, stop, running, http: reqwest::Client::new() };
        timeout(PATIENCE, async { while test.get("/readyz").await.status != 200 {} })
            .await
            .expect("it gets ready");
        test
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, None).await
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Reply {
        self.send(Method::POST, path, token, Some(body)).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Reply {
        let mut request = self.request(method, path);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.answer(request).await
    }

    /// A request to be filled in by hand.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) async fn answer(&self, request: reqwest::RequestBuilder) -> Reply {
        let reply = timeout(PATIENCE, request.send()).await.expect("in time").unwrap();
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        Reply { status, headers, body: reply.json().await.unwrap_or_default() }
    }

    /// Joins [`QUIZ`] as Alice and returns her token.
    pub(crate) async fn join(&self) -> String {
        let joined = self.post(&format!("/quizzes/{QUIZ}/join"), None, &json!({"username": "alice"})).await;
        assert_eq!(joined.status, 201, "{joined:?}");
        joined.body["participant_token"].as_str().unwrap().to_owned()
    }

    /// Opens a socket for a participant of [`QUIZ`].
    pub(crate) async fn watch(&self, participant: &str) -> Browser {
        self.connect(&format!("/quizzes/{QUIZ}/ws?participant_id={participant}")).await.unwrap()
    }

    /// Opens a socket, or tells how that was refused.
    pub(crate) async fn connect(&self, path: &str) -> Result<Browser, Reply> {
        self.connect_with(path, &[]).await
    }

    pub(crate) async fn connect_with(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Browser, Reply> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        self.handshake(path, headers, stream).await
    }

    /// Opens a socket whose receiving buffer is tiny, so that a browser that does not read is noticed.
    pub(crate) async fn connect_narrow(&self, path: &str) -> Browser {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        self.handshake(path, &[], stream).await.unwrap()
    }

    async fn handshake(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
        stream: TcpStream,
    ) -> Result<Browser, Reply> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let stream = MaybeTlsStream::Plain(stream);
        match timeout(PATIENCE, client_async(request, stream)).await.expect("in time") {
            Ok((socket, reply)) => {
                let agreed = reply.headers().get("sec-websocket-protocol");
                let agreed = agreed.map(|agreed| agreed.to_str().unwrap().to_owned());
                Ok(Browser { socket, agreed })
            }
            Err(Error::Http(response)) => Err(refused(*response)),
            Err(error) => panic!("{error}"),
        }
    }
}

fn refused(response: Response<Option<Vec<u8>>>) -> Reply {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = response.into_body().unwrap_or_default();
    Reply { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
}

/// A JWT that the gateway accepts for an hour.
pub(crate) fn jwt(subject: &str, role: &str) -> String {
    jwt_until(subject, role, 3600)
}

/// A JWT whose time is over `seconds` from now.
pub(crate) fn jwt_until(subject: &str, role: &str, seconds: i64) -> String {
    let exp = jiff::Timestamp::now().as_second() + seconds;
    let claims = json!({"sub": subject, "username": subject, "role": role, "exp": exp});
    let key = EncodingKey::from_secret(JWT_SECRET.as_bytes());
    jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap()
}

/// One open socket.
pub(crate) struct Browser {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The subprotocol that was agreed on.
    pub(crate) agreed: Option<String>,
}

impl Browser {
    /// The next frame, as text.
    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("expected a frame, got {other:?}"),
        }
    }

    /// The next frame.
    pub(crate) async fn frame(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The first frame of a version.
    pub(crate) async fn frame_of(&mut self, version: u64) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["version"] == version {
                return frame;
            }
        }
    }

    /// Reads to the end; the code and reason it was closed with, if it was told.
    pub(crate) async fn closed(&mut self) -> Option<(u16, String)> {
        loop {
            match self.next().await {
                Some(Message::Close(Some(close))) => {
                    return Some((close.code.into(), close.reason.to_string()));
                }
                Some(_) => {}
                None => return None,
            }
        }
    }

    pub(crate) async fn say(&mut self, message: Message) {
        timeout(PATIENCE, self.socket.send(message)).await.expect("in time").unwrap();
    }

    /// Says something that may no longer be heard.
    pub(crate) async fn try_say(&mut self, message: Message) {
        let _ = timeout(PATIENCE, self.socket.send(message)).await.expect("in time");
    }

    async fn next(&mut self) -> Option<Message> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("in time") {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return Some(message),
                Some(Err(_)) | None => return None,
            }
        }
    }
}
