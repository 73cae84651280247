//! Breaks a running Scorecast on purpose, and finds out whether its promises held.
//!
//! Clients log what they did and saw ([`history`]); afterwards the ledger says what is true
//! ([`truth`]); [`check`] compares the two and names every promise that was broken. It is pure,
//! and is itself tested with histories that are broken on purpose. [`proxy`] breaks a link.

pub mod history;
pub mod truth;

pub mod check;

pub mod clients;
pub mod proxy;
