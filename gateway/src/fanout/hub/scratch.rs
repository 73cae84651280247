//! One frame for many sockets: the shared bytes are laid out once, and only the end and the
//! header, which tells the length, are written anew for each. Nothing is allocated per socket.

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// The bit of a header that says that a message is whole (RFC 6455 §5.2).
const FINAL: u8 = 0x80;

/// The longest header of a frame that is not masked.
const HEADER_BYTES: usize = 10;

/// A frame in the making.
pub(super) struct Scratch {
    /// Room for a header, the shared bytes, the end of the last reader.
    bytes: Vec<u8>,
    shared: Bytes,
    start: usize,
}

impl Scratch {
    /// Begins with a text that is empty.
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; HEADER_BYTES], shared: Bytes::new(), start: 0 }
    }

    /// Lays out the bytes that all readers get, unless they are there already.
    pub(super) fn load(&mut self, shared: &Bytes) {
        // Bytes that are held are nobody else's, so the same place means the same bytes.
        let is_loaded = self.shared.as_ptr() == shared.as_ptr() && self.shared.len() == shared.len();
        if !is_loaded {
            self.bytes.clear();
            self.bytes.resize(HEADER_BYTES, 0);
            self.bytes.extend_from_slice(shared);
            self.shared = shared.clone();
        }
    }

    /// Ends the frame for one reader, and gives all of it.
    pub(super) fn text(&mut self, write_end: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
        self.bytes.truncate(HEADER_BYTES + self.shared.len());
        write_end(&mut self.bytes);
        let (header, header_bytes) = header(OpCode::Data(Data::Text), self.bytes.len() - HEADER_BYTES);
        self.start = HEADER_BYTES - header_bytes;
        self.bytes[self.start..HEADER_BYTES].copy_from_slice(&header[..header_bytes]);
        &self.bytes[self.start..]
    }

    /// What is left of the last frame when its first bytes are written. The shared bytes are
    /// shared here too, so that many slow readers do not keep a copy each.
    pub(super) fn rest(&self, written: usize) -> [Bytes; 3] {
        let at = self.start + written;
        let end = HEADER_BYTES + self.shared.len();
        [
            Bytes::copy_from_slice(&self.bytes[at.min(HEADER_BYTES)..HEADER_BYTES]),
            self.shared.slice(at.clamp(HEADER_BYTES, end) - HEADER_BYTES..),
            Bytes::copy_from_slice(&self.bytes[at.max(end)..]),
        ]
    }
}

/// A text in one frame.
pub(super) fn text(payload: &[u8]) -> Vec<u8> {
    frame(OpCode::Data(Data::Text), payload)
}

/// A whole message in one frame.
pub(super) fn frame(kind: OpCode, payload: &[u8]) -> Vec<u8> {
    let (header, header_bytes) = header(kind, payload.len());
    [&header[..header_bytes], payload].concat()
}

/// The header of a frame that is not masked, and its length.
fn header(kind: OpCode, payload_bytes: usize) -> ([u8; HEADER_BYTES], usize) {
    let mut header = [0; HEADER_BYTES];
    header[0] = FINAL | u8::from(kind);
    if let Ok(length @ 0..126) = u8::try_from(payload_bytes) {
        header[1] = length;
        (header, 2)
    } else if let Ok(length) = u16::try_from(payload_bytes) {
        header[1] = 126;
        header[2..4].copy_from_slice(&length.to_be_bytes());
        (header, 4)
    } else {
        header[1] = 127;
        header[2..].copy_from_slice(&(payload_bytes as u64).to_be_bytes());
        (header, 10)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::{FrameHeader, coding::Control};

    use super::*;

    /// The payload of a frame, read as a browser does.
    fn payload(frame: &[u8]) -> &[u8] {
        let mut cursor = Cursor::new(frame);
        let (header, length) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
        assert_eq!(header.mask, None);
        let payload = &frame[cursor.position() as usize..];
        assert_eq!(payload.len() as u64, length);
        payload
    }

    #[test]
    fn each_reader_gets_the_shared_bytes_and_its_own_end() {
        let mut scratch = Scratch::new();
        for shared in [0, 100, 125, 126, 65_000, 65_535, 65_536, 200_000] {
            let shared = Bytes::from(vec![b'x'; shared]);
            for end in ["", "a", "bc", "a much longer end of a frame", "}"] {
                scratch.load(&shared);
                let frame = scratch.text(|out| out.extend_from_slice(end.as_bytes())).to_vec();
                assert_eq!(payload(&frame), [&shared, end.as_bytes()].concat());
            }
        }
    }

    #[test]
    fn a_control_frame_is_read_back() {
        assert_eq!(frame(OpCode::Control(Control::Ping), b""), [0x89, 0]);
        assert_eq!(payload(&frame(OpCode::Control(Control::Pong), &[7; 125])), [7; 125]);
    }

    proptest! {
        #[test]
        fn what_is_written_and_what_is_left_are_the_frame(
            shared in 0..70_000_usize,
            end in 0..200_usize,
            written in any::<prop::sample::Index>(),
        ) {
            let mut scratch = Scratch::new();
            scratch.load(&Bytes::from(vec![b'x'; shared]));
            let frame = scratch.text(|out| out.resize(out.len() + end, b'y')).to_vec();
            let written = written.index(frame.len());
            let rest = scratch.rest(written).concat();
            prop_assert_eq!([&frame[..written], &rest].concat(), frame);
        }
    }
}
