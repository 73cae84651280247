//! Signing in: with this gateway, or where the settings say. The page asks which.

use std::sync::Arc;

use axum::{Json as Reply, extract::State, http::Uri};
use serde::{Deserialize, Serialize};
use services::config::BadSetting;
use utoipa::ToSchema;

use super::{
    Gateway,
    error::{Code, Error},
    request::{Client, Json},
};
use crate::{
    config::{Config, JwtAlgorithm, SignInKind},
    tokens::{Bearer, GUEST, HostPassword, Issued, Issuer},
};

/// The longest name, in characters.
const MAX_NAME: usize = 64;

/// How people sign in.
pub(crate) enum SignIn {
    /// Nowhere.
    None,
    /// Here.
    Builtin { issuer: Issuer, host_password: Option<HostPassword> },
    /// Elsewhere.
    External(External),
}

/// Where people sign in, and where the page then gets their tokens.
#[derive(Clone)]
pub(crate) struct External {
    sign_in_url: String,
    token_url: String,
    token_origin: String,
}

impl SignIn {
    /// Takes the kind and what it needs from the settings.
    ///
    /// # Errors
    /// If something that it needs is not set.
    pub(crate) fn new(config: &Config) -> Result<Self, BadSetting> {
        let secret = config.jwt_secret.as_ref().filter(|secret| !secret.is_empty());
        match (config.sign_in, secret, &config.sign_in_url, &config.sign_in_token_url) {
            (SignInKind::None, ..) => Ok(Self::None),
            (SignInKind::Builtin, Some(secret), ..) if config.jwt_algorithm == JwtAlgorithm::Hs256 => {
                let issuer = Issuer::new(secret, config);
                Ok(Self::Builtin { issuer, host_password: config.host_password.clone() })
            }
            (SignInKind::Builtin, ..) => Err(BadSetting(
                "SIGN_IN is builtin, which signs with JWT_SECRET: set that, or SIGN_IN to none or external"
                    .to_owned(),
            )),
            (SignInKind::External, _, Some(sign_in_url), Some(token_url)) => Ok(Self::External(External {
                sign_in_url: sign_in_url.to_string(),
                token_url: token_url.to_string(),
                token_origin: origin(token_url),
            })),
            (SignInKind::External, ..) => {
                Err(BadSetting("SIGN_IN is external: set SIGN_IN_URL and SIGN_IN_TOKEN_URL".to_owned()))
            }
        }
    }

    /// The server that the page gets its tokens from, if that is another one.
    pub(crate) fn token_origin(&self) -> Option<&str> {
        match self {
            Self::External(External { token_origin, .. }) => Some(token_origin),
            Self::None | Self::Builtin { .. } => None,
        }
    }
}

/// Scheme and authority of a URL that has both.
fn origin(url: &Uri) -> String {
    format!("{}://{}", url.scheme_str().unwrap_or_default(), url.authority().map_or("", |it| it.as_str()))
}

/// How one signs in here.
#[derive(Serialize, ToSchema)]
#[schema(as = SignIn, example = json!({"kind": "builtin"}))]
#[serde(tag = "kind", rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "SignIn"))]
pub(crate) enum Kind {
    Builtin,
    External { sign_in_url: String, token_url: String },
}

/// Tells how one signs in, for whoever shows a form.
#[utoipa::path(
    get,
    path = "/auth/config",
    operation_id = "get_sign_in",
    tag = "Signing in",
    responses((status = 200, description = "Here, or elsewhere", body = Kind)),
)]
pub(crate) async fn kind(State(gateway): State<Arc<Gateway>>) -> Result<Reply<Kind>, Error> {
    match &gateway.sign_in {
        SignIn::None => Err(switched_off()),
        SignIn::Builtin { .. } => Ok(Reply(Kind::Builtin)),
        SignIn::External(External { sign_in_url, token_url, .. }) => {
            Ok(Reply(Kind::External { sign_in_url: sign_in_url.clone(), token_url: token_url.clone() }))
        }
    }
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"username": "ada"}))]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Login", optional_fields = nullable))]
pub(crate) struct Login {
    /// 1 to 64 characters.
    username: String,
    role: Option<Role>,
    /// A host's.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<String>", optional))]
    password: String,
}

/// The only role that one can sign in to.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
enum Role {
    Host,
}

/// A user's token.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"token": "<jwt>", "expires_at": "2026-02-02T22:15:00.123Z"}))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct LoggedIn {
    token: String,
    expires_at: String,
}

/// Signs in: as a guest, or with the password as a host.
#[utoipa::path(
    post,
    path = "/auth/login",
    operation_id = "sign_in",
    tag = "Signing in",
    request_body = Login,
    responses((status = 200, description = "A token for 12 hours", body = LoggedIn)),
)]
pub(crate) async fn log_in(
    State(gateway): State<Arc<Gateway>>,
    Client(client): Client,
    Json(body): Json<Login>,
) -> Result<Reply<LoggedIn>, Error> {
    let SignIn::Builtin { issuer, host_password } = &gateway.sign_in else { return Err(switched_off()) };
    gateway.door.rates.entry(client)?;
    let username = name(&body.username)?;
    let bearer = match body.role {
        None => Bearer::Guest,
        Some(Role::Host) => {
            let password = host_password.as_ref().ok_or_else(|| {
                Error::new(Code::Forbidden, "hosts cannot sign in here: HOST_PASSWORD is not set")
            })?;
            let guess = gateway.door.rates.passwords.begin(client).await?;
            if !password.is(&body.password) {
                guess.was_wrong();
                return Err(Error::new(Code::Unauthenticated, "the host password is wrong"));
            }
            if username.starts_with(GUEST) {
                return Err(Error::new(Code::InvalidArgument, "username: only guests are called guest:…"));
            }
            Bearer::Host
        }
    };
    let Issued { token, expires_at } = issuer.issue(&bearer, username);
    Ok(Reply(LoggedIn { token, expires_at: format!("{expires_at:.3}") }))
}

fn switched_off() -> Error {
    Error::new(Code::NotFound, "nobody signs in here, bring a token")
}

/// A name that can be shown.
fn name(text: &str) -> Result<&str, Error> {
    let name = text.trim();
    let is_good = (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    is_good.then_some(name).ok_or_else(|| {
        Error::new(
            Code::InvalidArgument,
            "username: expected 1 to 64 characters, none of them a control character",
        )
    })
}
