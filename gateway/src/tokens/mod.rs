//! The two kinds of credentials that browsers bring, never confused: users' JWTs, which somebody
//! else signs (or the built-in sign-in), and participant tokens, which the gateway signs. Knows
//! how to fetch published keys, and no other HTTP.

mod issuer;
mod jwt;
mod keys;
mod participant;
mod password;
mod published;
mod user;

pub(crate) use issuer::{Bearer, GUEST, Issued, Issuer};
pub use jwt::JwtSecret;
pub(crate) use jwt::{BadJwt, JwtVerifier};
pub use participant::ParticipantSecrets;
pub(crate) use participant::Seat;
pub use password::HostPassword;
pub(crate) use user::{Role, User};
