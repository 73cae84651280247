//! Breaks a running Scorecast on purpose, and finds out whether its promises held.
//!
//! [`cluster`] runs the real programs over real stores, each link through a [`proxy`] that can be
//! broken; [`clients`] play and watch, and log what they did and saw ([`history`]). Afterwards
//! [`stores`] says what is true ([`truth`]), and [`check`] compares the two and names every
//! promise that was broken, and [`figures`] measures. The check is pure, and is itself tested with
//! histories that are broken on purpose.

pub mod history;
pub mod truth;

pub mod check;
pub mod figures;

pub mod proxy;

pub mod cluster;

pub mod clients;

pub mod stores;

pub mod disk;
