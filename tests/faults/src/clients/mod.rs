//! Clients that work against a real Scorecast as people do, and log all that they do and see.
//!
//! They know the public contract and nothing behind it.

mod backoff;
mod door;
mod host;
mod joining;
mod players;
mod rude;
mod viewers;

pub use backoff::Backoff;
pub use door::{Door, Reader, Ticket};
pub use host::{Host, Question};
pub use joining::Latecomers;
pub use players::{Load, Players, Progress, Try, plan};
pub use rude::{End, Rude};
pub use viewers::{Crowd, Seen};
