//! The wire: protobuf in, domain out and back. The only place with protobuf types.

mod activity;
mod error;
mod intake;
mod quiz;
mod scoring;
mod sessions;
mod upload;
mod wire;

pub(crate) use quiz::QuizApi;
pub(crate) use scoring::ScoringApi;
