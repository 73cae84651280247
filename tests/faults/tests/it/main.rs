//! Faults under load, and the promises that hold all the same.
//!
//! Each test runs real processes over a real Postgres and a real Redis, breaks one thing, and hands
//! what the clients did and saw to the checker. Sizes are small unless `FAULTS_SCALE` says
//! otherwise; deadlines are ten times what is promised, and `--nocapture` shows the real figures.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails, and its backtrace says where")]

#[allow(dead_code, reason = "shared with the longer faults, each of which uses a part of it")]
mod scene;

mod boards;
mod names;
mod replicas;
mod restore;
mod schema;
