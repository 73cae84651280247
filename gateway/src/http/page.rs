//! The page: files that were built from `web/` and are part of the program. It knows nothing of
//! what the page shows.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};

use super::{
    Gateway,
    error::{Code, Error},
};

/// One file of the page.
struct File {
    /// Below the page's folder, as in `assets/index-1a2b3c.js`.
    path: &'static str,
    /// Changes with the content (RFC 9110 §8.8.3).
    tag: &'static str,
    plain: &'static [u8],
    /// The same compressed, if that makes it smaller.
    brotli: Option<&'static [u8]>,
}

const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

/// The page under each of its addresses, and what it is made of.
pub(super) fn routes() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/", get(index))
        .route("/quizzes/{quiz_id}", get(index))
        .route("/leaderboard", get(index))
        .route("/me", get(index))
        .route("/host", get(index))
        .route("/host/{*below}", get(index))
        .route("/assets/{*name}", get(asset))
}

/// The page itself. Browsers ask each time whether it is still the same, so that a new version is
/// seen at once; the rest of it is named in there and never changes.
async fn index(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    let policy = [(header::CONTENT_SECURITY_POLICY, policy(gateway.sign_in.token_origin()))];
    match find(FILES, "index.html") {
        Some(file) => (PROTECTION, policy, serve(file, "no-cache", &headers)).into_response(),
        None => (PROTECTION, policy, [(header::CACHE_CONTROL, "no-store")], Html(NO_PAGE)).into_response(),
    }
}

/// A file whose name holds a hash of its content. An unknown one is 404, never the page: a page of
/// an older version would take that for its missing part.
async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Error> {
    let file = find(FILES, &format!("assets/{name}"))
        .ok_or_else(|| Error::new(Code::NotFound, "there is nothing here"))?;
    let served = serve(file, "public, max-age=31536000, immutable", &headers);
    Ok(([(header::X_CONTENT_TYPE_OPTIONS, "nosniff")], served).into_response())
}

/// What the page may do: use its own files and its own server, and where users sign in elsewhere
/// fetch their tokens there.
fn policy(token_origin: Option<&str>) -> String {
    let elsewhere = token_origin.map(|origin| format!(" {origin}")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; \
         connect-src 'self'{elsewhere}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

const PROTECTION: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

const NO_PAGE: &str = "<!doctype html>\n<html lang=\"en\"><title>Scorecast</title>\n\
    <h1>Scorecast is running, without its page</h1>\n\
    <p>The page is built with Node 20 or later, before the program: <code>make run</code> does both. \
    By hand: <code>npm ci</code> and <code>npm run build</code> in <code>web/</code>, then \
    <code>cargo build</code> again. HTTP and WebSockets work as they are.</p>\n";

fn find<'a>(files: &'a [File], path: &str) -> Option<&'a File> {
    files.binary_search_by(|file| file.path.cmp(path)).ok().map(|index| &files[index])
}

fn serve(file: &File, caching: &'static str, request: &HeaderMap) -> Response {
    let headers =
        [(header::CACHE_CONTROL, caching), (header::ETAG, file.tag), (header::VARY, "accept-encoding")];
    if names(request, &header::IF_NONE_MATCH, file.tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let kind = [(header::CONTENT_TYPE, content_type(file.path))];
    match file.brotli.filter(|_| names(request, &header::ACCEPT_ENCODING, "br")) {
        Some(brotli) => (headers, kind, [(header::CONTENT_ENCODING, "br")], brotli).into_response(),
        None => (headers, kind, file.plain).into_response(),
    }
}

/// Whether a header that is a list names something, whatever weight or weakness it gives it.
fn names(request: &HeaderMap, header: &HeaderName, wanted: &str) -> bool {
    let lists = request.get_all(header).iter().filter_map(|value| value.to_str().ok());
    lists
        .flat_map(|list| list.split(','))
        .filter_map(|item| item.split(';').next())
        .any(|item| item.trim().trim_start_matches("W/") == wanted)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("md" | "txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: File =
        File { path: "assets/a-1.js", tag: "\"5eed\"", plain: b"let a = 1;", brotli: Some(b"short") };

    fn ask(headers: &[(HeaderName, &'static str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        serve(&SCRIPT, "no-cache", &headers)
    }

    fn encoding(response: &Response) -> Option<&str> {
        response.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn who_understands_brotli_gets_it() {
        assert_eq!(encoding(&ask(&[(header::ACCEPT_ENCODING, "gzip, deflate, br;q=1.0")])), Some("br"));
        assert_eq!(encoding(&ask(&[(header::ACCEPT_ENCODING, "gzip, brown")])), None);
        assert_eq!(encoding(&ask(&[])), None);
    }

    #[test]
    fn who_has_the_same_content_gets_none() {
        for known in ["\"5eed\"", "\"other\", W/\"5eed\""] {
            assert_eq!(ask(&[(header::IF_NONE_MATCH, known)]).status(), StatusCode::NOT_MODIFIED);
        }
        assert_eq!(ask(&[(header::IF_NONE_MATCH, "\"other\"")]).status(), StatusCode::OK);
    }

    #[test]
    fn every_file_of_the_page_is_found_and_has_a_type() {
        for file in FILES {
            assert!(find(FILES, file.path).is_some(), "{}", file.path);
            assert_ne!(content_type(file.path), "application/octet-stream", "{}", file.path);
        }
    }
}
