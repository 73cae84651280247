//! The HTTP API as a test speaks it.

use std::net::SocketAddr;

use reqwest::{Client, Method, header};
use serde_json::Value;

use super::{PATIENCE, within};

/// Whoever calls a gateway.
pub(crate) struct Caller {
    pub(crate) address: SocketAddr,
    client: Client,
}

/// A status and a body.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Reply {
    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        self.body
    }

    /// Status and code of a refusal, which always has a text too.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (u16, &str) {
        let text = self.body["error"].as_str().unwrap_or_default();
        assert!(self.status >= 400 && !text.is_empty(), "{} {}", self.status, self.body);
        (self.status, self.body["code"].as_str().expect("a refusal has a code"))
    }
}

impl Caller {
    /// Calls the gateway at this address.
    pub(crate) fn of(address: SocketAddr) -> Self {
        Self { address, client: Client::builder().timeout(PATIENCE).build().unwrap() }
    }

    /// Waits until the gateway has been in contact with scoring.
    pub(crate) async fn until_ready(&self) {
        within("the gateway is ready", async {
            // A connection to the one that was there before may still be in the client's pool.
            let is_ready = async || {
                self.try_send(Method::GET, "/readyz", None, None).await.is_ok_and(|r| r.status == 200)
            };
            while !is_ready().await {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Reply {
        self.send(Method::GET, path, token, None).await
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Reply {
        self.send(Method::POST, path, token, Some(body.to_string().into())).await
    }

    pub(crate) async fn delete(&self, path: &str, token: Option<&str>) -> Reply {
        self.send(Method::DELETE, path, token, None).await
    }

    /// One request with a body of JSON, or of what only says that it is.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Vec<u8>>,
    ) -> Reply {
        self.try_send(method, path, token, body).await.unwrap()
    }

    /// The same, where the gateway may vanish meanwhile.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Vec<u8>>,
    ) -> reqwest::Result<Reply> {
        let mut request = self.client.request(method, format!("http://{}{path}", self.address));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok(Reply { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) })
    }
}
