//! The keys that users' JWTs are verified with: a shared secret, a public key from a file, or the
//! set that a sign-in service publishes. Which algorithm they are for is a setting.

use std::{fs, path::Path, sync::Arc};

use jsonwebtoken::{Algorithm, DecodingKey};
use services::{config::BadSetting, shutdown::Shutdown};

use super::{
    jwt::{BadJwt, JwtSecret},
    published::Published,
};
use crate::config::{Config, JwtAlgorithm};

/// Where keys come from.
pub(super) enum Keys {
    /// Nowhere: no token is good.
    None,
    /// One key, for as long as the gateway runs.
    One(DecodingKey),
    /// Those that a sign-in service publishes.
    Published(Arc<Published>),
}

impl Keys {
    /// Takes the one source that the settings name.
    ///
    /// # Errors
    /// If the settings name none that fits the algorithm, or more than one, or a file without a key.
    pub(super) fn new(config: &Config, shutdown: &Shutdown) -> Result<Self, BadSetting> {
        let secret = config.jwt_secret.as_ref().filter(|secret| !secret.is_empty()).map(JwtSecret::bytes);
        let bad = |sentence: String| Err(BadSetting(sentence));
        let name = config.jwt_algorithm.name();
        match (config.jwt_algorithm, secret, &config.jwt_public_key, &config.jwt_jwks_url) {
            (JwtAlgorithm::Hs256, None, None, None) => Ok(Self::None),
            (JwtAlgorithm::Hs256, Some(secret), None, None) => {
                Ok(Self::One(DecodingKey::from_secret(secret)))
            }
            (JwtAlgorithm::Hs256, ..) => {
                bad("JWT_PUBLIC_KEY and JWT_JWKS_URL do not go with HS256: set JWT_ALGORITHM to theirs"
                    .to_owned())
            }
            (_, None, Some(path), None) => read(path, config.jwt_algorithm).map(Self::One),
            (algorithm, None, None, Some(url)) => {
                let published = Published::new(url.clone(), algorithm.into(), shutdown.clone());
                published
                    .map(Self::Published)
                    .or_else(|error| bad(format!("JWT_JWKS_URL cannot be used: {error}")))
            }
            (_, Some(_), ..) => bad(format!("JWT_SECRET does not go with {name}: leave it out")),
            (_, None, None, None) => bad(format!("{name} needs a key: set JWT_PUBLIC_KEY or JWT_JWKS_URL")),
            (_, None, Some(_), Some(_)) => {
                bad("JWT_PUBLIC_KEY and JWT_JWKS_URL are both set: leave one out".to_owned())
            }
        }
    }

    /// The key for a token that names this key (RFC 7515 §4.1.4), or none.
    ///
    /// # Errors
    /// If there is no such key, or none at all.
    pub(super) async fn find(&self, id: Option<&str>) -> Result<DecodingKey, BadJwt> {
        match self {
            Self::None => Err(BadJwt::SwitchedOff),
            Self::One(key) => Ok(key.clone()),
            Self::Published(published) => published.find(id).await,
        }
    }
}

impl From<JwtAlgorithm> for Algorithm {
    fn from(algorithm: JwtAlgorithm) -> Self {
        match algorithm {
            JwtAlgorithm::Hs256 => Self::HS256,
            JwtAlgorithm::Rs256 => Self::RS256,
            JwtAlgorithm::Es256 => Self::ES256,
            JwtAlgorithm::EdDsa => Self::EdDSA,
        }
    }
}

/// Reads a public key in PEM.
fn read(path: &Path, algorithm: JwtAlgorithm) -> Result<DecodingKey, BadSetting> {
    let shown = path.display();
    let pem = fs::read(path).map_err(|error| {
        BadSetting(format!("JWT_PUBLIC_KEY names {shown}, which cannot be read: {error}"))
    })?;
    let key = match algorithm {
        JwtAlgorithm::Rs256 => DecodingKey::from_rsa_pem(&pem),
        JwtAlgorithm::Es256 => DecodingKey::from_ec_pem(&pem),
        JwtAlgorithm::EdDsa => DecodingKey::from_ed_pem(&pem),
        JwtAlgorithm::Hs256 => Ok(DecodingKey::from_secret(&pem)),
    };
    let is_private = String::from_utf8_lossy(&pem).contains("PRIVATE KEY-----");
    key.ok().filter(|_| !is_private).ok_or_else(|| {
        let name = algorithm.name();
        BadSetting(format!("JWT_PUBLIC_KEY names {shown}, which holds no public key in PEM for {name}"))
    })
}
