//! Reading requests: path, query, body and peer, each parsed once; what is wrong with them is said
//! in the contract's words.

use std::{error::Error as _, net::IpAddr, net::SocketAddr, sync::Arc};

use axum::{
    body::{Bytes, HttpBody as _},
    extract::{self, ConnectInfo, FromRequest, FromRequestParts, Path, Request, rejection::JsonRejection},
    http::{HeaderMap, header, request::Parts},
};
use serde::{Deserialize, de::DeserializeOwned};
use services::telemetry::limit_reached;
use tokio::time::timeout;
use utoipa::IntoParams;

use super::{
    Gateway,
    error::{Code, Error},
};
use crate::{
    config::bounds::{BODY_BYTES, BODY_WITHIN},
    ids::QuizId,
};

/// The quiz that the path names; a malformed one does not exist.
pub(crate) struct InQuiz(pub(crate) QuizId);

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct QuizPath {
    /// The quiz.
    #[param(example = "quiz_a1b2c3d4e5f6")]
    quiz_id: String,
}

impl<S: Send + Sync> FromRequestParts<S> for InQuiz {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let path = Path::<QuizPath>::from_request_parts(parts, state).await;
        let path = path.map_err(|_| Error::quiz_not_found())?;
        path.quiz_id.parse().map(Self).map_err(|_| Error::quiz_not_found())
    }
}

/// The query, parsed.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        let query = extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0)).map_err(|rejection| {
            let reason = rejection.source().map_or_else(|| rejection.body_text(), ToString::to_string);
            Error::new(Code::InvalidArgument, reason)
        })
    }
}

/// The body, parsed as one JSON object.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Error> {
        let too_large = || {
            let message = format!("the body is larger than {} KiB", BODY_BYTES >> 10);
            Error::new(Code::PayloadTooLarge, message)
        };
        let is_json = says_json(request.headers());
        if request.body().size_hint().lower() > BODY_BYTES as u64 {
            return Err(too_large());
        }
        let body = timeout(BODY_WITHIN, axum::body::to_bytes(request.into_body(), BODY_BYTES)).await;
        let body = body
            .map_err(|_| {
                limit_reached("body");
                Error::new(Code::DeadlineExceeded, "the body did not arrive in time, try again")
            })?
            .map_err(|_| too_large())?;
        parse(&body, is_json).map(Self)
    }
}

pub(super) fn parse<T: DeserializeOwned>(body: &Bytes, is_json: bool) -> Result<T, Error> {
    let invalid = |reason: String| Err(Error::new(Code::InvalidArgument, reason));
    match body.trim_ascii_start().first() {
        None => invalid("the body is empty, send a JSON object".to_owned()),
        Some(_) if !is_json => Err(Error::new(
            Code::UnsupportedMediaType,
            "send JSON, with the header Content-Type: application/json",
        )),
        Some(b'{') => extract::Json::from_bytes(body)
            .map(|json| json.0)
            .or_else(|rejection| invalid(reason(&rejection))),
        Some(_) => invalid("the body is not a JSON object, send one".to_owned()),
    }
}

/// What is wrong with JSON, and where.
pub(super) fn reason(rejection: &JsonRejection) -> String {
    rejection.source().map_or_else(|| rejection.body_text(), ToString::to_string)
}

/// The content type without its parameters, in lower case; empty if there is none.
pub(super) fn content_type(headers: &HeaderMap) -> String {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|text| text.split(';').next()).unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Whether the content type is `application/json` or `application/…+json`.
pub(super) fn says_json(headers: &HeaderMap) -> bool {
    let essence = content_type(headers);
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The address that a request comes from, behind the proxies that we trust.
pub(crate) struct Client(pub(crate) IpAddr);

impl FromRequestParts<Arc<Gateway>> for Client {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Error> {
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(parts, gateway).await;
        let peer = peer.map_err(|_| Error::internal())?;
        Ok(Self(gateway.door.client(peer.ip(), &parts.headers)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Body {
        #[allow(dead_code, reason = "only whether it parses is asked")]
        username: String,
    }

    fn refused(body: &'static [u8], is_json: bool) -> (Code, String) {
        let error = parse::<Body>(&Bytes::from_static(body), is_json).unwrap_err();
        (error.code(), error.to_string())
    }

    #[test]
    fn a_bad_body_is_refused_with_a_sentence_about_it() {
        for (body, expected) in [
            (&b""[..], "is empty"),
            (b"  ", "is empty"),
            (b"[\"ada\"]", "not a JSON object"),
            (b"ada", "not a JSON object"),
            (b"{\"username\":", "EOF"),
            (b"{}", "missing field `username`"),
            (b"{\"username\":5}", "username: invalid type: integer `5`, expected a string"),
            (b"{\"username\":\"\xff\"}", "invalid unicode"),
            (b"{\"username\":\"a\",\"username\":\"b\"}", "duplicate field"),
        ] {
            let (code, sentence) = refused(body, true);
            assert_eq!(code, Code::InvalidArgument);
            assert!(sentence.contains(expected), "{sentence}");
        }
    }

    #[test]
    fn a_body_that_does_not_say_json_is_refused_as_a_media_type() {
        assert_eq!(refused(b"{}", false).0, Code::UnsupportedMediaType);
        for (content_type, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/problem+json", true),
            ("text/plain", false),
            ("text/json+json", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, content_type.parse().unwrap())]);
            assert_eq!(says_json(&headers), expected, "{content_type}");
        }
    }
}
