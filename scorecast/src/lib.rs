//! Both services in one process on embedded stores: one command shows it all.
//!
//! Read in this order: the data folder, both services over it, users' tokens, the sample quiz, the
//! import of attempts.

pub mod data;
pub mod settings;

pub mod hints;
pub mod serve;

pub mod demo;
pub mod import;
pub mod token;
