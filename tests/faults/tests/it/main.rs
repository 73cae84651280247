//! Faults under load, and the promises that hold all the same.
//!
//! Each test runs real processes over a real Postgres and a real Redis, breaks one thing, and hands
//! what the clients did and saw to the checker. Sizes are small unless `FAULTS_SCALE` says
//! otherwise; deadlines are ten times what is promised, and `--nocapture` shows the real figures.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails, and its backtrace says where")]

mod scene;

mod boards;
mod browsers;
mod clocks;
mod crashes;
mod disk;
mod gateways;
mod ledger;
mod links;
mod names;
mod random;
mod replicas;
mod restore;
mod schema;
mod shipped;
