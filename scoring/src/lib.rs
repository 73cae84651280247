//! The truth and its ranking: the gRPC service over the ledger and the board.
//!
//! Read in this order: the domain, the stores, what moves between them, the wire, the whole.

pub mod activity;
pub mod clock;
pub mod grading;
pub mod ids;
pub mod quiz;
pub mod ranking;
pub mod refusal;
pub mod sessions;

pub mod board;
pub mod ledger;

mod metrics;
mod spans;

mod bulletin;
mod chores;
mod fail;
mod follow;
mod reconcile;
mod sheets;
mod submit;
mod trail;
mod turns;
mod views;
mod watch;

mod api;

pub mod check;

mod app;
mod config;
mod server;

pub use app::App;
pub use config::{Config, TlsSettings};
