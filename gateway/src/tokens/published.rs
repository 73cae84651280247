//! The keys that a sign-in service publishes (RFC 7517 §5): kept, read again from time to time,
//! and once more when a token names a key that is not among them. Whatever tokens name, the
//! service is asked at most once per [`KEYS_PAUSE`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    body::{self, Body},
    http::{Request, StatusCode, Uri, header},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jsonwebtoken::{Algorithm, DecodingKey, jwk::Jwk, jwk::PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;
use services::shutdown::Shutdown;
use tokio::time::{Instant, timeout};

use super::jwt::BadJwt;
use crate::config::bounds::{KEYS, KEYS_BYTES, KEYS_EVERY, KEYS_PAUSE, KEYS_WITHIN};

/// The published keys, as far as they are known.
pub(super) struct Published {
    url: Uri,
    algorithm: Algorithm,
    client: Client<HttpsConnector<HttpConnector>, Body>,
    known: Mutex<Known>,
    /// Held while the service is asked; whoever waits for it finds what was learnt.
    asking: Arc<tokio::sync::Mutex<()>>,
    shutdown: Shutdown,
}

/// What is known, and since when.
#[derive(Default)]
struct Known {
    keys: Vec<Key>,
    /// When the service last gave keys.
    learnt: Option<Instant>,
    /// When the service was last asked.
    asked: Option<Instant>,
}

/// One key under its name.
#[derive(Clone)]
struct Key {
    id: Option<String>,
    key: DecodingKey,
}

/// Why there are no keys to be had.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it did not answer in time")]
    TooLate(#[from] tokio::time::error::Elapsed),
    #[error("it is out of reach")]
    OutOfReach(#[from] hyper_util::client::legacy::Error),
    #[error("it answered {0}")]
    Status(StatusCode),
    #[error("its answer broke off or is too long")]
    Body(#[from] axum::Error),
    #[error("its answer is no set of keys")]
    Malformed(#[from] serde_json::Error),
    #[error("none of its keys fits the algorithm")]
    NoKey,
}

impl Published {
    /// Nothing is known yet, and nobody is asked.
    ///
    /// # Errors
    /// If this machine knows no authority that could vouch for the service.
    pub(super) fn new(url: Uri, algorithm: Algorithm, shutdown: Shutdown) -> std::io::Result<Arc<Self>> {
        let connector =
            HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        let (known, asking) = (Mutex::default(), Arc::default());
        Ok(Arc::new(Self { url, algorithm, client, known, asking, shutdown }))
    }

    /// The key of a name; without a name, the only key there is.
    ///
    /// # Errors
    /// If there is no such key, or none are to be had.
    pub(super) async fn find(self: &Arc<Self>, id: Option<&str>) -> Result<DecodingKey, BadJwt> {
        if let Some(key) = self.known().key(id) {
            return Ok(key);
        }
        self.ask().await;
        let known = self.known();
        let missing = if known.learnt.is_some() { BadJwt::Invalid } else { BadJwt::OutOfReach };
        known.key(id).ok_or(missing)
    }

    /// Reads the keys now and from time to time, until the service stops.
    pub(super) async fn keep_fresh(self: &Arc<Self>) {
        loop {
            self.ask().await;
            let is_known = self.known().learnt.is_some();
            let pause = if is_known { KEYS_EVERY } else { KEYS_PAUSE };
            if timeout(pause, self.shutdown.begun()).await.is_ok() {
                return;
            }
        }
    }

    /// Asks the service, unless it was asked a moment ago. That goes on to its end even if nobody
    /// waits for it any more, or callers who hang up would have it asked again and again.
    async fn ask(self: &Arc<Self>) {
        let turn = Arc::clone(&self.asking).lock_owned().await;
        if self.known().asked.is_some_and(|asked| asked.elapsed() < KEYS_PAUSE) {
            return;
        }
        let here = Arc::clone(self);
        self.shutdown.spawn(async move {
            here.learn().await;
            drop(turn);
        });
        let _learnt = self.asking.lock().await;
    }

    /// Takes the keys that the service gives now. If it fails, the known keys stay.
    async fn learn(&self) {
        let fetched = self.fetch().await;
        let mut known = self.known();
        known.asked = Some(Instant::now());
        match fetched {
            Ok(keys) => {
                known.keys = keys;
                known.learnt = known.asked;
            }
            Err(failure) => {
                let url = shown(&self.url);
                tracing::warn!(
                    failure = &failure as &dyn std::error::Error,
                    url,
                    "no keys from the sign-in service"
                );
            }
        }
    }

    async fn fetch(&self) -> Result<Vec<Key>, Failure> {
        timeout(KEYS_WITHIN, async {
            let request = Request::get(self.url.clone()).header(header::ACCEPT, "application/json");
            let request = request.body(Body::empty()).expect("a URL and a header make a request");
            let reply = self.client.request(request).await?;
            if reply.status() != StatusCode::OK {
                return Err(Failure::Status(reply.status()));
            }
            let body = body::to_bytes(Body::new(reply.into_body()), KEYS_BYTES).await?;
            let keys = keys(&body, self.algorithm)?;
            if keys.is_empty() { Err(Failure::NoKey) } else { Ok(keys) }
        })
        .await?
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn key(&self, id: Option<&str>) -> Option<DecodingKey> {
        let found = match (id, self.keys.as_slice()) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        found.map(|key| key.key.clone())
    }
}

/// A URL without what may be secret in it: a user, a password, a query.
fn shown(url: &Uri) -> String {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{}://{host}{}", url.scheme_str().unwrap_or_default(), url.path())
}

/// The keys of a set that may verify signatures of this algorithm. What we do not understand is
/// skipped (RFC 7517 §5).
fn keys(set: &[u8], algorithm: Algorithm) -> Result<Vec<Key>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(set)?;
    let keys = set.keys.into_iter().filter_map(|key| {
        let jwk: Jwk = serde_json::from_value(key).ok()?;
        let common = &jwk.common;
        let is_for_signatures =
            common.public_key_use.as_ref().is_none_or(|r#use| *r#use == PublicKeyUse::Signature);
        let is_for_this = common.key_algorithm.is_none_or(|named| named == algorithm.into());
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        (is_for_signatures && is_for_this && key.family() == algorithm.family())
            .then(|| Key { id: common.key_id.clone(), key })
    });
    Ok(keys.take(KEYS).collect())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::{io::AsyncWriteExt as _, net::TcpListener};

    use super::*;

    const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    fn names(set: &str) -> Vec<Option<String>> {
        keys(set.as_bytes(), Algorithm::EdDSA).unwrap().into_iter().map(|key| key.id).collect()
    }

    #[test]
    fn keys_for_other_purposes_and_algorithms_are_skipped() {
        let set = format!(
            r#"{{"keys":[{ED},"kid":"plain"}},{ED},"kid":"signs","use":"sig","alg":"EdDSA"}},
               {ED},"kid":"encrypts","use":"enc"}},{ED},"kid":"other","alg":"ES256"}},{ED}}},
               {{"kty":"oct","k":"c2VjcmV0","kid":"secret"}},{{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"rsa"}},
               {{"kty":"new","kid":"unknown"}},7]}}"#
        );
        assert_eq!(names(&set), [Some("plain".to_owned()), Some("signs".to_owned()), None]);
        assert!(keys(b"<html>", Algorithm::EdDSA).is_err());
    }

    #[test]
    fn no_more_keys_are_kept_than_a_service_needs() {
        let set = format!(r#"{{"keys":[{}]}}"#, vec![format!("{ED}}}"); KEYS + 50].join(","));
        assert_eq!(names(&set).len(), KEYS);
    }

    #[tokio::test]
    async fn callers_who_hang_up_do_not_have_the_service_asked_again() {
        let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", service.local_addr().unwrap()).parse().unwrap();
        let published = Published::new(url, Algorithm::EdDSA, Shutdown::default()).unwrap();
        let find = |id| {
            let published = Arc::clone(&published);
            tokio::spawn(async move { published.find(Some(id)).await.map(|_| ()) })
        };

        let impatient = find("a");
        let mut asked = service.accept().await.unwrap().0;
        impatient.abort();
        assert!(impatient.await.unwrap_err().is_cancelled());
        let patient = find("a");
        let set = format!(r#"{{"keys":[{ED},"kid":"a"}}]}}"#);
        let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{set}", set.len());
        asked.write_all(reply.as_bytes()).await.unwrap();
        assert_eq!(patient.await.unwrap(), Ok(()), "it is told what the impatient one asked for");

        assert_eq!(find("b").await.unwrap(), Err(BadJwt::Invalid));
        assert!(service.accept().now_or_never().is_none(), "asked only once");
    }

    #[test]
    fn what_may_be_secret_in_a_url_is_not_shown() {
        for (url, expected) in [
            ("https://login.example/jwks.json", "https://login.example/jwks.json"),
            ("https://me:secret@login.example:8443/keys?token=secret", "https://login.example:8443/keys"),
        ] {
            assert_eq!(shown(&url.parse().unwrap()), expected);
        }
    }

    #[test]
    fn a_token_that_names_no_key_is_for_the_only_one() {
        let mut known = Known::default();
        assert!(known.key(None).is_none());
        known.keys = keys(format!(r#"{{"keys":[{ED},"kid":"a"}}]}}"#).as_bytes(), Algorithm::EdDSA).unwrap();
        assert!(
            known.key(None).is_some() && known.key(Some("a")).is_some() && known.key(Some("b")).is_none()
        );
        known.keys.extend(known.keys.clone());
        assert!(known.key(None).is_none());
    }
}
