//! Users' JWTs: algorithm, issuer and audience come from the settings, never from the token (RFC 8725).

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use jsonwebtoken::{Validation, errors::ErrorKind};
use serde::Deserialize;
use serde_json::Value;
use services::{config::BadSetting, shutdown::Shutdown};

use super::{
    keys::Keys,
    user::{Role, User},
};
use crate::config::Config;

/// The key that users' JWTs are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct JwtSecret(String);

impl JwtSecret {
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether it is as good as none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for JwtSecret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for JwtSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwtSecret(…)")
    }
}

/// Why a JWT is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadJwt {
    /// There is no key to check it with.
    #[error("signing in is switched off here: no key for tokens is set")]
    SwitchedOff,
    /// The sign-in service has not given its keys yet.
    #[error("the sign-in service's keys are out of reach, try again")]
    OutOfReach,
    /// It was good once.
    #[error("the token has expired, sign in again")]
    Expired,
    /// It is malformed, forged, or meant for somebody else.
    #[error("the token is not valid here, sign in again")]
    Invalid,
}

/// Checks users' JWTs.
pub(crate) struct JwtVerifier {
    keys: Keys,
    validation: Validation,
    issuer: String,
}

/// Clocks of two machines differ by about this much, in seconds.
const LEEWAY: u64 = 2;

impl JwtVerifier {
    /// Takes keys, algorithm, issuer and audience from the settings.
    ///
    /// # Errors
    /// If the settings name no key that fits the algorithm.
    pub(crate) fn new(config: &Config, shutdown: &Shutdown) -> Result<Self, BadSetting> {
        let mut validation = Validation::new(config.jwt_algorithm.into());
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        let mut required = vec!["exp", "sub"];
        if !config.jwt_issuer.is_empty() {
            validation.set_issuer(&[&config.jwt_issuer]);
            required.push("iss");
        }
        if !config.jwt_audience.is_empty() {
            validation.set_audience(&[&config.jwt_audience]);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        Ok(Self { keys: Keys::new(config, shutdown)?, validation, issuer: config.jwt_issuer.clone() })
    }

    /// Keeps published keys fresh, until the service stops.
    pub(crate) async fn keep_fresh(&self) {
        if let Keys::Published(published) = &self.keys {
            published.keep_fresh().await;
        }
    }

    /// Tells who a token speaks for.
    ///
    /// # Errors
    /// If the token is not good here and now.
    pub(crate) async fn verify(&self, token: &str) -> Result<User, BadJwt> {
        let header = jsonwebtoken::decode_header(token).ok();
        // Keys are looked up only for what might be a good token.
        let header = header.filter(|header| self.validation.algorithms.contains(&header.alg));
        let key = match header {
            Some(header) => self.keys.find(header.kid.as_deref()).await?,
            None => return Err(BadJwt::Invalid),
        };
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &self.validation)
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => BadJwt::Expired,
                _ => BadJwt::Invalid,
            })?
            .claims;
        if claims.sub.is_empty() {
            return Err(BadJwt::Invalid);
        }
        let username = text(claims.username).or_else(|| text(claims.name));
        Ok(User {
            issuer: self.issuer.clone(),
            username: username.unwrap_or_else(|| claims.sub.clone()),
            subject: claims.sub,
            role: match text(claims.role).as_deref() {
                Some("host") => Role::Host,
                Some("admin") => Role::Admin,
                _ => Role::Player,
            },
            expires_at: moment(claims.exp),
        })
    }
}

/// The moment after which a token is no longer taken: beyond the calendar means never.
#[allow(clippy::cast_possible_truncation, reason = "as casts saturate, which is what is meant")]
fn moment(seconds: f64) -> Timestamp {
    Timestamp::from_second((seconds as i64).saturating_add_unsigned(LEEWAY)).unwrap_or(Timestamp::MAX)
}

/// What we read of a token; the claims that others define loosely are taken as they come.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// Seconds since 1970, perhaps with a fraction (RFC 7519 §2).
    exp: f64,
    #[serde(default)]
    username: Value,
    #[serde(default)]
    name: Value,
    #[serde(default)]
    role: Value,
}

fn text(claim: Value) -> Option<String> {
    match claim {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        config: Config,
    }

    fn verifier(flags: &[&str]) -> JwtVerifier {
        let flags = ["gateway", "--jwt-secret=correct-horse-battery-staple"].iter().chain(flags);
        JwtVerifier::new(&Program::parse_from(flags).config, &Shutdown::default()).unwrap()
    }

    fn signed(header: &Header, claims: &Value) -> String {
        encode(header, claims, &EncodingKey::from_secret(b"correct-horse-battery-staple")).unwrap()
    }

    fn token(claims: &Value) -> String {
        signed(&Header::new(Algorithm::HS256), claims)
    }

    /// Seconds since 1970, `offset` from now.
    fn at(offset: i64) -> i64 {
        jiff::Timestamp::now().as_second() + offset
    }

    #[tokio::test]
    async fn a_good_token_names_its_user_and_its_end() {
        let exp = at(60);
        let claims = json!({"sub":"ada@x.org","name":"Ada","role":"host","exp":exp,"iss":"school"});
        let user = verifier(&["--jwt-issuer=school"]).verify(&token(&claims)).await.unwrap();
        assert_eq!(user.expires_at.as_second(), exp + 2, "with the leeway");
        assert_eq!(user.username, "Ada");
        assert_eq!(user.role, Role::Host);
        assert_eq!(user.owner_key(), r#"["school","ada@x.org"]"#);
    }

    #[tokio::test]
    async fn the_name_is_username_else_name_else_subject() {
        for (claims, expected) in [
            (json!({"sub":"s","username":"u","name":"n","exp":at(60)}), "u"),
            (json!({"sub":"s","name":"n","exp":at(60)}), "n"),
            (json!({"sub":"s","username":7,"exp":at(60)}), "s"),
        ] {
            assert_eq!(verifier(&[]).verify(&token(&claims)).await.unwrap().username, expected);
        }
    }

    #[tokio::test]
    async fn an_unknown_role_is_no_role() {
        for role in [json!("root"), json!(["admin"]), json!(null)] {
            let claims = json!({"sub":"s","role":role,"exp":at(60)});
            assert_eq!(verifier(&[]).verify(&token(&claims)).await.unwrap().role, Role::Player);
        }
    }

    #[tokio::test]
    async fn an_expired_token_is_told_from_an_invalid_one() {
        let expired = token(&json!({"sub":"s","exp":at(-5)}));
        assert_eq!(verifier(&[]).verify(&expired).await, Err(BadJwt::Expired));
        let forged = expired.replace('.', "x");
        assert_eq!(verifier(&[]).verify(&forged).await, Err(BadJwt::Invalid));
    }

    #[tokio::test]
    async fn what_the_settings_do_not_name_is_refused() {
        let school = verifier(&["--jwt-issuer=school", "--jwt-audience=quiz"]);
        for claims in [
            json!({"sub":"s","exp":at(60)}),
            json!({"sub":"s","exp":at(60),"iss":"school"}),
            json!({"sub":"s","exp":at(60),"iss":"other","aud":"quiz"}),
            json!({"sub":"s","exp":at(60),"iss":"school","aud":"other"}),
            json!({"sub":"s","iss":"school","aud":"quiz"}),
            json!({"sub":"","exp":at(60),"iss":"school","aud":"quiz"}),
            json!({"exp":at(60),"iss":"school","aud":"quiz"}),
            json!({"sub":"s","exp":at(60),"nbf":at(30),"iss":"school","aud":"quiz"}),
        ] {
            assert_eq!(school.verify(&token(&claims)).await, Err(BadJwt::Invalid), "{claims}");
        }
        let other_algorithm = signed(
            &Header::new(Algorithm::HS512),
            &json!({"sub":"s","exp":at(60),"iss":"school","aud":"quiz"}),
        );
        assert_eq!(school.verify(&other_algorithm).await, Err(BadJwt::Invalid));
    }

    #[tokio::test]
    async fn without_a_secret_no_token_is_good() {
        let config = Program::parse_from(["gateway", "--jwt-secret="]).config;
        let good = token(&json!({"sub":"s","exp":at(60)}));
        let verifier = JwtVerifier::new(&config, &Shutdown::default()).unwrap();
        assert_eq!(verifier.verify(&good).await, Err(BadJwt::SwitchedOff));
    }
}
