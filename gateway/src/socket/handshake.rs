//! The opening handshake of a WebSocket (RFC 6455 §4.2): an upgrade request in, the 101 and the
//! connection behind it out. It agrees to no extension, and knows nothing of what is said later.

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version, header, request::Parts,
    },
};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The subprotocol that is agreed to, if a peer offers it.
const SUBPROTOCOL: &str = "scorecast.v1";

/// The request asks for something else than a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("connect with a WebSocket, version 13")]
pub(crate) struct NotAnUpgrade;

/// Agrees to an upgrade; the connection is there once the answer has been written.
///
/// # Errors
/// If the request asks for something else than a WebSocket.
pub(crate) fn accept(request: &mut Parts) -> Result<(Response<Body>, OnUpgrade), NotAnUpgrade> {
    let headers = &request.headers;
    let is_websocket = request.method == Method::GET
        && request.version == Version::HTTP_11
        && lists(headers, &header::CONNECTION, "upgrade")
        && lists(headers, &header::UPGRADE, "websocket")
        && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| is_websocket).ok_or(NotAnUpgrade)?;
    let mut answer = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes()));
    if lists(headers, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        answer = answer.header(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    let connection = request.extensions.remove::<OnUpgrade>().ok_or(NotAnUpgrade)?;
    Ok((answer.body(Body::empty()).expect("these are header values"), connection))
}

/// Whether a word stands in the lists of a header, in any case.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let lists = headers.get_all(name).into_iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|entry| entry.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    /// A good request, with one header set to something else, or left out.
    fn request(name: &str, value: Option<&str>) -> Parts {
        let mut request = Request::builder().method(Method::GET);
        for (header, good) in [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            let value = if header == name { value } else { Some(good) };
            request = value.into_iter().fold(request, |request, value| request.header(header, value));
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        parts.extensions.insert(hyper::upgrade::on(Request::new(())));
        parts
    }

    #[test]
    fn only_a_whole_handshake_of_version_13_is_agreed_to() {
        for (name, value, expected) in [
            ("", None, true),
            ("connection", None, false),
            ("connection", Some("close"), false),
            ("connection", Some("upgrade"), true),
            ("upgrade", Some("h2c"), false),
            ("upgrade", Some("h2c, websocket"), true),
            ("sec-websocket-version", Some("8"), false),
            ("sec-websocket-version", None, false),
            ("sec-websocket-key", None, false),
        ] {
            assert_eq!(accept(&mut request(name, value)).is_ok(), expected, "{name}: {value:?}");
        }
        let mut posted = request("", None);
        posted.method = Method::POST;
        assert!(accept(&mut posted).is_err());
        let mut old = request("", None);
        old.version = Version::HTTP_10;
        assert!(accept(&mut old).is_err());
        let mut unable = request("", None);
        unable.extensions.clear();
        assert!(accept(&mut unable).is_err(), "not every connection can be taken over");
    }

    #[test]
    fn the_answer_proves_that_the_key_was_read() {
        let (answer, _) = accept(&mut request("", None)).unwrap();
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        // The example of RFC 6455 §1.3.
        assert_eq!(answer.headers()[header::SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(answer.headers().get(header::SEC_WEBSOCKET_PROTOCOL), None);
    }

    #[test]
    fn of_the_subprotocols_only_our_own_is_agreed_to() {
        for (offer, agreed) in [("scorecast.v1, bearer.x", true), ("bearer.x", false)] {
            let mut request = request("", None);
            request.headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(offer));
            let (answer, _) = accept(&mut request).unwrap();
            let echoed = answer.headers().get(header::SEC_WEBSOCKET_PROTOCOL);
            assert_eq!(echoed.is_some_and(|echoed| echoed == SUBPROTOCOL), agreed, "{offer}");
        }
    }
}
