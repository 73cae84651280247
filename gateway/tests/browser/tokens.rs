//! Whose tokens are believed: those that the settings name a key for, and no others.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, routing::get};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::app::{TestApp, jwt};

/// A key pair of a sign-in service.
struct Pair {
    algorithm: Algorithm,
    private: EncodingKey,
    public_file: &'static str,
    public_pem: &'static str,
}

macro_rules! pair {
    ($algorithm:ident, $name:literal, $read:ident) => {
        Pair {
            algorithm: Algorithm::$algorithm,
            private: EncodingKey::$read(include_bytes!(concat!("keys/", $name, ".private.pem"))).unwrap(),
            public_file: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/keys/", $name, ".public.pem"),
            public_pem: include_str!(concat!("keys/", $name, ".public.pem")),
        }
    };
}

fn pairs() -> [Pair; 3] {
    [pair!(RS256, "rsa", from_rsa_pem), pair!(ES256, "ec", from_ec_pem), pair!(EdDSA, "ed", from_ed_pem)]
}

impl Pair {
    /// A host's token, good for an hour.
    fn sign(&self, key_id: Option<&str>) -> String {
        let header = Header { kid: key_id.map(str::to_owned), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, &claims(), &self.private).unwrap()
    }

    /// The public key as a sign-in service publishes it.
    fn published(&self, key_id: &str) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.private, self.algorithm).unwrap();
        jwk.common.key_id = Some(key_id.to_owned());
        serde_json::to_value(jwk).unwrap()
    }

    fn setting(&self) -> String {
        format!("--jwt-algorithm={:?}", self.algorithm)
    }
}

fn claims() -> Value {
    json!({"sub": "ada", "role": "host", "exp": jiff::Timestamp::now().as_second() + 3600})
}

async fn answer(app: &TestApp, token: &str) -> (u16, String) {
    let reply = app.send(Method::GET, "/admin/quizzes", Some(token), None).await;
    (reply.status, reply.body["code"].as_str().unwrap_or_default().to_owned())
}

fn refused() -> (u16, String) {
    (401, "UNAUTHENTICATED".to_owned())
}

#[tokio::test]
async fn tokens_of_a_public_key_are_taken_and_others_are_not() {
    for pair in pairs() {
        let file = format!("--jwt-public-key={}", pair.public_file);
        let app = TestApp::start_without_secret(&[&pair.setting(), &file]).await;
        assert_eq!(answer(&app, &pair.sign(None)).await.0, 200, "{:?}", pair.algorithm);
        for other in pairs().into_iter().filter(|other| other.algorithm != pair.algorithm) {
            assert_eq!(answer(&app, &other.sign(None)).await, refused());
        }
        assert_eq!(answer(&app, &jwt("ada", "host")).await, refused());
        // The public key is no secret: it must not pass as one.
        let secret = EncodingKey::from_secret(pair.public_pem.as_bytes());
        let confusing = jsonwebtoken::encode(&Header::default(), &claims(), &secret).unwrap();
        assert_eq!(answer(&app, &confusing).await, refused());
        let unsigned = pair.sign(None).rsplit_once('.').unwrap().0.to_owned() + ".";
        assert_eq!(answer(&app, &unsigned).await, refused());
    }
}

/// A sign-in service that publishes keys, and counts how often it is asked.
struct Publisher {
    url: String,
    asked: Arc<AtomicUsize>,
    keys: Arc<Mutex<Vec<Value>>>,
}

impl Publisher {
    async fn start(keys: Vec<Value>) -> Self {
        let (asked, keys) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(keys)));
        let (counted, given) = (Arc::clone(&asked), Arc::clone(&keys));
        let router = Router::new().route(
            "/keys",
            get(move || async move {
                counted.fetch_add(1, Ordering::Relaxed);
                Json(json!({"keys": *given.lock().unwrap()}))
            }),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked, keys }
    }
}

#[tokio::test]
async fn tokens_of_published_keys_are_taken_by_the_name_of_their_key() {
    let [rsa, ec, ed] = pairs();
    let keys = vec![rsa.published("rsa"), ec.published("ec"), ed.published("ed")];
    let publisher = Publisher::start(keys).await;
    let url = format!("--jwt-jwks-url={}", publisher.url);
    for (pair, name) in [(&rsa, "rsa"), (&ec, "ec"), (&ed, "ed")] {
        let app = TestApp::start_without_secret(&[&pair.setting(), &url]).await;
        assert_eq!(answer(&app, &pair.sign(Some(name))).await.0, 200, "{name}");
        assert_eq!(answer(&app, &pair.sign(None)).await.0, 200, "{name}: the only one that fits");
        assert_eq!(answer(&app, &pair.sign(Some("other"))).await, refused());
    }
    let app = TestApp::start_without_secret(&[&rsa.setting(), &url]).await;
    assert_eq!(answer(&app, &ec.sign(Some("ec"))).await, refused(), "the setting names the algorithm");
}

#[tokio::test]
async fn tokens_that_name_unknown_keys_do_not_make_the_gateway_ask_and_ask() {
    let [_, ec, _] = pairs();
    let publisher = Publisher::start(vec![ec.published("ec")]).await;
    let url = format!("--jwt-jwks-url={}", publisher.url);
    let app = TestApp::start_without_secret(&[&ec.setting(), &url]).await;
    for number in 0..50 {
        assert_eq!(answer(&app, &ec.sign(Some(&format!("made up {number}")))).await, refused());
    }
    assert_eq!(answer(&app, &ec.sign(Some("ec"))).await.0, 200);
    let asked = publisher.asked.load(Ordering::Relaxed);
    assert!(asked <= 2, "asked {asked} times");
}

#[tokio::test]
async fn without_the_sign_in_services_keys_a_token_is_neither_good_nor_bad() {
    let [_, ec, _] = pairs();
    let publisher = Publisher::start(Vec::new()).await;
    let url = format!("--jwt-jwks-url={}", publisher.url);
    let app = TestApp::start_without_secret(&[&ec.setting(), &url]).await;
    assert_eq!(answer(&app, &ec.sign(Some("ec"))).await, (503, "UNAVAILABLE".to_owned()));
    publisher.keys.lock().unwrap().push(ec.published("ec"));
    assert_eq!(answer(&app, "nonsense").await, refused());
}
