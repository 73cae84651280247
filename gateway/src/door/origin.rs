//! Which pages may call: the origins named by the settings, else only the page's own (RFC 6454).

use std::str::FromStr;

use axum::http::{HeaderMap, HeaderValue, Uri, header};

/// The origins of pages that may call; empty means the page's own.
#[derive(Debug, Clone, Default)]
pub struct Origins(Vec<HeaderValue>);

impl FromStr for Origins {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let origins = text.split(',').map(|part| part.trim().trim_end_matches('/'));
        origins
            .filter(|part| !part.is_empty())
            .map(parse)
            .collect::<Option<_>>()
            .map(Self)
            .ok_or("expected origins such as https://quiz.example.com")
    }
}

impl Origins {
    /// The origins that the settings name.
    pub(crate) fn named(&self) -> &[HeaderValue] {
        &self.0
    }

    /// Whether the page that a request comes from may call. Whoever is no page sends no origin
    /// and passes.
    pub(super) fn allow(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        if self.0.is_empty() { is_own(origin, headers.get(header::HOST)) } else { self.0.contains(origin) }
    }
}

fn parse(text: &str) -> Option<HeaderValue> {
    let uri: Uri = text.parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let origin = format!("{scheme}://{}", uri.authority()?).to_ascii_lowercase();
    (origin == text.to_ascii_lowercase()).then(|| origin.parse().ok())?
}

/// The scheme is not compared: a proxy in front may have taken TLS off.
fn is_own(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let authority = |value: &HeaderValue| value.to_str().ok()?.parse::<Uri>().ok()?.authority().cloned();
    let (Some(origin), Some(host)) = (authority(origin), host.and_then(authority)) else { return false };
    let port = |port: Option<u16>| port.filter(|port| !matches!(port, 80 | 443));
    origin.host().eq_ignore_ascii_case(host.host()) && port(origin.port_u16()) == port(host.port_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origins: &str, origin: &str, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if !origin.is_empty() {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        origins.parse::<Origins>().unwrap().allow(&headers)
    }

    #[test]
    fn by_default_only_the_pages_own_origin_may_call() {
        for (origin, host, expected) in [
            ("http://quiz.example:8080", "quiz.example:8080", true),
            ("https://quiz.example", "quiz.example", true),
            ("https://Quiz.Example", "quiz.example:443", true),
            ("", "quiz.example", true),
            ("https://evil.example", "quiz.example", false),
            ("http://quiz.example:8081", "quiz.example:8080", false),
            ("https://quiz.example.evil", "quiz.example", false),
            ("null", "quiz.example", false),
        ] {
            assert_eq!(allowed("", origin, host), expected, "{origin} {host}");
        }
    }

    #[test]
    fn named_origins_replace_the_default() {
        let named = "https://a.example, http://localhost:3000/";
        assert!(allowed(named, "https://a.example", "gateway"));
        assert!(allowed(named, "http://localhost:3000", "gateway"));
        assert!(!allowed(named, "http://a.example", "gateway"));
        assert!(!allowed(named, "http://gateway", "gateway"));
        assert!(allowed(named, "", "gateway"));
    }

    #[test]
    fn what_is_not_an_origin_is_refused_as_a_setting() {
        for text in ["*", "example.com", "https://", "https://a.example/path", "ftp://a.example"] {
            assert!(text.parse::<Origins>().is_err(), "{text}");
        }
    }
}
