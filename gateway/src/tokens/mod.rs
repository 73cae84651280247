//! The two kinds of credentials that browsers bring, never confused: users' JWTs, which somebody
//! else signs, and participant tokens, which the gateway signs. Knows no HTTP.

mod jwt;
mod participant;

pub use jwt::JwtSecret;
pub(crate) use jwt::{BadJwt, JwtVerifier, Role, User};
pub use participant::ParticipantSecrets;
pub(crate) use participant::Seat;
