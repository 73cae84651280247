//! How sockets are shown what is new: the newest of each room, to some of them at a time.

use super::super::{
    line::{End, Turn},
    room::RoomId,
};
use super::Engine;

/// How many sockets in one room have a turn before other rooms have theirs.
const SLICE: usize = 256;

impl Engine {
    /// Looks whether there is something new in a room.
    pub(super) fn look(&mut self, id: RoomId) {
        if let Some(room) = self.rooms.get_mut(&id) {
            room.look();
            self.begin_round(id);
        }
    }

    /// Gives everybody in a room a turn.
    fn begin_round(&mut self, id: RoomId) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        if !room.round.is_under_way() {
            self.behind.push_back(id);
        }
        room.round.begin();
    }

    /// Gives some sockets in one room their turn.
    pub(super) fn show_some(&mut self) {
        let Some(id) = self.behind.pop_front() else { return };
        let Some(room) = self.rooms.get_mut(&id) else { return };
        for _ in 0..SLICE {
            let Some(slot) = room.round.next_turn() else { break };
            match self.lines[slot].show(id, room, &mut self.scratch) {
                Ok(Turn::Done) => {}
                turn => self.turns.push((slot, turn)),
            }
        }
        if room.round.is_under_way() {
            self.behind.push_back(id);
        }
        while let Some((slot, turn)) = self.turns.pop() {
            self.follow_up(slot, id, turn);
        }
    }

    /// Shows one socket all that is new in one room.
    pub(super) fn show(&mut self, slot: usize, id: RoomId) {
        loop {
            let (Some(line), Some(room)) = (self.lines.get_mut(slot), self.rooms.get_mut(&id)) else {
                return;
            };
            match line.show(id, room, &mut self.scratch) {
                Ok(Turn::More) => {}
                turn => return self.follow_up(slot, id, turn),
            }
        }
    }

    /// Shows one socket what is new in all its rooms, as far as its stream takes it. The next time goes
    /// on there: a room in which something is new each time would leave nothing for those behind it.
    pub(super) fn catch_up(&mut self, slot: usize) {
        let Some(line) = self.lines.get(slot) else { return };
        let (rooms, first) = (line.role.rooms(), line.first_room);
        for at in (0..rooms.len()).map(|turn| (first + turn) % rooms.len()) {
            let Some(line) = self.lines.get(slot).filter(|line| line.closing_until.is_none()) else { return };
            let taken = line.outbound.taken;
            self.show(slot, rooms[at]);
            let Some(line) = self.lines.get_mut(slot) else { return };
            if line.outbound.full_since().is_some() {
                line.first_room = if line.outbound.taken > taken { at + 1 } else { at };
                return;
            }
        }
    }

    /// Does what a turn leads to.
    fn follow_up(&mut self, slot: usize, id: RoomId, turn: Result<Turn, End>) {
        match turn {
            Ok(Turn::Done) => {}
            Ok(Turn::Full) => self.watch(slot),
            Ok(Turn::More) => self.begin_round(id),
            Ok(Turn::Over) => self.give_up_room(slot, id),
            Err(end) => self.end(slot, end),
        }
    }

    /// The kernel has room again.
    pub(super) fn go_on_writing(&mut self, slot: usize) {
        let Some(line) = self.lines.get_mut(slot) else { return };
        if line.outbound.full_since().is_none() {
            return;
        }
        match line.flush() {
            Ok(true) => {
                let asks = line.asks();
                self.catch_up(slot);
                if asks {
                    // It has not been read for as long as it did not read.
                    self.read(slot);
                }
            }
            Ok(false) => {}
            Err(gone) => self.end(slot, gone.into()),
        }
    }
}
