//! The protocol of sockets to the byte: what a client may send that no library would, and how it is
//! answered.

use std::io::Cursor;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite::protocol::frame::{FrameHeader, coding::OpCode};

use crate::{
    app::{PATIENCE, TestApp, Way, in_each_way},
    scoring::{ALICE, QUIZ, State},
};

in_each_way! {
    every: [
        a_frame_that_breaks_the_protocol_closes_a_socket,
        text_that_is_not_utf_8_closes_a_socket,
        frames_may_come_with_the_handshake,
        frames_may_come_byte_by_byte,
        a_ping_is_answered_with_its_own_bytes,
        a_peer_that_closes_is_answered_and_let_go,
        a_ping_within_a_message_is_answered,
        a_flood_of_bytes_after_the_farewell_does_no_harm,
    ]
}

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;

/// A client that writes bytes.
struct Raw {
    stream: TcpStream,
    read: Vec<u8>,
}

/// One frame, masked as a browser does.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut bytes = Vec::new();
    let header = FrameHeader { mask: Some(mask), ..FrameHeader::default() };
    header.format(payload.len() as u64, &mut bytes).unwrap();
    bytes[0] = first;
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

impl Raw {
    /// Shakes hands as Alice, and says something in the same breath.
    async fn open(app: &TestApp, said: &[u8]) -> Self {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        let request = format!(
            "GET /quizzes/{QUIZ}/ws?participant_id={ALICE} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(&[request.as_bytes(), said].concat()).await.unwrap();
        let mut raw = Self { stream, read: Vec::new() };
        let end = loop {
            if let Some(end) = raw.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(raw.more().await, "{}", String::from_utf8_lossy(&raw.read));
        };
        let answer = String::from_utf8(raw.read.drain(..end).collect()).unwrap().to_lowercase();
        assert!(answer.starts_with("http/1.1 101"), "{answer}");
        assert!(answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{answer}");
        raw
    }

    async fn say(&mut self, bytes: &[u8]) {
        timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("in time").unwrap();
    }

    /// Reads on; whether anything came.
    async fn more(&mut self) -> bool {
        timeout(PATIENCE, self.stream.read_buf(&mut self.read))
            .await
            .expect("in time")
            .is_ok_and(|read| read > 0)
    }

    /// The next frame of this kind, which may be none.
    async fn next(&mut self, kind: u8) -> Option<Vec<u8>> {
        loop {
            let mut cursor = Cursor::new(&self.read);
            if let Some((header, length)) = FrameHeader::parse(&mut cursor).unwrap() {
                let start = cursor.position() as usize;
                let end = start + length as usize;
                if self.read.len() >= end {
                    assert_eq!(header.mask, None);
                    let payload = self.read[start..end].to_vec();
                    self.read.drain(..end);
                    if header.opcode == OpCode::from(kind & 0xf) {
                        return Some(payload);
                    }
                    continue;
                }
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// The code and reason it is closed with; nothing may come behind.
    async fn closed(&mut self) -> (u16, String) {
        let payload = self.next(CLOSE).await.expect("it is told");
        let (code, reason) = payload.split_first_chunk().expect("a code");
        assert!(self.read.is_empty() && !self.more().await, "{:?}", self.read);
        (u16::from_be_bytes(*code), String::from_utf8(reason.to_vec()).unwrap())
    }
}

async fn a_frame_that_breaks_the_protocol_closes_a_socket(way: Way) {
    let app = way.start().await;
    for (name, bytes) in [
        ("not masked", vec![TEXT, 1, b'x']),
        ("reserved bit", frame(0xc1, b"x")),
        ("reserved opcode", frame(0x83, b"x")),
        ("ping in fragments", frame(0x09, b"")),
        ("end without a beginning", frame(0x80, b"x")),
    ] {
        let mut alice = Raw::open(&app, b"").await;
        alice.say(&bytes).await;
        assert_eq!(alice.closed().await, (1002, "protocol error".to_owned()), "{name}");
    }
}

async fn text_that_is_not_utf_8_closes_a_socket(way: Way) {
    let app = way.start().await;
    let mut alice = Raw::open(&app, b"").await;
    alice.say(&frame(TEXT, b"\xff")).await;
    assert_eq!(alice.closed().await, (1007, "text that is not UTF-8".to_owned()));
}

async fn frames_may_come_with_the_handshake(way: Way) {
    let app = way.start().await;
    let mut alice = Raw::open(&app, &frame(PING, b"early")).await;
    assert_eq!(alice.next(0x8a).await.unwrap(), b"early");
}

async fn frames_may_come_byte_by_byte(way: Way) {
    let app = way.start().await;
    let mut alice = Raw::open(&app, b"").await;
    alice.stream.set_nodelay(true).unwrap();
    for byte in [frame(TEXT, b"hello"), frame(PING, b"slow")].concat() {
        alice.say(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(alice.next(0x8a).await.unwrap(), b"slow");
}

async fn a_ping_is_answered_with_its_own_bytes(way: Way) {
    let app = way.start().await;
    let mut alice = Raw::open(&app, b"").await;
    for payload in [&b""[..], b"x", &[0xff; 125]] {
        alice.say(&frame(PING, payload)).await;
        assert_eq!(alice.next(0x8a).await.unwrap(), payload);
    }
}

async fn a_peer_that_closes_is_answered_and_let_go(way: Way) {
    let app = way.start().await;
    for (said, answered) in [(&b"\x03\xe8bye"[..], Some(1000)), (b"\x10\xe1", Some(4321)), (b"", None)] {
        let mut alice = Raw::open(&app, b"").await;
        alice.say(&frame(CLOSE, said)).await;
        let answer = alice.next(CLOSE).await.expect("an answer");
        let code = answer.first_chunk().map(|code| u16::from_be_bytes(*code));
        assert_eq!(code, answered);
        assert!(!alice.more().await, "the server hangs up");
    }
}

async fn a_ping_within_a_message_is_answered(way: Way) {
    let app = way.start().await;
    let mut alice = Raw::open(&app, b"").await;
    alice.say(&[frame(0x01, b"h\xc3"), frame(PING, b"between"), frame(0x80, b"\xb6")].concat()).await;
    assert_eq!(alice.next(0x8a).await.unwrap(), b"between");
    app.scoring.show(State::new(2, &[(ALICE, 60)]));
    while !String::from_utf8(alice.next(TEXT).await.expect("it is open")).unwrap().contains("\"version\":2,")
    {
    }
}

async fn a_flood_of_bytes_after_the_farewell_does_no_harm(way: Way) {
    let app = way.start().await;
    let mut alice = Raw::open(&app, &frame(TEXT, &[b'x'; 4097])).await;
    let mut other = Raw::open(&app, b"").await;
    assert_eq!(alice.next(CLOSE).await.unwrap()[..2], 1009u16.to_be_bytes());
    let flood = vec![0; 1 << 20];
    while timeout(PATIENCE, alice.stream.write_all(&flood)).await.expect("it is cut off").is_ok() {}
    other.say(&frame(PING, b"still there")).await;
    assert_eq!(other.next(0x8a).await.unwrap(), b"still there");
}
