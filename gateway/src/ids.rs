//! Identifiers that the gateway itself keys by: parsed once where they enter, `Copy` from then on.
//!
//! It makes none: scoring does. Whatever it only hands on stays text.

use std::{fmt, str::FromStr};

const LENGTH: usize = 12;

/// The text is not an identifier of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed identifier")]
pub(crate) struct Malformed;

macro_rules! identifier {
    ($name:ident, $prefix:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name([u8; LENGTH]);

        impl $name {
            /// The 12 characters behind the prefix.
            pub(crate) fn letters(&self) -> &str {
                std::str::from_utf8(&self.0).expect("parsing accepts ASCII only")
            }

            /// Reads the 12 characters behind the prefix.
            pub(crate) fn from_letters(letters: &str) -> Result<Self, Malformed> {
                <[u8; LENGTH]>::try_from(letters.as_bytes())
                    .ok()
                    .filter(|bytes| bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
                    .map(Self)
                    .ok_or(Malformed)
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                text.strip_prefix($prefix).ok_or(Malformed).and_then(Self::from_letters)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.letters())
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

/// One subject, by its code: 1 to 16 characters A-Z, 0-9, _ and -.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SubjectCode(Box<str>);

impl FromStr for SubjectCode {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let is_code = (1..=16).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if is_code { Ok(Self(text.into())) } else { Err(Malformed) }
    }
}

impl fmt::Display for SubjectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_reads_back_as_it_was_written() {
        let id: QuizId = "quiz_a1b2c3d4e5f6".parse().unwrap();
        assert_eq!(id.to_string(), "quiz_a1b2c3d4e5f6");
        assert_eq!(QuizId::from_letters(id.letters()), Ok(id));
    }

    #[test]
    fn whatever_is_not_prefix_and_twelve_characters_is_malformed() {
        for text in ["", "p_", "p_12345678901", "p_1234567890123", "q_123456789012", "p_12345678901A"] {
            assert_eq!(text.parse::<ParticipantId>(), Err(Malformed), "{text:?}");
        }
    }

    #[test]
    fn a_subject_goes_by_a_short_code() {
        for (text, is_code) in
            [("BIO", true), ("A-1_", true), ("", false), ("bio", false), ("ABCDEFGHIJKLMNOPQ", false)]
        {
            assert_eq!(text.parse::<SubjectCode>().is_ok(), is_code, "{text:?}");
        }
    }
}
