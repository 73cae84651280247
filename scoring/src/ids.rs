//! Identifiers: a prefix that names the kind, then 12 characters `[a-z0-9]` from a CSPRNG.
//!
//! They are parsed once, where they enter, and are small `Copy` values from then on.

use std::{fmt, str::FromStr};

use rand::RngExt as _;

const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: usize = 12;

/// The text is not an identifier of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed identifier: expected \"{prefix}\" and 12 characters a-z, 0-9")]
pub struct Malformed {
    /// What the text should have begun with.
    pub prefix: &'static str,
}

macro_rules! identifier {
    ($name:ident, $prefix:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; LENGTH]);

        impl $name {
            /// What the text begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Makes a new identifier from the thread's CSPRNG.
            #[must_use]
            pub fn random() -> Self {
                let mut rng = rand::rng();
                Self(std::array::from_fn(|_| ALPHABET[rng.random_range(0..ALPHABET.len())]))
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                text.strip_prefix($prefix)
                    .and_then(|rest| <[u8; LENGTH]>::try_from(rest.as_bytes()).ok())
                    .filter(|bytes| bytes.iter().all(|byte| ALPHABET.contains(byte)))
                    .map(Self)
                    .ok_or(Malformed { prefix: $prefix })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let rest = std::str::from_utf8(&self.0).expect("the alphabet is ASCII");
                write!(f, "{}{rest}", $prefix)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

identifier!(QuizId, "quiz_", "One quiz.");
identifier!(ParticipantId, "p_", "One seat in one quiz.");
identifier!(QuestionId, "q_", "One question of one quiz.");
identifier!(UserId, "u_", "One person across quizzes.");
identifier!(SessionId, "session_", "One finished attempt of one user at one quiz.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_reads_back_as_it_was_written() {
        let id = ParticipantId::random();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), 14);
    }

    #[test]
    fn whatever_is_not_prefix_and_twelve_characters_is_malformed() {
        for text in [
            "",
            "p_",
            "p_12345678901",
            "p_1234567890123",
            "q_123456789012",
            "p_12345678901A",
            "p_12345678901é",
            "P_123456789012",
            " p_123456789012",
        ] {
            assert_eq!(text.parse::<ParticipantId>(), Err(Malformed { prefix: "p_" }), "{text:?}");
        }
    }

    #[test]
    fn a_thousand_random_identifiers_are_all_different() {
        let ids: std::collections::HashSet<_> = (0..1000).map(|_| QuizId::random()).collect();
        assert_eq!(ids.len(), 1000);
    }
}
