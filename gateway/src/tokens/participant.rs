//! Participant tokens: `pt_`, the 12 characters of the quiz, the 12 of the participant, and the
//! base64url of an HMAC-SHA256 over both. Good for that seat until it is removed.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::jwt::JwtSecret;
use crate::ids::{ParticipantId, QuizId};

/// What a participant token begins with; no JWT does.
pub(crate) const PREFIX: &str = "pt_";

/// Length of the quiz's and of the participant's part.
const LETTERS: usize = 12;

/// The shortest key: as long as the digest (RFC 2104 §3).
const MIN_BYTES: usize = 32;

/// The keys of participant tokens: the first signs, all are accepted.
#[derive(Clone, PartialEq, Eq)]
pub struct ParticipantSecrets(Vec<String>);

/// One seat in one quiz, as a token names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) quiz: QuizId,
    pub(crate) participant: ParticipantId,
}

impl ParticipantSecrets {
    /// Makes the token of a seat.
    pub(crate) fn sign(&self, seat: Seat) -> String {
        let digest = mac(&self.0[0], seat).finalize().into_bytes();
        let Seat { quiz, participant } = seat;
        format!("{PREFIX}{}{}{}", quiz.letters(), participant.letters(), URL_SAFE_NO_PAD.encode(digest))
    }

    /// Tells the seat of a token; nothing if we did not make it.
    pub(crate) fn verify(&self, token: &str) -> Option<Seat> {
        let (quiz, rest) = token.strip_prefix(PREFIX)?.split_at_checked(LETTERS)?;
        let (participant, digest) = rest.split_at_checked(LETTERS)?;
        let seat = Seat {
            quiz: QuizId::from_letters(quiz).ok()?,
            participant: ParticipantId::from_letters(participant).ok()?,
        };
        let digest = URL_SAFE_NO_PAD.decode(digest).ok()?;
        self.0.iter().any(|secret| mac(secret, seat).verify_slice(&digest).is_ok()).then_some(seat)
    }

    pub(crate) fn contain(&self, jwt: &JwtSecret) -> bool {
        self.0.iter().any(|secret| secret.as_bytes() == jwt.bytes())
    }
}

fn mac(secret: &str, seat: Seat) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("scorecast participant\0{}\0{}", seat.quiz, seat.participant).as_bytes());
    mac
}

impl FromStr for ParticipantSecrets {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let secrets: Vec<String> = text.split(',').map(|secret| secret.trim().to_owned()).collect();
        if secrets.len() > 2 {
            return Err("expected one secret, or two separated by a comma");
        }
        if secrets.iter().any(|secret| secret.len() < MIN_BYTES) {
            return Err("expected secrets of 32 bytes or more");
        }
        Ok(Self(secrets))
    }
}

impl fmt::Debug for ParticipantSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ParticipantSecrets(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "0123456789abcdef0123456789abcdef";
    const NEW: &str = "fedcba9876543210fedcba9876543210";

    fn secrets(text: &str) -> ParticipantSecrets {
        text.parse().unwrap()
    }

    fn seat() -> Seat {
        Seat { quiz: "quiz_a1b2c3d4e5f6".parse().unwrap(), participant: "p_1234567890ab".parse().unwrap() }
    }

    #[test]
    fn a_token_names_the_seat_that_it_was_made_for() {
        let token = secrets(OLD).sign(seat());
        assert!(token.starts_with("pt_a1b2c3d4e5f61234567890ab"), "{token}");
        assert_eq!(token.len(), 70);
        assert_eq!(secrets(OLD).verify(&token), Some(seat()));
    }

    #[test]
    fn a_changed_token_is_not_ours() {
        let token = secrets(OLD).sign(seat());
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(secrets(OLD).verify(&changed), None, "{changed}");
        }
        for cut in 0..token.len() {
            assert_eq!(secrets(OLD).verify(&token[..cut]), None);
        }
        assert_eq!(secrets(OLD).verify(&format!("{token}x")), None);
        assert_eq!(secrets(OLD).verify("pt_ééééééééééééééééé"), None);
    }

    #[test]
    fn during_a_rotation_the_first_secret_signs_and_both_are_accepted() {
        let before = secrets(OLD).sign(seat());
        let rotating = secrets(&format!("{NEW},{OLD}"));
        assert_eq!(rotating.verify(&before), Some(seat()));
        assert_eq!(secrets(NEW).verify(&rotating.sign(seat())), Some(seat()));
        assert_eq!(secrets(NEW).verify(&before), None);
    }

    #[test]
    fn short_secrets_and_more_than_two_are_refused() {
        for text in ["", "short", &format!("{OLD},"), &format!("{OLD},{NEW},{OLD}")] {
            assert!(text.parse::<ParticipantSecrets>().is_err(), "{text:?}");
        }
    }
}
