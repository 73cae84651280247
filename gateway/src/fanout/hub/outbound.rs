//! The way out to one peer: whole frames, one after the other, as far as the kernel takes them. What
//! it did not take is kept and goes first; no other frame of a board is begun before that.

use std::{
    collections::VecDeque,
    io::{ErrorKind, Write as _},
    net,
    sync::Arc,
};

use bytes::{Buf as _, Bytes};
use mio::net::TcpStream;
use tokio::time::Instant;

use crate::news::News;

/// How many pieces may wait for a peer that reads nothing, before it gets no more pongs.
const MOST_PIECES: usize = 16;

/// The peer is gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gone;

/// A stream, and what it has not taken yet.
pub(super) struct Outbound {
    pub(super) stream: TcpStream,
    /// How many bytes it has taken.
    pub(super) taken: u64,
    unsent: Option<Box<Unsent>>,
}

struct Unsent {
    since: Instant,
    /// Empty if the stream is full and nothing was begun.
    pieces: VecDeque<Bytes>,
    /// What is news in them.
    news: Option<Arc<News>>,
}

impl Outbound {
    /// A stream on which every frame so far is out.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, taken: 0, unsent: None }
    }

    /// Since when the stream is full; nothing if it takes frames.
    pub(super) fn full_since(&self) -> Option<Instant> {
        self.unsent.as_ref().map(|unsent| unsent.since)
    }

    /// Writes a frame to a stream that takes frames; tells how much of it was taken. If that is
    /// not all, [`Outbound::keep`] is next.
    pub(super) fn write(&mut self, frame: &[u8]) -> Result<usize, Gone> {
        loop {
            return match self.stream.write(frame) {
                Ok(written) => {
                    self.taken += written as u64;
                    Ok(written)
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => Err(Gone),
            };
        }
    }

    /// Keeps what the stream, which is full now, has not taken of a frame that was begun, and what is
    /// news in it.
    pub(super) fn keep(&mut self, rest: impl IntoIterator<Item = Bytes>, news: Option<Arc<News>>) {
        let full = || Box::new(Unsent { since: Instant::now(), pieces: VecDeque::new(), news });
        let unsent = self.unsent.get_or_insert_with(full);
        unsent.pieces.extend(rest.into_iter().filter(|piece| !piece.is_empty()));
    }

    /// Writes frames that many share to a stream that takes frames, and what is news in them. Tells
    /// whether they were begun: if the stream is full at once, they are left out.
    pub(super) fn share(&mut self, frames: &Bytes, news: Option<Arc<News>>) -> Result<bool, Gone> {
        match self.write(frames)? {
            0 => {
                self.keep([], None);
                return Ok(false);
            }
            written if written < frames.len() => self.keep([frames.slice(written..)], news),
            _ => news.iter().for_each(|news| news.written()),
        }
        Ok(true)
    }

    /// Whether more than what must be said may be said.
    pub(super) fn has_room(&self) -> bool {
        self.unsent.as_ref().is_none_or(|unsent| unsent.pieces.len() < MOST_PIECES)
    }

    /// How much waits.
    #[cfg(test)]
    pub(super) fn waiting_bytes(&self) -> usize {
        self.unsent.as_ref().map_or(0, |unsent| unsent.pieces.iter().map(Bytes::len).sum())
    }

    /// Writes what is for this peer alone, behind what is unsent.
    pub(super) fn say(&mut self, frame: Vec<u8>) -> Result<(), Gone> {
        let written = match &self.unsent {
            None => self.write(&frame)?,
            Some(_) => 0,
        };
        if written < frame.len() {
            self.keep([Bytes::from(frame).split_off(written)], None);
        }
        Ok(())
    }

    /// Writes what is unsent, as far as the stream takes it. Tells whether all is out.
    pub(super) fn flush(&mut self) -> Result<bool, Gone> {
        while let Some(mut piece) = self.unsent.as_mut().and_then(|unsent| unsent.pieces.pop_front()) {
            let written = self.write(&piece)?;
            piece.advance(written);
            let unsent = self.unsent.as_mut().expect("a piece of it was written");
            if written > 0 {
                // Whoever is slow does not stand still.
                unsent.since = Instant::now();
            }
            if !piece.is_empty() {
                unsent.pieces.push_front(piece);
                return Ok(false);
            }
        }
        if let Some(news) = self.unsent.take().and_then(|unsent| unsent.news) {
            news.written();
        }
        Ok(true)
    }

    /// Says that nothing will follow. What the peer has sent must still be read, or the kernel
    /// would take back what is on its way.
    pub(super) fn finish(&self) {
        // Fails only if the peer is gone, which the next read tells.
        let _ = self.stream.shutdown(net::Shutdown::Write);
    }
}
