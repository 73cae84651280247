//! The longer faults: what happens when Postgres, a gateway or a link goes. `make chaos` runs them;
//! they hold deadlines that a busy machine misses, and so stand apart from the everyday tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails, and its backtrace says where")]

#[path = "../it/scene.rs"]
#[allow(dead_code, reason = "shared with the everyday tests, each of which uses a part of it")]
mod scene;

mod browsers;
mod gateways;
mod ledger;
mod links;
mod random;
