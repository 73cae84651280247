//! The wire: protobuf in, domain out and back. The only place with protobuf types.

mod error;
mod quiz;
mod scoring;
mod wire;

pub(crate) use quiz::QuizApi;
pub(crate) use scoring::ScoringApi;
