//! Where scoring is, as a setting says it. Talks to nobody.

use std::{fmt, str::FromStr};

use axum::http::{Uri, uri::Authority};

/// Where scoring is: `http://host:port` or `https://host:port` for one address, or
/// `dns:///host:port` for a name that stands for several processes
/// (<https://github.com/grpc/grpc/blob/master/doc/naming.md>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoringUrl {
    pub(super) scheme: Scheme,
    pub(super) host: String,
    pub(super) port: u16,
}

/// How it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// At one address, in the clear.
    Http,
    /// At one address, by TLS.
    Https,
    /// At all addresses of the name, by TLS if there is an authority for it.
    Dns,
}

impl ScoringUrl {
    /// Whether it can only be reached by TLS.
    pub(crate) fn needs_tls(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// Whether it may be reached by TLS.
    pub(crate) fn allows_tls(&self) -> bool {
        self.scheme != Scheme::Http
    }

    /// The name that a certificate must be made out to.
    pub(crate) fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The same as one server, for those who want to know whom calls go to.
    pub(super) fn server(&self) -> Uri {
        format!("http://{}", self.authority()).parse().expect("a host and a port make a URL")
    }

    /// Name and port, as in `scoring:50051`.
    pub(super) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl FromStr for ScoringUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or(
            "expected a URL such as http://127.0.0.1:50051, https://scoring:50051 or dns:///scoring:50051",
        )
    }
}

fn parse(text: &str) -> Option<ScoringUrl> {
    if let Some(name) = text.strip_prefix("dns:///") {
        let name: Authority = name.parse().ok().filter(|name: &Authority| !name.as_str().contains('@'))?;
        return Some(ScoringUrl {
            scheme: Scheme::Dns,
            host: name.host().to_owned(),
            port: name.port_u16()?,
        });
    }
    let url: Uri = text.parse().ok()?;
    let (scheme, usual_port) = match url.scheme_str()? {
        "http" => (Scheme::Http, 80),
        "https" => (Scheme::Https, 443),
        _ => return None,
    };
    let port = url.port_u16().unwrap_or(usual_port);
    Some(ScoringUrl { scheme, host: url.host()?.to_owned(), port })
}

impl fmt::Display for ScoringUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http://",
            Scheme::Https => "https://",
            Scheme::Dns => "dns:///",
        };
        write!(f, "{scheme}{}", self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_whom_to_call_and_how() {
        for (text, scheme, host, port) in [
            ("http://127.0.0.1:50051", Scheme::Http, "127.0.0.1", 50051),
            ("http://[::1]:50051", Scheme::Http, "::1", 50051),
            ("https://scoring:50051/", Scheme::Https, "scoring", 50051),
            ("https://scoring.example.com", Scheme::Https, "scoring.example.com", 443),
            ("dns:///scoring-headless:50051", Scheme::Dns, "scoring-headless", 50051),
        ] {
            let url: ScoringUrl = text.parse().expect(text);
            assert_eq!((url.scheme, url.host(), url.port), (scheme, host, port), "{text}");
            assert_eq!(url.to_string().parse(), Ok(url), "{text}");
        }
    }

    #[test]
    fn what_names_nobody_is_refused() {
        for text in [
            "",
            "scoring:50051",
            "ftp://scoring:50051",
            "http://",
            "dns:///",
            "dns:///scoring",
            "dns://1.1.1.1/scoring:1",
            "dns:///a@scoring:1",
        ] {
            assert!(text.parse::<ScoringUrl>().is_err(), "{text}");
        }
    }
}
