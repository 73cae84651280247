//! One socket apart from the hub, so that what a frame onto it costs can be counted.

use std::{io, net, sync::Arc};

use tokio::sync::Semaphore;

use super::{
    line::Turn,
    outbound::Outbound,
    room::{RoomId, Seat},
    scratch::Scratch,
    spectator::Spectator,
};
use crate::{
    boards::{BoardId, Eyes},
    costs::State,
    frame::Form,
};

/// One participant's socket, as the hub writes it.
pub struct Counted {
    spectator: Spectator,
    outbound: Outbound,
    scratch: Scratch,
}

impl Counted {
    /// A socket of a participant who takes each state as a whole.
    ///
    /// # Errors
    /// If the stream cannot be made one that waits for nothing.
    ///
    /// # Panics
    /// If that is no participant's id.
    pub fn whole(stream: net::TcpStream, participant: &str) -> io::Result<Self> {
        Self::new(stream, participant, Form::Whole)
    }

    /// A socket of a participant who takes what changed.
    ///
    /// # Errors
    /// As [`Counted::whole`].
    ///
    /// # Panics
    /// As [`Counted::whole`].
    pub fn deltas(stream: net::TcpStream, participant: &str) -> io::Result<Self> {
        Self::new(stream, participant, Form::Deltas)
    }

    fn new(stream: net::TcpStream, participant: &str, form: Form) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let eyes = Eyes::of(participant.parse().expect("it is a participant's id"), form);
        let seat = Seat { room: RoomId::Board(BoardId::new()), place: 0 };
        let admission = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("there is one");
        Ok(Self {
            spectator: Spectator::new(eyes, seat, admission),
            outbound: Outbound::new(mio::net::TcpStream::from_std(stream)),
            scratch: Scratch::new(),
        })
    }

    /// Writes a state. Tells whether all of it was taken.
    pub fn show(&mut self, State(frame): &State) -> bool {
        self.spectator.show_frame(frame, &mut self.outbound, &mut self.scratch) == Ok(Turn::Done)
    }
}
