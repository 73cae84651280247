//! How sockets are shown what is new: each board's newest state, to some of them at a time.

use super::super::{line::End, room::Newest};
use super::Engine;
use crate::boards::BoardId;

/// How many sockets of one board are shown a state before others have a turn.
const SLICE: usize = 256;

impl Engine {
    /// Looks at a board that may have changed.
    pub(super) fn look(&mut self, board: BoardId) {
        let Some(room) = self.rooms.get_mut(&board) else { return };
        let was_behind = room.is_behind();
        room.look();
        if room.is_behind() && !was_behind {
            self.behind.push_back(board);
        }
    }

    /// Shows some sockets of one board its newest state.
    pub(super) fn show_some(&mut self) {
        let Some(board) = self.behind.pop_front() else { return };
        let Some(room) = self.rooms.get_mut(&board) else { return };
        let newest = room.newest();
        for _ in 0..SLICE {
            let Some(slot) = room.next_turn() else { break };
            let ended = match &newest {
                Newest::Nothing => continue,
                Newest::Over(close) => End::Close(*close),
                Newest::Frame(frame) => match self.lines[slot].show(frame, &mut self.scratch) {
                    Ok(false) => continue,
                    Ok(true) => {
                        self.filled.push(slot);
                        continue;
                    }
                    Err(gone) => gone.into(),
                },
            };
            self.ended.push((slot, ended));
        }
        if room.is_behind() {
            self.behind.push_back(board);
        }
        while let Some(slot) = self.filled.pop() {
            self.watch(slot);
        }
        while let Some((slot, end)) = self.ended.pop() {
            self.end(slot, end);
        }
    }

    /// Shows one socket the newest state of its board.
    pub(super) fn catch_up(&mut self, slot: usize) {
        let Some((board, _)) = self.lines[slot].seat else { return };
        match self.rooms[&board].newest() {
            Newest::Nothing => {}
            Newest::Over(close) => self.close(slot, close),
            Newest::Frame(frame) => match self.lines[slot].show(&frame, &mut self.scratch) {
                Ok(_) => self.watch(slot),
                Err(gone) => self.end(slot, gone.into()),
            },
        }
    }

    /// The kernel has room again.
    pub(super) fn go_on_writing(&mut self, slot: usize) {
        let Some(line) = self.lines.get_mut(slot) else { return };
        if line.outbound.full_since().is_none() {
            return;
        }
        match line.flush() {
            Ok(true) => self.catch_up(slot),
            Ok(false) => {}
            Err(gone) => self.end(slot, gone.into()),
        }
    }
}
