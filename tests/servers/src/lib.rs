//! Real Postgres and Redis servers for tests: private, on a free loopback port, in a temporary
//! folder, gone with the value that owns them.

pub mod certificates;
pub mod postgres;
pub mod redis;
