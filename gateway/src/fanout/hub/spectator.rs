//! A participant on its socket: one board, each state with its own end.

use super::{
    line::{End, Turn},
    outbound::{Gone, Outbound},
    room::{Room, Seat},
    scratch::Scratch,
    slot::Over,
};
use crate::{boards::Eyes, door::Admission, frame::Frame, socket::Close};

/// A participant on its socket.
pub(super) struct Spectator {
    eyes: Eyes,
    /// Its place among those who look at the board; none once it is closing.
    pub(super) seat: Option<Seat>,
    _admission: Admission,
}

impl Spectator {
    /// A participant who sits at this place.
    pub(super) fn new(eyes: Eyes, seat: Seat, admission: Admission) -> Self {
        Self { eyes, seat: Some(seat), _admission: admission }
    }

    /// Shows the board's newest state.
    pub(super) fn show(
        &mut self,
        room: &Room,
        outbound: &mut Outbound,
        scratch: &mut Scratch,
    ) -> Result<Turn, End> {
        match room.frame() {
            Ok(Some(frame)) => Ok(self.show_frame(frame, outbound, scratch)?),
            Ok(None) => Ok(Turn::Done),
            Err(Over::Deleted) => Err(Close::Deleted.into()),
            Err(Over::Lost) => Err(Close::Internal.into()),
        }
    }

    /// Shows a state, unless the stream is full: then it is left out, and the newest is shown when
    /// there is room.
    pub(super) fn show_frame(
        &mut self,
        frame: &Frame,
        outbound: &mut Outbound,
        scratch: &mut Scratch,
    ) -> Result<Turn, Gone> {
        if outbound.full_since().is_some() {
            return Ok(Turn::Done);
        }
        let Some(glance) = self.eyes.look(frame) else { return Ok(Turn::Done) };
        scratch.load(glance.part(frame).bytes());
        let text = scratch.text(|out| glance.write_end(frame, out));
        let (length, written) = (text.len(), outbound.write(text)?);
        if written == 0 {
            outbound.keep([], None);
            return Ok(Turn::Full);
        }
        self.eyes.remember(&glance, frame);
        if written < length {
            outbound.keep(scratch.rest(written), glance.news(frame).cloned());
            return Ok(Turn::Full);
        }
        if let Some(news) = glance.news(frame) {
            news.written();
        }
        Ok(Turn::Done)
    }
}
