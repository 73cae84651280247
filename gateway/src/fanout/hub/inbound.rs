//! What a peer sends, taken apart (RFC 6455 §5): bytes as they come in, whole messages out, and
//! the words to close with as soon as a rule is broken. It reads no socket and answers nothing.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::protocol::frame::{
    FrameHeader,
    coding::{CloseCode, Control, Data, OpCode},
};

use crate::socket::{Close, MAX_MESSAGE_BYTES};

/// The longest payload of a control frame (RFC 6455 §5.5).
const MAX_CONTROL_BYTES: usize = 125;

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    /// A whole message, text or not.
    Message(&'a [u8]),
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
    /// Takes in what was read, which it unmasks in place, and passes on what can be heard in it.
    ///
    /// # Errors
    /// With which words to close, because a rule is broken or because `hear` says so; the rest is
    /// not heard then, and nothing may be read afterwards.
    pub(super) fn read<E: From<Close>>(
        &mut self,
        read: &mut [u8],
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
        while let Some(whole) = next(&mut bytes[at..], message.as_ref())? {
            let payload = &bytes[at + whole.header_bytes..at + whole.bytes];
            match whole.opcode {
                OpCode::Data(kind) => match (message.take(), whole.is_final) {
                    (None, true) => hear(Heard::Message(checked(kind, payload)?))?,
                    (begun, is_final) => {
                        let (kind, mut text) = begun.unwrap_or((kind, Vec::new()));
                        text.extend_from_slice(payload);
                        if is_final {
                            hear(Heard::Message(checked(kind, &text)?))?;
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
            frame.shrink_to(MAX_MESSAGE_BYTES);
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
fn next(bytes: &mut [u8], begun: Option<&(Data, Vec<u8>)>) -> Result<Option<Whole>, Close> {
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
        (OpCode::Data(Data::Continue), Some((_, message))) => MAX_MESSAGE_BYTES - message.len(),
        (OpCode::Data(Data::Text | Data::Binary), None) => MAX_MESSAGE_BYTES,
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
        let ended: Result<(), Close> = inbound.read(&mut rest, |said| {
            heard.push(match said {
                Heard::Message(message) => Kept::Message(message.to_vec()),
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
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// One frame, masked as a browser does.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let header = FrameHeader { mask: Some(mask), ..FrameHeader::default() };
        let mut bytes = Vec::new();
        header.format(payload.len() as u64, &mut bytes).unwrap();
        bytes[0] = first;
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    const TEXT: u8 = 0x81;
    const BINARY: u8 = 0x82;
    const CLOSE: u8 = 0x88;
    const PING: u8 = 0x89;
    const PONG: u8 = 0x8a;
    /// The first fragment of a text, one in the middle, and the last.
    const FIRST: u8 = 0x01;
    const MIDDLE: u8 = 0x00;
    const LAST: u8 = 0x80;

    #[test]
    fn messages_are_heard_as_they_were_said() {
        let long = vec![0xff; MAX_MESSAGE_BYTES];
        let message = |text: &[u8]| Kept::Message(text.to_vec());
        for (frames, expected) in [
            (vec![frame(TEXT, "höre".as_bytes())], vec![message("höre".as_bytes())]),
            (vec![frame(BINARY, &long)], vec![message(&long)]),
            (vec![frame(TEXT, b""), frame(BINARY, b"")], vec![message(b""), message(b"")]),
            (
                vec![frame(PING, &long[..125]), frame(PONG, b"x")],
                vec![Kept::Ping(vec![0xff; 125]), Kept::Pong],
            ),
            (
                // A letter is cut in two, and a ping comes between.
                vec![frame(FIRST, b"h\xc3"), frame(PING, b"p"), frame(MIDDLE, b""), frame(LAST, b"\xb6")],
                vec![Kept::Ping(b"p".to_vec()), Kept::Nothing, message("hö".as_bytes())],
            ),
            (vec![frame(CLOSE, b""), frame(TEXT, b"after")], vec![Kept::Close(None)]),
            (vec![frame(CLOSE, b"\x03\xe8bye")], vec![Kept::Close(Some(1000))]),
            (vec![frame(CLOSE, &4321u16.to_be_bytes())], vec![Kept::Close(Some(4321))]),
        ] {
            for length in [1, 2, 3, 7, 100_000] {
                assert_eq!(overhear(&frames.concat(), &[length]), (expected.clone(), Ok(())), "{length}");
            }
        }
    }

    #[test]
    fn whatever_breaks_a_rule_is_refused_for_it() {
        let much = vec![b'x'; MAX_MESSAGE_BYTES + 1];
        let unmasked = [TEXT, 1, b'x'].to_vec();
        let longer_than_needed = [TEXT, 0x80 | 126, 0, 1, 0, 0, 0, 0, b'x'].to_vec();
        let endless = [BINARY, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0].to_vec();
        for (name, bytes, expected) in [
            ("not masked", unmasked, Close::BadFrame),
            ("reserved bit", frame(0xc1, b"x"), Close::BadFrame),
            ("reserved opcode", frame(0x83, b"x"), Close::BadFrame),
            ("reserved control opcode", frame(0x8b, b""), Close::BadFrame),
            ("longer length than needed", longer_than_needed, Close::BadFrame),
            ("long ping", frame(PING, &much[..126]), Close::BadFrame),
            ("ping in fragments", frame(0x09, b""), Close::BadFrame),
            ("end without a beginning", frame(LAST, b"x"), Close::BadFrame),
            ("beginning within a message", [frame(FIRST, b"x"), frame(TEXT, b"x")].concat(), Close::BadFrame),
            ("long message", frame(TEXT, &much), Close::TooLong),
            ("endless message", endless, Close::TooLong),
            (
                "long message in fragments",
                [frame(FIRST, &much[1..]), frame(LAST, b"x")].concat(),
                Close::TooLong,
            ),
            ("text that is not UTF-8", frame(TEXT, b"\xff"), Close::BadText),
            ("the same in fragments", [frame(FIRST, b"\xc3"), frame(LAST, b"x")].concat(), Close::BadText),
            ("half a close code", frame(CLOSE, b"\x03"), Close::BadFrame),
            ("close code that never is sent", frame(CLOSE, &1006u16.to_be_bytes()), Close::BadFrame),
            ("close code below all", frame(CLOSE, &999u16.to_be_bytes()), Close::BadFrame),
            ("reason that is not UTF-8", frame(CLOSE, b"\x03\xe8\xff"), Close::BadText),
        ] {
            for length in [1, 5, 100_000] {
                assert_eq!(overhear(&bytes, &[length]).1, Err(expected), "{name}, {length}");
            }
        }
    }

    #[test]
    fn a_message_is_too_long_as_soon_as_its_header_says_so() {
        let whole = frame(TEXT, &vec![b'x'; MAX_MESSAGE_BYTES + 1]);
        assert_eq!(overhear(&whole[..8], &[8]).1, Err(Close::TooLong));
    }

    #[test]
    fn nothing_is_kept_of_a_peer_whose_message_is_over() {
        let mut inbound = Inbound::default();
        let bytes = [frame(FIRST, b"a"), frame(LAST, b"b")].concat();
        for byte in &bytes {
            inbound.read(&mut [*byte], |_| Ok::<_, Close>(())).unwrap();
        }
        assert!(inbound.0.is_none());
    }

    #[test]
    fn reading_ends_when_the_listener_has_had_enough() {
        let bytes = [frame(TEXT, b"a"), frame(TEXT, b"b")].concat();
        let mut heard = 0;
        let ended = Inbound::default().read(&mut bytes.clone(), |_| {
            heard += 1;
            Err(Close::TooOften)
        });
        assert_eq!((ended, heard), (Err(Close::TooOften), 1));
    }

    /// Frames of every kind, good ones more often than not.
    fn frames() -> impl Strategy<Value = Vec<u8>> {
        let first = prop_oneof![
            8 => prop::sample::select(vec![TEXT, BINARY, PING, PONG, FIRST, MIDDLE, LAST]),
            1 => any::<u8>(),
        ];
        let payload =
            prop_oneof![vec(0x20..0x7f_u8, 0..140), vec(any::<u8>(), 0..140), vec(any::<u8>(), 4090..4100)];
        vec((first, payload), 0..8)
            .prop_map(|frames| frames.iter().flat_map(|(first, payload)| frame(*first, payload)).collect())
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_makes_no_difference(bytes in frames(), lengths in vec(1..600_usize, 1..9)) {
            prop_assert_eq!(overhear(&bytes, &lengths), overhear(&bytes, &[usize::MAX]));
        }

        #[test]
        fn bytes_of_any_kind_are_heard_or_refused(bytes in vec(any::<u8>(), 0..9000), lengths in vec(1..600_usize, 1..9)) {
            prop_assert_eq!(overhear(&bytes, &lengths), overhear(&bytes, &[usize::MAX]));
        }

        #[test]
        fn a_damaged_frame_is_heard_or_refused(mut bytes in frames(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            prop_assert_eq!(overhear(&bytes, &[3]), overhear(&bytes, &[usize::MAX]));
        }
    }
}
