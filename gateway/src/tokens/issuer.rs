//! The built-in sign-in: tokens like those of a sign-in service, signed with our own secret.

use jiff::{Timestamp, ToSpan as _};
use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;

use super::jwt::JwtSecret;
use crate::config::Config;

/// How long a token is good for.
const HOURS: i64 = 12;

/// Signs users' tokens.
pub(crate) struct Issuer {
    key: EncodingKey,
    issuer: String,
    audience: String,
}

/// Whom a token is for.
pub(crate) enum Bearer {
    /// Somebody who plays: a new person each time.
    Guest,
    /// Somebody who runs quizzes: by the same name the same person.
    Host,
}

/// A token and when it expires.
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) expires_at: Timestamp,
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    iss: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    aud: &'a str,
}

/// What a guest's `sub` begins with; no host's does.
pub(crate) const GUEST: &str = "guest:";

impl Issuer {
    /// Signs with the given secret, for the issuer and the audience of the settings.
    pub(crate) fn new(secret: &JwtSecret, config: &Config) -> Self {
        Self {
            key: EncodingKey::from_secret(secret.bytes()),
            issuer: config.jwt_issuer.clone(),
            audience: config.jwt_audience.clone(),
        }
    }

    /// Makes a token that shows this name.
    pub(crate) fn issue(&self, bearer: &Bearer, username: &str) -> Issued {
        let now = Timestamp::from_second(Timestamp::now().as_second()).expect("the present is in range");
        let expires_at = now + HOURS.hours();
        let guest = format!("{GUEST}{:032x}", rand::random::<u128>());
        let (sub, role) = match bearer {
            Bearer::Guest => (guest.as_str(), None),
            Bearer::Host => (username, Some("host")),
        };
        let claims = Claims {
            sub,
            username,
            role,
            iat: now.as_second(),
            exp: expires_at.as_second(),
            iss: &self.issuer,
            aud: &self.audience,
        };
        let token = jsonwebtoken::encode(&Header::default(), &claims, &self.key);
        Issued { token: token.expect("text and numbers are signed with any secret"), expires_at }
    }
}
