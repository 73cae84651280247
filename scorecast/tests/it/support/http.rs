//! The HTTP API as a test speaks it.

use std::net::SocketAddr;

use reqwest::{Client, Method, RequestBuilder, header};
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
    async fn of(response: reqwest::Response) -> reqwest::Result<Self> {
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok(Self { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) })
    }

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

    pub(crate) async fn put(&self, path: &str, token: Option<&str>, body: &Value) -> Reply {
        self.send(Method::PUT, path, token, Some(body.to_string().into())).await
    }

    pub(crate) async fn delete(&self, path: &str, token: Option<&str>) -> Reply {
        self.send(Method::DELETE, path, token, None).await
    }

    /// One request with a body of this type; of none if that is empty.
    pub(crate) async fn upload(
        &self,
        path: &str,
        token: Option<&str>,
        content_type: &str,
        body: String,
    ) -> Reply {
        let mut request = self.request(Method::POST, path, token).body(body);
        if !content_type.is_empty() {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        Reply::of(request.send().await.unwrap()).await.unwrap()
    }

    /// One request whose answer is more than JSON.
    pub(crate) async fn download(&self, path: &str, token: Option<&str>) -> reqwest::Response {
        self.request(Method::GET, path, token).send().await.unwrap()
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
        let mut request = self.request(method, path, token);
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        Reply::of(request.send().await?).await
    }

    fn request(&self, method: Method, path: &str, token: Option<&str>) -> RequestBuilder {
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}
