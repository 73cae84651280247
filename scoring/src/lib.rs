//! The truth and its ranking: the gRPC service over the ledger and the board.
//!
//! Read in this order: the domain, the stores, what moves between them, the wire.

pub mod clock;
pub mod ids;
pub mod quiz;
pub mod ranking;
pub mod refusal;

pub mod board;
pub mod ledger;
