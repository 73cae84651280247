//! Frames good and bad, whole and cut.

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
        (vec![frame(PING, &long[..125]), frame(PONG, b"x")], vec![Kept::Ping(vec![0xff; 125]), Kept::Pong]),
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
        ("long message in fragments", [frame(FIRST, &much[1..]), frame(LAST, b"x")].concat(), Close::TooLong),
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
        inbound.read(&mut [*byte], MAX_MESSAGE_BYTES, |_| Ok::<_, Close>(())).unwrap();
    }
    assert!(inbound.0.is_none());
}

#[test]
fn reading_ends_when_the_listener_has_had_enough() {
    let bytes = [frame(TEXT, b"a"), frame(TEXT, b"b")].concat();
    let mut heard = 0;
    let ended = Inbound::default().read(&mut bytes.clone(), MAX_MESSAGE_BYTES, |_| {
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
