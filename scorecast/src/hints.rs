//! What to paste into another terminal once Scorecast is running.

use std::net::SocketAddr;

use crate::{
    data::Folder,
    serve::{Config, reachable},
};

/// Three lines for one shell, in this order: one makes a quiz, one takes a seat in it and follows
/// the board by WebSocket, one follows it by gRPC. They work as they stand, also twice.
///
/// `program` is how this one was called.
#[must_use]
pub fn lines(program: &str, config: &Config, http: SocketAddr, grpc: SocketAddr) -> [String; 3] {
    let (http, grpc) = (reachable(http), reachable(grpc));
    let mut token = format!("{} token", quoted(program));
    if config.settings.gateway.jwt_secret.is_some() {
        token += r#" --jwt-secret "$JWT_SECRET""#;
    } else if config.data != Folder::default() {
        token += &format!(" --scorecast-data {}", quoted(&config.data.path.display().to_string()));
    }
    let post = |path: &str, role: &str, body: &str| {
        format!(
            r#"curl -s http://{http}{path} -H "Authorization: Bearer $({token}{role} --sub ada)" -H 'Content-Type: application/json' -d '{body}'"#
        )
    };
    let make = post("/admin/quizzes", " --role host", r#"{"title":"My quiz"}"#);
    let join = post("/quizzes/$QUIZ/join", "", "{}");
    [
        format!("QUIZ=$({make} | grep -oE 'quiz_[a-z0-9]{{12}}'); echo $QUIZ"),
        format!(
            r#"npx --yes wscat -c "ws://{http}/quizzes/$QUIZ/ws?participant_id=$({join} | grep -oE 'p_[a-z0-9]{{12}}')""#
        ),
        format!(
            r#"grpcurl -plaintext -d "{{\"quiz_id\":\"$QUIZ\"}}" {grpc} scorecast.v1.ScoringService/WatchLeaderboard"#
        ),
    ]
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_it_otherwise() {
        for (word, expected) in [
            ("target/debug/scorecast", "target/debug/scorecast"),
            ("my data", "'my data'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
