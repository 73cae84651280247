//! What strangers may send, byte by byte: each function takes any input and panics if a promise is
//! broken by it. Coverage-guided fuzzers call them (`fuzz/`), and the tests below call them with the
//! kept corpus and with mutations of it.

use std::{
    future::Future,
    pin::pin,
    sync::LazyLock,
    task::{Context, Poll, Waker},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Parser;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use services::shutdown::Shutdown;
use sha2::Sha256;

use crate::{
    Config, fanout, http, socket,
    tokens::{JwtVerifier, ParticipantSecrets},
};

const JWT_SECRET: &str = "the fuzzers' own secret for users' tokens";
const PARTICIPANT_SECRET: &str = "the fuzzers' own secret for participants' tokens";

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

static JWT: LazyLock<JwtVerifier> = LazyLock::new(|| {
    let secret = format!("--jwt-secret={JWT_SECRET}");
    let config = Settings::parse_from(["gateway", &secret]).config;
    JwtVerifier::new(&config, &Shutdown::default()).expect("a secret is a key")
});

static PARTICIPANTS: LazyLock<ParticipantSecrets> =
    LazyLock::new(|| PARTICIPANT_SECRET.parse().expect("it is long enough"));

/// A message on the leaderboard socket: it is understood, or answered by an error in JSON.
pub fn socket_message(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Some(answer) = socket::complaint(text) {
        let answer: Value = serde_json::from_str(&answer).expect("we speak JSON");
        assert_eq!(answer["type"], "error");
        assert!(answer["code"].is_string() && answer["message"].is_string(), "{answer}");
    }
}

/// What a peer sends on a socket, frames or not: how the network cuts it makes no difference, and
/// little of it is kept.
pub fn socket_frames(input: &[u8]) {
    let whole = fanout::overhear(input, &[usize::MAX]);
    for lengths in [&[1][..], &[2, 11, 3]] {
        assert_eq!(fanout::overhear(input, lengths), whole);
    }
}

/// The body of a request, as each route that takes JSON reads it: it is read, or refused by a
/// sentence that does not outgrow what it is about.
pub fn json_body(input: &[u8]) {
    for refusal in http::body_complaints(input) {
        assert!(!refusal.is_empty() && refusal.len() <= 10 * input.len() + 500, "{refusal}");
    }
}

/// The body of an upload: the same rows come out of it, or the same complaint, however it is cut.
pub fn upload(input: &[u8]) {
    // A byte order mark, of three bytes, comes in one piece.
    for piece_bytes in [3, 7, 64] {
        assert!(http::is_read_alike(input, piece_bytes), "in pieces of {piece_bytes}");
    }
}

/// A token of either kind: it is good only if our key signed exactly these bytes.
pub fn token(input: &[u8]) {
    let Ok(token) = std::str::from_utf8(input) else { return };
    if let Some(seat) = PARTICIPANTS.verify(token) {
        assert_eq!(PARTICIPANTS.sign(seat), token, "another spelling of a good token");
    }
    if at_once(JWT.verify(token)).is_ok() {
        let (signed, signature) = token.rsplit_once('.').expect("a JWT has three parts");
        let mut mac = Hmac::<Sha256>::new_from_slice(JWT_SECRET.as_bytes()).expect("any key will do");
        mac.update(signed.as_bytes());
        assert_eq!(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()), signature);
    }
}

/// What a future gives that waits for nothing.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a shared secret is at hand"),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

    use super::*;

    /// How many mutations of each input are tried.
    const MUTATIONS: usize = 500;

    /// What parsers stumble over.
    const TOKENS: [&[u8]; 14] = [
        b"\0",
        b"\"",
        b"\\",
        b"\\ud800",
        b"{",
        b"}",
        b"[[[[[[[[",
        b",",
        b"\r\n",
        b"1e999",
        b"-0",
        b"\xff",
        b"\xef\xbb\xbf",
        b".",
    ];

    /// The kept inputs of a target.
    fn corpus(target: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| fs::read(file).unwrap()).collect()
    }

    /// Tries all inputs, and mutations that are the same each time.
    fn try_all(name: &str, target: fn(&[u8])) {
        let (corpus, mut random) = (corpus(name), StdRng::seed_from_u64(1));
        assert!(corpus.len() > 5, "the corpus of {name} is not where it was");
        for input in &corpus {
            target(input);
            for _ in 0..MUTATIONS {
                let mut mutant = input.clone();
                for _ in 0..random.random_range(1..4) {
                    mutate(&mut mutant, &corpus, &mut random);
                }
                target(&mutant);
            }
        }
    }

    fn mutate(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut StdRng) {
        let at = random.random_range(0..=input.len());
        let to = random.random_range(at..=input.len());
        match random.random_range(0..6) {
            0 => input.truncate(at),
            1 => drop(input.drain(at..to)),
            2 => {
                let again = input[at..to].to_vec();
                input.splice(at..at, again);
            }
            3 => {
                let token = TOKENS.choose(random).unwrap();
                input.splice(at..at, token.iter().copied());
            }
            4 => {
                let other = corpus.choose(random).unwrap();
                let from = random.random_range(0..=other.len());
                input.splice(at..to, other[from..].iter().copied());
            }
            _ => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << random.random_range(0..8);
                }
            }
        }
    }

    #[test]
    fn any_message_on_a_socket_is_understood_or_answered_by_an_error() {
        try_all("socket_message", socket_message);
    }

    #[test]
    fn any_bytes_on_a_socket_are_heard_or_refused_however_they_are_cut() {
        try_all("socket_frames", socket_frames);
    }

    #[test]
    fn any_body_is_read_or_refused_by_a_sentence() {
        try_all("json_body", json_body);
    }

    #[test]
    fn any_upload_is_read_alike_however_it_is_cut() {
        try_all("upload", upload);
    }

    #[test]
    fn a_token_is_good_only_as_our_key_signed_it() {
        try_all("token", token);
    }

    #[test]
    fn the_corpus_has_tokens_of_both_kinds_that_are_good() {
        let good = |is_good: &dyn Fn(&str) -> bool| {
            let tokens = corpus("token");
            tokens
                .iter()
                .filter_map(|token| std::str::from_utf8(token).ok())
                .filter(|token| is_good(token))
                .count()
        };
        assert!(good(&|token| PARTICIPANTS.verify(token).is_some()) > 0);
        assert!(good(&|token| at_once(JWT.verify(token)).is_ok()) > 0);
    }
}
