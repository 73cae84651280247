//! Users' JWTs: algorithm, issuer and audience come from the settings, never from the token (RFC 8725).

use std::{fmt, str::FromStr};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::ErrorKind};
use serde::Deserialize;
use serde_json::Value;

use super::user::{Role, User};
use crate::config::{Config, JwtAlgorithm};

/// The key that users' JWTs are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct JwtSecret(String);

impl JwtSecret {
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
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
    #[error("signing in is switched off here: JWT_SECRET is not set")]
    SwitchedOff,
    /// It was good once.
    #[error("the token has expired, sign in again")]
    Expired,
    /// It is malformed, forged, or meant for somebody else.
    #[error("the token is not valid here, sign in again")]
    Invalid,
}

/// Checks users' JWTs.
pub(crate) struct JwtVerifier {
    key: Option<DecodingKey>,
    validation: Validation,
    issuer: String,
}

/// Clocks of two machines differ by about this much, in seconds.
const LEEWAY: u64 = 2;

impl JwtVerifier {
    /// Takes key, algorithm, issuer and audience from the settings.
    pub(crate) fn new(config: &Config) -> Self {
        let mut validation = Validation::new(match config.jwt_algorithm {
            JwtAlgorithm::Hs256 => Algorithm::HS256,
        });
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
        let secret = config.jwt_secret.as_ref().map(JwtSecret::bytes).filter(|secret| !secret.is_empty());
        Self { key: secret.map(DecodingKey::from_secret), validation, issuer: config.jwt_issuer.clone() }
    }

    /// Tells who a token speaks for.
    ///
    /// # Errors
    /// If the token is not good here and now.
    pub(crate) fn verify(&self, token: &str) -> Result<User, BadJwt> {
        let key = self.key.as_ref().ok_or(BadJwt::SwitchedOff)?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation)
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
        })
    }
}

/// What we read of a token; the claims that others define loosely are taken as they come.
#[derive(Deserialize)]
struct Claims {
    sub: String,
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
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        config: Config,
    }

    fn verifier(flags: &[&str]) -> JwtVerifier {
        let flags = ["gateway", "--jwt-secret=correct-horse-battery-staple"].iter().chain(flags);
        JwtVerifier::new(&Program::parse_from(flags).config)
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

    #[test]
    fn a_good_token_names_its_user() {
        let user = verifier(&["--jwt-issuer=school"])
            .verify(&token(
                &json!({"sub":"ada@x.org","name":"Ada","role":"host","exp":at(60),"iss":"school"}),
            ))
            .unwrap();
        assert_eq!(user.username, "Ada");
        assert_eq!(user.role, Role::Host);
        assert_eq!(user.owner_key(), r#"["school","ada@x.org"]"#);
    }

    #[test]
    fn the_name_is_username_else_name_else_subject() {
        for (claims, expected) in [
            (json!({"sub":"s","username":"u","name":"n","exp":at(60)}), "u"),
            (json!({"sub":"s","name":"n","exp":at(60)}), "n"),
            (json!({"sub":"s","username":7,"exp":at(60)}), "s"),
        ] {
            assert_eq!(verifier(&[]).verify(&token(&claims)).unwrap().username, expected);
        }
    }

    #[test]
    fn an_unknown_role_is_no_role() {
        for role in [json!("root"), json!(["admin"]), json!(null)] {
            let claims = json!({"sub":"s","role":role,"exp":at(60)});
            assert_eq!(verifier(&[]).verify(&token(&claims)).unwrap().role, Role::Player);
        }
    }

    #[test]
    fn an_expired_token_is_told_from_an_invalid_one() {
        let expired = token(&json!({"sub":"s","exp":at(-5)}));
        assert_eq!(verifier(&[]).verify(&expired), Err(BadJwt::Expired));
        let forged = expired.replace('.', "x");
        assert_eq!(verifier(&[]).verify(&forged), Err(BadJwt::Invalid));
    }

    #[test]
    fn what_the_settings_do_not_name_is_refused() {
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
            assert_eq!(school.verify(&token(&claims)), Err(BadJwt::Invalid), "{claims}");
        }
        let other_algorithm = signed(
            &Header::new(Algorithm::HS512),
            &json!({"sub":"s","exp":at(60),"iss":"school","aud":"quiz"}),
        );
        assert_eq!(school.verify(&other_algorithm), Err(BadJwt::Invalid));
    }

    #[test]
    fn without_a_secret_no_token_is_good() {
        let config = Program::parse_from(["gateway", "--jwt-secret="]).config;
        let good = token(&json!({"sub":"s","exp":at(60)}));
        assert_eq!(JwtVerifier::new(&config).verify(&good), Err(BadJwt::SwitchedOff));
    }
}
