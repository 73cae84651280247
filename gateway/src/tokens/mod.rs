//! The two kinds of credentials that browsers bring, never confused: users' JWTs, which somebody
//! else signs, and participant tokens, which the gateway signs. Knows no HTTP.

mod jwt;
mod participant;
mod user;

pub use jwt::JwtSecret;
pub(crate) use jwt::{BadJwt, JwtVerifier};
pub use participant::ParticipantSecrets;
pub(crate) use participant::Seat;
pub(crate) use user::{Role, User};
