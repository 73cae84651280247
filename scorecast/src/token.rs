//! Users' tokens: JWTs as the gateway of the same settings takes them.

use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;

use crate::data::{self, Folder, Secret};

/// Whom a token names, and who vouches.
#[derive(Debug, Clone, Args)]
pub struct Request {
    /// Who the user is: any text that stays the same
    #[arg(long)]
    pub sub: String,

    /// The name to show, if not that of --sub
    #[arg(long)]
    pub username: Option<String>,

    /// What the user may do beyond playing
    #[arg(long, value_enum)]
    pub role: Option<Role>,

    /// How long the token is good for
    #[arg(long, value_name = "DURATION", default_value = "12h", value_parser = services::config::duration)]
    pub expires_in: Duration,

    /// Who vouches
    #[command(flatten)]
    pub signature: Signature,
}

/// How a token is signed.
#[derive(Debug, Clone, Args)]
pub struct Signature {
    /// Secret that signs it, instead of the one that is kept in the data folder
    #[arg(long, env = "JWT_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub jwt_secret: Option<String>,

    /// Issuer (`iss`) that it names; none if empty
    #[arg(long, env = "JWT_ISSUER", default_value = "", value_name = "TEXT")]
    pub jwt_issuer: String,

    /// Audience (`aud`) that it names; none if empty
    #[arg(long, env = "JWT_AUDIENCE", default_value = "", value_name = "TEXT")]
    pub jwt_audience: String,

    /// Where the secret is kept
    #[command(flatten)]
    pub data: Folder,
}

/// What a user may do beyond playing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Make and run quizzes
    Host,
    /// Run everybody's quizzes
    Admin,
}

/// The claims of RFC 7519 that the gateway reads.
#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kept secret is not to be had.
    #[error(transparent)]
    Data(#[from] data::Error),
    /// The claims could not be signed.
    #[error("the token could not be signed")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// Makes a token: HS256, with the given secret or the kept one.
///
/// # Errors
/// If the kept secret can neither be read nor made.
pub fn issue(request: &Request) -> Result<String, Error> {
    let Signature { jwt_secret, jwt_issuer, jwt_audience, data } = &request.signature;
    let secret = match jwt_secret {
        Some(given) => given.clone(),
        None => data.secret(Secret::Jwt)?,
    };
    let expires = SystemTime::now() + request.expires_in;
    let claims = Claims {
        sub: &request.sub,
        username: request.username.as_deref().unwrap_or(&request.sub),
        role: request.role,
        exp: expires.duration_since(SystemTime::UNIX_EPOCH).expect("the present lies after 1970").as_secs(),
        iss: Some(&**jwt_issuer).filter(|issuer| !issuer.is_empty()),
        aud: Some(&**jwt_audience).filter(|audience| !audience.is_empty()),
    };
    Ok(jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes()))?)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use jsonwebtoken::{DecodingKey, Validation, decode};
    use serde_json::Value;

    use super::*;

    fn request(secret: Option<&str>, data: PathBuf) -> Request {
        Request {
            sub: "ada@example.org".to_owned(),
            username: None,
            role: Some(Role::Host),
            expires_in: Duration::from_secs(60),
            signature: Signature {
                jwt_secret: secret.map(str::to_owned),
                jwt_issuer: "school".to_owned(),
                jwt_audience: "quizzes".to_owned(),
                data: Folder { path: data },
            },
        }
    }

    fn claims(token: &str, secret: &str) -> Value {
        let mut validation = Validation::default();
        validation.set_issuer(&["school"]);
        validation.set_audience(&["quizzes"]);
        decode(token, &DecodingKey::from_secret(secret.as_bytes()), &validation).unwrap().claims
    }

    #[test]
    fn a_token_names_the_user_and_passes_a_verifier_with_the_given_secret() {
        let secret = "a secret of at least thirty-two bytes";
        let token = issue(&request(Some(secret), PathBuf::new())).unwrap();
        let claims = claims(&token, secret);
        assert_eq!(claims["sub"], "ada@example.org");
        assert_eq!(claims["username"], "ada@example.org");
        assert_eq!(claims["role"], "host");
    }

    #[test]
    fn without_a_given_secret_the_kept_one_signs() {
        let data = tempfile::tempdir().unwrap();
        let request = request(None, data.path().to_owned());
        let token = issue(&request).unwrap();
        claims(&token, &request.signature.data.secret(Secret::Jwt).unwrap());
    }
}
