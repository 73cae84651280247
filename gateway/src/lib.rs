//! The browsers' side of Scorecast: HTTP and WebSockets in front of the scoring service.
//!
//! Every byte shown here came from scoring through gRPC; this crate knows no store, grades
//! nothing and ranks nothing. Read on in this order: a request enters by [`http`] or `socket`,
//! passes the `door`, and asks scoring through `upstream`; what is watched lives in `boards`, what
//! happens across quizzes comes by `activity`; both are encoded by `frame` and written by `fanout`.

#[cfg(any(test, fuzzing))]
pub mod fuzz;

#[cfg(feature = "conformance")]
pub mod conformance;

#[cfg(feature = "costs")]
pub mod costs;

mod activity;
mod app;
mod boards;
mod clock;
mod config;
mod door;
mod fanout;
mod frame;
mod http;
mod ids;
mod metrics;
mod news;
mod seats;
mod seconds;
mod socket;
mod standing;
mod timestamp;
mod tokens;
#[cfg(test)]
mod typescript;
mod upstream;

pub use app::App;
pub use config::{Config, FanoutKind, JwtAlgorithm, RateSettings, SignInKind, UpstreamStreams, UpstreamTls};
pub use door::{Origins, Proxies};
pub use tokens::{HostPassword, JwtSecret, ParticipantSecrets};
pub use upstream::{Resolver, ScoringUrl};
