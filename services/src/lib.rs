//! What both services need to be a service, and no word of quizzes.

pub mod config;
pub mod health;
pub mod listen;
pub mod runtime;
pub mod shutdown;
pub mod telemetry;
pub mod tls;
