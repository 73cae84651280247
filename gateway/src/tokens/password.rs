//! The password that makes a host of whoever knows it.

use std::{fmt, str::FromStr};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The shortest that is accepted, in bytes.
const MIN_BYTES: usize = 8;

/// The host's password.
#[derive(Clone, PartialEq, Eq)]
pub struct HostPassword(String);

impl HostPassword {
    /// Whether somebody knows it; takes as long for a near miss as for a far one.
    pub(crate) fn is(&self, given: &str) -> bool {
        // Digests under a key that nobody knows tell nothing about the password by where they differ.
        let key: [u8; 32] = rand::random();
        let digest = |text: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
            mac.update(text.as_bytes());
            mac
        };
        digest(given).verify(&digest(&self.0).finalize().into_bytes()).is_ok()
    }
}

impl FromStr for HostPassword {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() < MIN_BYTES { Err("expected 8 bytes or more") } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Debug for HostPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostPassword(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_password_is_it() {
        let password: HostPassword = "correct horse".parse().unwrap();
        assert!(password.is("correct horse"));
        for other in ["", "correct hors", "correct horse ", "correct horse\0", "Correct horse"] {
            assert!(!password.is(other), "{other:?}");
        }
    }

    #[test]
    fn a_short_password_is_refused_and_none_is_shown() {
        assert!("seven77".parse::<HostPassword>().is_err());
        let password: HostPassword = "correct horse".parse().unwrap();
        assert!(!format!("{password:?}").contains("horse"));
    }
}
