//! The settings of the gateway: each field's comment is its `--help`. Nothing else reads the environment.

pub(crate) mod bounds;
mod rates;
mod upstream;

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use axum::http::Uri;
use clap::{Args, ValueEnum};
use services::config::BadSetting;

pub use rates::RateSettings;
pub use upstream::UpstreamTls;

use self::bounds::OTHER_FILES;
use crate::{
    door::{Origins, Proxies},
    tokens::{HostPassword, JwtSecret, ParticipantSecrets},
    upstream::ScoringUrl,
};

/// How the gateway runs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Gateway")]
pub struct Config {
    /// Address for browsers; port 0 takes any free one
    #[arg(long, env = "GATEWAY_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub gateway_listen: SocketAddr,

    /// Where scoring answers gRPC: http://host:port, https://host:port, or dns:///host:port for all processes of a name
    #[arg(long, env = "SCORING_URL", default_value = "http://127.0.0.1:50051", value_name = "URL")]
    pub scoring_url: ScoringUrl,

    /// Certificates for the way there
    #[command(flatten)]
    pub upstream_tls: UpstreamTls,

    /// Key that users' JWTs are signed with, for HS256; without any key nobody can sign in
    #[arg(long, env = "JWT_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub jwt_secret: Option<JwtSecret>,

    /// File with the public key, in PEM, that users' JWTs are verified with
    #[arg(long, env = "JWT_PUBLIC_KEY", value_name = "FILE")]
    pub jwt_public_key: Option<PathBuf>,

    /// Where the sign-in service publishes its keys (JWKS), as in https://login.example.com/jwks.json
    #[arg(long, env = "JWT_JWKS_URL", value_name = "URL", value_parser = web_url)]
    pub jwt_jwks_url: Option<Uri>,

    /// Algorithm of users' JWTs; a token that names another is refused
    #[arg(long, env = "JWT_ALGORITHM", value_enum, default_value_t = JwtAlgorithm::Hs256, value_name = "NAME")]
    pub jwt_algorithm: JwtAlgorithm,

    /// Issuer (`iss`) that users' JWTs must name; none if empty
    #[arg(long, env = "JWT_ISSUER", default_value = "", value_name = "TEXT")]
    pub jwt_issuer: String,

    /// Audience (`aud`) that users' JWTs must name; if empty, they must name none
    #[arg(long, env = "JWT_AUDIENCE", default_value = "", value_name = "TEXT")]
    pub jwt_audience: String,

    /// How people sign in: nowhere (they bring tokens), with this gateway, or elsewhere
    #[arg(long, env = "SIGN_IN", value_enum, default_value_t = SignInKind::None, value_name = "KIND")]
    pub sign_in: SignInKind,

    /// Where the page sends people who sign in elsewhere; `return_to` is added to it
    #[arg(long, env = "SIGN_IN_URL", value_name = "URL", value_parser = web_url)]
    pub sign_in_url: Option<Uri>,

    /// Where the page then fetches their tokens
    #[arg(long, env = "SIGN_IN_TOKEN_URL", value_name = "URL", value_parser = web_url)]
    pub sign_in_token_url: Option<Uri>,

    /// Password, 8 bytes or more, of hosts who sign in with this gateway; without it none can
    #[arg(long, env = "HOST_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub host_password: Option<HostPassword>,

    /// Key of participant tokens, 32 bytes or more; a second one after a comma is still accepted (needed)
    #[arg(long, env = "PARTICIPANT_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub participant_secret: Option<ParticipantSecrets>,

    /// Origins of pages that may call, separated by commas, as in https://quiz.example.com; the page's own if empty
    #[arg(long, env = "ALLOWED_ORIGINS", default_value = "", value_name = "LIST")]
    pub allowed_origins: Origins,

    /// Networks of proxies whose X-Forwarded-For is believed, separated by commas, as in 10.0.0.0/8; none if empty
    #[arg(long, env = "TRUSTED_PROXIES", default_value = "", value_name = "LIST")]
    pub trusted_proxies: Proxies,

    /// Whether the sockets of one board share a stream from scoring, or each has its own
    #[arg(long, env = "UPSTREAM_STREAMS", value_enum, default_value_t = UpstreamStreams::Shared, value_name = "MODE")]
    pub upstream_streams: UpstreamStreams,

    /// Whether one thread writes all plain sockets, or each has a task
    #[arg(long, env = "FANOUT", value_enum, default_value_t = FanoutKind::Hub, value_name = "KIND")]
    pub fanout: FanoutKind,

    /// How old a stream from scoring gets before it is opened anew, perhaps from another process, give or take a fifth
    #[arg(long, env = "UPSTREAM_STREAM_AGE", default_value = "5m", value_name = "DURATION", value_parser = services::config::duration)]
    pub upstream_stream_age: Duration,

    /// Most connections that speak HTTP at once; more wait, and open WebSockets do not count
    #[arg(long, env = "MAX_CONNECTIONS", default_value = "16384", value_name = "COUNT")]
    pub max_connections: NonZeroU32,

    /// Most WebSockets that are open at once
    #[arg(long, env = "MAX_SOCKETS", default_value_t = 100_000, value_name = "COUNT")]
    pub max_sockets: u32,

    /// Time for stopping, at most; sockets are closed one by one, within the first half of it
    #[arg(long, env = "SHUTDOWN_GRACE", default_value = "30s", value_name = "DURATION", value_parser = services::config::duration)]
    pub shutdown_grace: Duration,

    /// How often callers may do what
    #[command(flatten)]
    pub rates: RateSettings,
}

/// The algorithm of users' JWTs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256 and a shared secret
    #[value(name = "HS256")]
    Hs256,
    /// RSA with SHA-256
    #[value(name = "RS256")]
    Rs256,
    /// ECDSA with P-256 and SHA-256
    #[value(name = "ES256")]
    Es256,
    /// Ed25519
    #[value(name = "EdDSA")]
    EdDsa,
}

impl JwtAlgorithm {
    /// As settings and tokens name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// How people sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SignInKind {
    /// Nowhere: they bring tokens
    None,
    /// With this gateway, by a name, and for hosts HOST_PASSWORD
    Builtin,
    /// At SIGN_IN_URL
    External,
}

/// How sockets are mapped to streams from scoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum UpstreamStreams {
    /// One stream per board, however many sockets look at it
    Shared,
    /// One stream per socket
    PerSocket,
}

/// Who writes the sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FanoutKind {
    /// One thread that owns them all; a task for each that is no plain TCP stream
    Hub,
    /// A task for each
    Tasks,
}

impl Config {
    /// Checks what no single setting can know by itself, and gives the participant secrets.
    ///
    /// # Errors
    /// Says in one sentence which setting is wrong and what would be right.
    pub(crate) fn check(&self) -> Result<&ParticipantSecrets, BadSetting> {
        let Some(secrets) = &self.participant_secret else {
            return Err(BadSetting(
                "PARTICIPANT_SECRET is missing: set it to 32 or more random bytes, the same for every gateway"
                    .to_owned(),
            ));
        };
        if self.jwt_secret.as_ref().is_some_and(|jwt| secrets.contain(jwt)) {
            return Err(BadSetting(
                "PARTICIPANT_SECRET and JWT_SECRET are the same: give each its own".to_owned(),
            ));
        }
        Ok(secrets)
    }

    /// What to do if so few files may be open that not all connections and sockets can be; nothing if
    /// they can.
    pub(crate) fn wants_more_files(&self, limit: Option<u64>) -> Option<String> {
        let wanted = u64::from(self.max_connections.get()) + u64::from(self.max_sockets) + OTHER_FILES;
        let limit = limit.filter(|limit| *limit < wanted)?;
        Some(format!(
            "at most {limit} files may be open, but MAX_CONNECTIONS and MAX_SOCKETS take up to {wanted}: raise \
             the hard limit of open files (ulimit -Hn), or lower them"
        ))
    }

    /// Whether any key for users' JWTs is set.
    #[must_use]
    pub fn has_jwt_key(&self) -> bool {
        self.jwt_secret.is_some() || self.jwt_public_key.is_some() || self.jwt_jwks_url.is_some()
    }
}

fn web_url(text: &str) -> Result<Uri, &'static str> {
    text.parse::<Uri>()
        .ok()
        .filter(|url| matches!(url.scheme_str(), Some("http" | "https")) && url.authority().is_some())
        .ok_or("expected a URL such as https://login.example.com/keys")
}

#[cfg(test)]
pub(crate) mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        config: Config,
    }

    /// The rates by default.
    pub(crate) fn rates() -> RateSettings {
        parse(&[]).unwrap().rates
    }

    fn parse(flags: &[&str]) -> Result<Config, String> {
        let flags = std::iter::once(&"gateway").chain(flags);
        Program::try_parse_from(flags).map(|program| program.config).map_err(|error| error.to_string())
    }

    const SECRET: &str = "--participant-secret=0123456789abcdef0123456789abcdef";

    #[test]
    fn the_defaults_are_those_of_the_contract() {
        let config = parse(&[SECRET]).unwrap();
        assert_eq!(config.gateway_listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.scoring_url.to_string(), "http://127.0.0.1:50051");
        assert_eq!(config.upstream_streams, UpstreamStreams::Shared);
        assert_eq!(config.fanout, FanoutKind::Hub);
        assert_eq!(config.rates.entry_rate.get(), 200);
        assert_eq!(config.rates.entry_burst.get(), 2_000);
        assert!(config.check().is_ok());
    }

    #[test]
    fn a_bad_setting_is_named() {
        for (flag, name) in [
            ("--scoring-url=scoring:50051", "scoring-url"),
            ("--upstream-key=file", "upstream-certificate"),
            ("--participant-secret=short", "participant-secret"),
            ("--allowed-origins=example.com", "allowed-origins"),
            ("--trusted-proxies=10.0.0.0/99", "trusted-proxies"),
            ("--jwt-algorithm=none", "jwt-algorithm"),
            ("--jwt-jwks-url=login.example.com", "jwt-jwks-url"),
            ("--sign-in=yes", "sign-in"),
            ("--host-password=short", "host-password"),
            ("--shutdown-grace=5", "shutdown-grace"),
            ("--answer-rate=0", "answer-rate"),
        ] {
            let error = parse(&[flag]).expect_err(flag);
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_participant_secret_is_needed_and_is_never_the_jwt_secret() {
        assert!(parse(&[]).unwrap().check().unwrap_err().0.contains("PARTICIPANT_SECRET is missing"));
        let same = parse(&[SECRET, "--jwt-secret=0123456789abcdef0123456789abcdef"]).unwrap();
        assert!(same.check().unwrap_err().0.contains("are the same"));
    }

    #[test]
    fn too_few_files_for_all_sockets_are_told_of_with_both_numbers() {
        let config = parse(&["--max-connections=1000", "--max-sockets=3000"]).unwrap();
        let sentence = config.wants_more_files(Some(1024)).expect("they are too few");
        assert!(sentence.contains("1024") && sentence.contains("4256"), "{sentence}");
        assert_eq!([Some(4256), None].map(|limit| config.wants_more_files(limit)), [None, None]);
    }

    #[test]
    fn certificates_and_the_way_to_scoring_fit_together() {
        for (flags, sentence) in [
            (&["--scoring-url=https://scoring:50051"][..], "UPSTREAM_CA is missing"),
            (&["--upstream-certificate=file", "--upstream-key=file"], "UPSTREAM_CA is missing"),
            (&["--upstream-ca=file"], "UPSTREAM_CA is set, but SCORING_URL is http://127.0.0.1:50051"),
            (&["--upstream-ca=no-such-file", "--scoring-url=dns:///scoring:50051"], "no-such-file"),
        ] {
            let config = parse(flags).unwrap();
            let refused = config.upstream_tls.read(&config.scoring_url).unwrap_err().0;
            assert!(refused.contains(sentence), "{refused}");
        }
        let config = parse(&["--scoring-url=dns:///scoring:50051"]).unwrap();
        assert!(config.upstream_tls.read(&config.scoring_url).unwrap().is_none(), "in the clear");
    }

    #[test]
    fn secrets_are_not_shown() {
        let config =
            parse(&[SECRET, "--jwt-secret=correct-horse", "--host-password=battery-staple"]).unwrap();
        let shown = format!("{config:?}");
        for secret in ["0123456789abcdef", "correct-horse", "battery-staple"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
