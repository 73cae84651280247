//! The hub's thread: one poll for all sockets, and everything that is done to them in turn, a
//! little at a time, so that nobody waits long for anybody else.

mod arriving;
mod asking;
mod ending;
mod showing;

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::Arc,
    time::Duration,
};

use mio::{Events, Poll, Token, event::Event};
use slab::Slab;
use tokio::time::Instant;

use self::ending::Leaving;
use super::{
    line::{End, Line, Question, Turn},
    mailbox::{Letter, Mailbox},
    room::{Room, RoomId},
    scratch::Scratch,
    wheel::{Tick, Wheel},
};
use crate::socket::{Allowance, Departure};

/// The token of the mailbox; all others are slots.
pub(super) const MAIL: Token = Token(usize::MAX);

/// How often a socket is read before others have a turn.
const READS: usize = 4;

/// How much is read at once.
const READ_BYTES: usize = 16 << 10;

/// How many sockets one poll may tell of.
const EVENTS: usize = 1024;

/// The longest pause while sockets are sent away.
const PAUSE: Duration = Duration::from_millis(10);

/// What all sockets have in common.
pub(super) struct Rules {
    pub(super) allowance: Allowance,
    /// How long a peer has for the closing handshake.
    pub(super) farewell: Duration,
    pub(super) departure: Arc<Departure>,
}

/// All sockets, and the thread's work on them.
pub(super) struct Engine {
    poll: Poll,
    mailbox: Arc<Mailbox>,
    rules: Rules,
    lines: Slab<Line>,
    generations: u32,
    rooms: HashMap<RoomId, Room>,
    /// Rooms in which somebody has not been shown the newest.
    behind: VecDeque<RoomId>,
    /// Sockets that may have more to read.
    unread: VecDeque<usize>,
    wheel: Wheel<Key>,
    leaving: Option<Leaving>,
    scratch: Scratch,
    buffer: Box<[u8]>,
    /// What was asked for in one read; empty between reads.
    asked: Vec<Question>,
    /// Turns of a slice that something is to be done about; empty between slices.
    turns: Vec<(usize, Result<Turn, End>)>,
}

/// One socket, and no later one in the same slot.
#[derive(Debug, Clone, Copy)]
struct Key {
    slot: u32,
    generation: u32,
}

impl Engine {
    /// Begins without sockets.
    pub(super) fn new(poll: Poll, mailbox: Arc<Mailbox>, rules: Rules) -> Self {
        Self {
            poll,
            mailbox,
            rules,
            lines: Slab::new(),
            generations: 0,
            rooms: HashMap::new(),
            behind: VecDeque::new(),
            unread: VecDeque::new(),
            wheel: Wheel::new(Instant::now()),
            leaving: None,
            scratch: Scratch::new(),
            buffer: vec![0; READ_BYTES].into(),
            asked: Vec::new(),
            turns: Vec::new(),
        }
    }

    /// Works until the sockets have been sent away, or nobody wants anything any more.
    ///
    /// # Errors
    /// If the sockets cannot be polled.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let mut letters = Vec::new();
        loop {
            match self.poll.poll(&mut events, self.pause()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                Ok(()) | Err(_) => {}
            }
            // Letters are read after all events: a socket that arrives may take the slot of one
            // that an event is about.
            events.iter().filter(|event| event.token() != MAIL).for_each(|event| self.attend(event));
            self.mailbox.fetch(&mut letters);
            for letter in letters.drain(..) {
                match letter {
                    Letter::Arrived(arrival) => self.welcome(*arrival),
                    Letter::Rang(room) => self.look(room),
                    Letter::Leave => self.send_away(),
                    Letter::Abandoned => return Ok(()),
                }
            }
            self.keep_time();
            self.send_some_away();
            self.show_some();
            self.read_some();
            if self.leaving.is_some() && self.lines.is_empty() && self.rules.departure.is_over() {
                return Ok(());
            }
        }
    }

    /// How long nothing need be done unless something happens; for ever, if nothing is due.
    fn pause(&self) -> Option<Duration> {
        if !self.behind.is_empty() || !self.unread.is_empty() {
            return Some(Duration::ZERO);
        }
        let due = self.wheel.rest(Instant::now());
        if self.leaving.is_some() { Some(due.map_or(PAUSE, |due| due.min(PAUSE))) } else { due }
    }

    /// Does what an event asks for.
    fn attend(&mut self, event: &Event) {
        let Token(slot) = event.token();
        if event.is_writable() {
            self.go_on_writing(slot);
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.read(slot);
        }
    }

    /// Reads what a peer has sent; if that is much, the rest later.
    fn read(&mut self, slot: usize) {
        for _ in 0..READS {
            let Some(line) = self.lines.get_mut(slot).filter(|line| line.listens()) else { return };
            let read = line.read(&mut self.buffer, &mut self.asked);
            self.answer_all(slot);
            match read {
                Ok(true) => {}
                Ok(false) => return self.watch(slot),
                Err(end) => self.end(slot, end),
            }
        }
        if let Some(line) = self.lines.get_mut(slot).filter(|line| !line.is_unread) {
            line.is_unread = true;
            self.unread.push_back(slot);
        }
    }

    /// Goes on reading where much has been sent.
    fn read_some(&mut self) {
        for _ in 0..self.unread.len() {
            let Some(slot) = self.unread.pop_front() else { return };
            if let Some(line) = self.lines.get_mut(slot) {
                line.is_unread = false;
                self.read(slot);
            }
        }
    }

    /// Does for each socket what is due.
    fn keep_time(&mut self) {
        let now = Instant::now();
        while let Some((tick, keys)) = self.wheel.turn(now) {
            for key in keys {
                let Some(slot) = self.find(key) else { continue };
                let line = &mut self.lines[slot];
                // It may have been put back since, to be looked at earlier.
                if line.next_look != tick {
                    continue;
                }
                line.next_look = Tick::NEVER;
                match line.tick(now) {
                    Ok(()) => self.watch(slot),
                    Err(end) => self.end(slot, end),
                }
            }
        }
    }

    /// Sees to it that a socket is looked at when something is due for it, if it is still there.
    fn watch(&mut self, slot: usize) {
        let Some(line) = self.lines.get_mut(slot) else { return };
        let at = self.wheel.tick(line.due());
        if at < line.next_look {
            line.next_look = at;
            self.wheel.put(Key { slot: slot as u32, generation: line.generation }, at);
        }
    }

    /// The slot of a socket that is still there.
    fn find(&self, key: Key) -> Option<usize> {
        let slot = key.slot as usize;
        self.lines.get(slot).filter(|line| line.generation == key.generation).map(|_| slot)
    }
}
