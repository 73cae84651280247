//! What a peer sends, taken apart (RFC 6455 §5): bytes as they come in, whole messages out, and
//! the words to close with as soon as a rule is broken. It reads no socket and answers nothing.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::protocol::frame::{
    FrameHeader,
    coding::{CloseCode, Control, Data, OpCode},
};

#[cfg(any(test, fuzzing))]
use crate::config::bounds::MAX_MESSAGE_BYTES;
use crate::socket::Close;

/// The longest payload of a control frame (RFC 6455 §5.5).
const MAX_CONTROL_BYTES: usize = 125;

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    /// A whole message, and which kind of data it is.
    Message(Data, &'a [u8]),
    /// A fragment of a message that brings nothing.
    Nothing,
    /// To be answered with the same bytes.
    Ping(&'a [u8]),
    /// Still there.
    Pong,
    /// The peer closes, for this reason if it named one. Nothing follows.
    Close(Option<CloseCode>),
}

/// One peer's stream of frames. Between two reads it holds at most one message and one frame,
/// and nothing at all if the last read ended where a message did.
#[derive(Default)]
pub(super) struct Inbound(Option<Box<Unfinished>>);

/// What the last read left over.
#[derive(Default)]
struct Unfinished {
    /// The beginning of a frame.
    frame: Vec<u8>,
    /// The fragments so far of a message, and its kind.
    message: Option<(Data, Vec<u8>)>,
}

impl Inbound {
    /// Takes in what was read, which it unmasks in place, and passes on what can be heard in it. No
    /// message is longer than `longest` bytes.
    ///
    /// # Errors
    /// With which words to close, because a rule is broken or because `hear` says so; the rest is
    /// not heard then, and nothing may be read afterwards.
    pub(super) fn read<E: From<Close>>(
        &mut self,
        read: &mut [u8],
        longest: usize,
        mut hear: impl FnMut(Heard<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let kept = self.0.take().map_or_else(Unfinished::default, |kept| *kept);
        let Unfinished { mut frame, mut message } = kept;
        let is_begun = !frame.is_empty();
        let bytes: &mut [u8] = if is_begun {
            frame.extend_from_slice(read);
            &mut frame
        } else {
            read
        };
        let mut at = 0;
        while let Some(whole) = next(&mut bytes[at..], longest, message.as_ref())? {
            let payload = &bytes[at + whole.header_bytes..at + whole.bytes];
            match whole.opcode {
                OpCode::Data(kind) => match (message.take(), whole.is_final) {
                    (None, true) => hear(Heard::Message(kind, checked(kind, payload)?))?,
                    (begun, is_final) => {
                        let (kind, mut text) = begun.unwrap_or((kind, Vec::new()));
                        text.extend_from_slice(payload);
                        if is_final {
                            hear(Heard::Message(kind, checked(kind, &text)?))?;
                        } else {
                            message = Some((kind, text));
                            if payload.is_empty() {
                                hear(Heard::Nothing)?;
                            }
                        }
                    }
                },
                OpCode::Control(Control::Ping) => hear(Heard::Ping(payload))?,
                OpCode::Control(Control::Pong) => hear(Heard::Pong)?,
                OpCode::Control(Control::Close) => return hear(Heard::Close(reason(payload)?)),
                OpCode::Control(Control::Reserved(_)) => return Err(Close::BadFrame.into()),
            }
            at += whole.bytes;
        }
        if at == bytes.len() && message.is_none() {
            return Ok(());
        }
        if is_begun {
            frame.drain(..at);
            frame.shrink_to(longest);
        } else {
            frame = bytes[at..].to_vec();
        }
        self.0 = Some(Box::new(Unfinished { frame, message }));
        Ok(())
    }
}

/// A frame that is there as a whole.
struct Whole {
    opcode: OpCode,
    is_final: bool,
    header_bytes: usize,
    /// With the header.
    bytes: usize,
}

/// The first frame of these bytes, unmasked, if it is there as a whole. What is wrong with it is
/// told as soon as its header is there.
fn next(bytes: &mut [u8], longest: usize, begun: Option<&(Data, Vec<u8>)>) -> Result<Option<Whole>, Close> {
    let mut cursor = Cursor::new(&*bytes);
    let header = FrameHeader::parse(&mut cursor).map_err(|_| Close::BadFrame)?;
    let Some((header, length)) = header else { return Ok(None) };
    let header_bytes = header.len(length);
    let is_shortest = cursor.position() == header_bytes as u64;
    let (Some(mask), true) = (header.mask, is_shortest && !(header.rsv1 | header.rsv2 | header.rsv3)) else {
        return Err(Close::BadFrame);
    };
    let room = match (header.opcode, begun) {
        (OpCode::Control(_), _) if header.is_final => MAX_CONTROL_BYTES,
        (OpCode::Data(Data::Continue), Some((_, message))) => longest - message.len(),
        (OpCode::Data(Data::Text | Data::Binary), None) => longest,
        _ => return Err(Close::BadFrame),
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > room {
        let is_control = matches!(header.opcode, OpCode::Control(_));
        return Err(if is_control { Close::BadFrame } else { Close::TooLong });
    }
    let whole = header_bytes + length;
    let Some(payload) = bytes.get_mut(header_bytes..whole) else { return Ok(None) };
    payload.iter_mut().zip(mask.into_iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Ok(Some(Whole { opcode: header.opcode, is_final: header.is_final, header_bytes, bytes: whole }))
}

/// A whole message, which is UTF-8 if it is text (RFC 6455 §8.1).
fn checked(kind: Data, message: &[u8]) -> Result<&[u8], Close> {
    if kind == Data::Text && str::from_utf8(message).is_err() {
        return Err(Close::BadText);
    }
    Ok(message)
}

/// Why a peer closes (RFC 6455 §5.5.1 and §7.4).
fn reason(payload: &[u8]) -> Result<Option<CloseCode>, Close> {
    let Some((code, words)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(Close::BadFrame) };
    };
    let code = CloseCode::from(u16::from_be_bytes(*code));
    if !code.is_allowed() {
        return Err(Close::BadFrame);
    }
    str::from_utf8(words).map_err(|_| Close::BadText)?;
    Ok(Some(code))
}

/// What was heard, kept.
#[cfg(any(test, fuzzing))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    Message(Vec<u8>),
    Nothing,
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

/// Reads bytes in pieces of these lengths, over and over: what is heard in them, and whether a rule
/// is broken.
///
/// # Panics
/// If more is kept between two reads than may be.
#[cfg(any(test, fuzzing))]
pub(crate) fn overhear(bytes: &[u8], lengths: &[usize]) -> (Vec<Kept>, Result<(), Close>) {
    let (mut inbound, mut heard, mut lengths) = (Inbound::default(), Vec::new(), lengths.iter().cycle());
    let mut rest = bytes.to_vec();
    while !rest.is_empty() && !heard.iter().any(|kept| matches!(kept, Kept::Close(_))) {
        let after = rest.split_off(lengths.next().map_or(1, |length| (*length).clamp(1, rest.len())));
        let ended: Result<(), Close> = inbound.read(&mut rest, MAX_MESSAGE_BYTES, |said| {
            heard.push(match said {
                Heard::Message(_, message) => Kept::Message(message.to_vec()),
                Heard::Nothing => Kept::Nothing,
                Heard::Ping(payload) => Kept::Ping(payload.to_vec()),
                Heard::Pong => Kept::Pong,
                Heard::Close(code) => Kept::Close(code.map(u16::from)),
            });
            Ok(())
        });
        if ended.is_err() {
            return (heard, ended);
        }
        if let Some(left) = &inbound.0 {
            assert!(left.frame.len() < 14 + MAX_MESSAGE_BYTES, "{} bytes are kept", left.frame.len());
            let fragments = left.message.as_ref().map_or(0, |(_, text)| text.len());
            assert!(fragments <= MAX_MESSAGE_BYTES, "{fragments} bytes are kept");
        }
        rest = after;
    }
    (heard, Ok(()))
}

#[cfg(test)]
mod tests;
