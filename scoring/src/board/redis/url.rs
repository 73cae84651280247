//! What BOARD_URL says of Redis. Talks to no server.

use std::{fs, path::Path};

use redis::{
    Client, ClientTlsConfig, ConnectionInfo, IntoConnectionInfo as _, RedisResult, TlsCertificates,
    io::tcp::TcpSettings,
};

/// A URL, taken apart:
/// `redis[s][+cluster|+sentinel]://[user:password@]host[:port][,host[:port]…][/path][?query]`.
pub(super) struct Url {
    pub(super) kind: Kind,
    pub(super) hosts: Vec<(String, u16)>,
    /// The number of a database, or the name of what sentinels watch over.
    pub(super) path: String,
    /// How to introduce oneself to those who keep things.
    pub(super) caller: Caller,
    /// How to introduce oneself to sentinels.
    pub(super) caller_of_sentinels: Caller,
}

/// Who listens there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One server.
    One,
    /// Some nodes of a cluster, which know the others.
    Cluster,
    /// Sentinels, which know who is the master.
    Sentinel,
}

/// How to connect to a server, wherever it is.
#[derive(Clone)]
pub(super) struct Caller {
    /// As it stands in a URL: `user:password@` or nothing.
    credentials: String,
    is_secure: bool,
    certificates: Option<TlsCertificates>,
    tcp: TcpSettings,
    /// What the redis crate itself understands.
    query: String,
}

/// The files of a secure connection, named as in redis-py's URLs, and the sentinels' own password.
#[derive(Default)]
struct Query<'a> {
    ca: Option<&'a str>,
    certificate: Option<&'a str>,
    key: Option<&'a str>,
    sentinel_password: Option<&'a str>,
    rest: Vec<&'a str>,
}

const SHAPE: &str = "expected redis://host:port, redis+cluster://host:port,… or redis+sentinel://host:port,…/name, \
     or the same with rediss";

impl Url {
    /// Reads a URL and the files that it names.
    ///
    /// # Errors
    /// One plain sentence that repeats no secret.
    pub(super) fn parse(text: &str, tcp: &TcpSettings) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or(SHAPE)?;
        let (is_secure, kind) = match scheme {
            "redis" => (false, Kind::One),
            "rediss" => (true, Kind::One),
            "redis+cluster" => (false, Kind::Cluster),
            "rediss+cluster" => (true, Kind::Cluster),
            "redis+sentinel" => (false, Kind::Sentinel),
            "rediss+sentinel" => (true, Kind::Sentinel),
            _ => return Err(SHAPE.to_owned()),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some((credentials, hosts)) => (format!("{credentials}@"), hosts),
            None => (String::new(), authority),
        };
        let usual_port = if kind == Kind::Sentinel { 26_379 } else { 6379 };
        let hosts = hosts.split(',').map(|host| self::host(host, usual_port)).collect::<Option<Vec<_>>>();
        let hosts = hosts.ok_or(SHAPE)?;
        let is_path_right = match kind {
            Kind::One | Kind::Cluster => path.is_empty() || path.parse::<u32>().is_ok(),
            Kind::Sentinel => !path.is_empty() && !path.contains('/'),
        };
        if !is_path_right || (kind == Kind::One && hosts.len() > 1) {
            return Err(SHAPE.to_owned());
        }
        let query = Query::parse(query);
        let caller = Caller {
            credentials,
            is_secure,
            certificates: is_secure.then(|| query.certificates()).transpose()?,
            tcp: tcp.clone(),
            query: query.rest.join("&"),
        };
        let credentials = query.sentinel_password.map(|password| format!(":{password}@")).unwrap_or_default();
        let caller_of_sentinels = Caller { credentials, ..caller.clone() };
        Ok(Self { kind, hosts, path: path.to_owned(), caller, caller_of_sentinels })
    }
}

impl Caller {
    /// What it takes to connect to a server.
    pub(super) fn connection_info(
        &self,
        host: &str,
        port: u16,
        database: &str,
    ) -> RedisResult<ConnectionInfo> {
        let scheme = if self.is_secure { "rediss" } else { "redis" };
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let Self { credentials, query, .. } = self;
        let url = format!("{scheme}://{credentials}{host}:{port}/{database}?{query}");
        Ok(url.into_connection_info()?.set_tcp_settings(self.tcp.clone()))
    }

    /// Prepares to connect to a server.
    pub(super) fn client(&self, host: &str, port: u16, database: &str) -> RedisResult<Client> {
        let info = self.connection_info(host, port, database)?;
        match &self.certificates {
            Some(certificates) => Client::build_with_tls(info, certificates.clone()),
            None => Client::open(info),
        }
    }

    /// Whom to trust and what to show, if connections are secure.
    pub(super) fn certificates(&self) -> Option<&TlsCertificates> {
        self.certificates.as_ref()
    }
}

impl<'a> Query<'a> {
    fn parse(text: &'a str) -> Self {
        let mut query = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("ssl_ca_certs", file)) => query.ca = Some(file),
                Some(("ssl_certfile", file)) => query.certificate = Some(file),
                Some(("ssl_keyfile", file)) => query.key = Some(file),
                Some(("sentinel_password", password)) => query.sentinel_password = Some(password),
                _ => query.rest.push(pair),
            }
        }
        query
    }

    fn certificates(&self) -> Result<TlsCertificates, String> {
        let client_tls = match (self.certificate, self.key) {
            (Some(certificate), Some(key)) => {
                Some(ClientTlsConfig { client_cert: read(certificate)?, client_key: read(key)? })
            }
            (None, None) => None,
            _ => return Err("ssl_certfile and ssl_keyfile belong together".to_owned()),
        };
        Ok(TlsCertificates { client_tls, root_cert: self.ca.map(read).transpose()? })
    }
}

fn read(file: impl AsRef<Path>) -> Result<Vec<u8>, String> {
    fs::read(&file).map_err(|error| format!("{} cannot be read: {error}", file.as_ref().display()))
}

fn host(text: &str, usual_port: u16) -> Option<(String, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (text, usual_port),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Url, String> {
        Url::parse(text, &TcpSettings::default())
    }

    #[test]
    fn a_url_says_who_listens_where() {
        for (text, kind, hosts, path) in [
            ("redis://a", Kind::One, "a:6379", ""),
            ("redis://:p@a:1/2", Kind::One, "a:1", "2"),
            ("rediss://[::1]:1", Kind::One, "::1:1", ""),
            ("redis+cluster://u:p@a:1,b,[::1]", Kind::Cluster, "a:1 b:6379 ::1:6379", ""),
            ("redis+sentinel://a,b:1/board", Kind::Sentinel, "a:26379 b:1", "board"),
            ("rediss+sentinel://:p@a/board?sentinel_password=q", Kind::Sentinel, "a:26379", "board"),
        ] {
            let url = parse(text).unwrap();
            let found: Vec<_> = url.hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
            assert_eq!((url.kind, &*found.join(" "), &*url.path), (kind, hosts, path), "{text}");
            for (host, port) in &url.hosts {
                url.caller.connection_info(host, *port, "0").unwrap();
            }
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused_without_repeating_its_secrets() {
        for text in [
            "redis://",
            "redis://:secret@",
            "redis://:secret@a,b",
            "redis://:secret@a/b",
            "redis://:secret@a:99999",
            "redis+sentinel://:secret@a",
            "redis+sentinel://:secret@a/b/c",
            "redis+cluster://:secret@a,",
            "redis+ring://:secret@a",
            "rediss://:secret@a?ssl_certfile=b",
            "rediss://:secret@a?ssl_ca_certs=/no/such/file",
        ] {
            let Err(sentence) = parse(text) else { panic!("{text} was taken") };
            assert!(!sentence.contains("secret"), "{sentence}");
        }
    }

    #[test]
    fn stores_and_sentinels_have_passwords_of_their_own() {
        let url = parse("redis+sentinel://u:p%40@a/board?sentinel_password=q").unwrap();
        let of = |caller: &Caller| {
            let settings = caller.connection_info("a", 1, "0").unwrap().redis_settings().clone();
            (settings.username().map(str::to_owned), settings.password().map(str::to_owned))
        };
        assert_eq!(of(&url.caller), (Some("u".to_owned()), Some("p@".to_owned())));
        assert_eq!(of(&url.caller_of_sentinels), (None, Some("q".to_owned())));
    }
}
