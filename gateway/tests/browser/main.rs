//! The gateway as browsers meet it, in front of a scoring service that does what a test tells it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails, and its backtrace says where")]

mod activity;
mod app;
mod conduct;
mod deltas;
mod drain;
mod frames;
mod outage;
mod page;
mod program;
mod requests;
mod scoring;
mod secrecy;
mod sign_in;
mod subscriptions;
mod tokens;
mod upgrade;
mod upload;
mod wire;
