//! A socket and its peer over loopback: what reaches the peer, and what that costs.

use std::{
    io::{Cursor, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use proto::v1;
use services::shutdown::Shutdown;
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;

use super::{
    super::{room::Seat, spectator::Spectator, subscriber::Subscriber},
    *,
};
use crate::{
    activity::Activity,
    boards::{BoardId, Boards, Eyes},
    config::{self, RateSettings, UpstreamStreams, bounds::FIRST_VIEW},
    door::Admission,
    frame::{Form, Frame},
    socket::{
        Allowance, Departure,
        topics::{Topic, Topics},
    },
    upstream::Upstream,
};

const ALICE: &str = "p_aaaaaaaaaaaa";

/// A participant's socket and the peer on its other side.
fn line() -> (Line, TcpStream) {
    line_in(Form::Whole)
}

fn line_in(form: Form) -> (Line, TcpStream) {
    let seat = Seat { room: RoomId::Board(BoardId::new()), place: 0 };
    let eyes = Eyes::of(ALICE.parse().unwrap(), form);
    line_for(Role::Spectator(Spectator::new(eyes, seat, admission())))
}

fn admission() -> Admission {
    Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap()
}

/// A socket and the peer on its other side.
fn line_for(role: Role) -> (Line, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    let outbound = Outbound::new(mio::net::TcpStream::from_std(stream));
    let rates = RateSettings { message_burst: NonZeroU32::MAX, ..config::tests::rates() };
    let conduct = Peer::new(Allowance::new(&rates), Instant::now());
    let open = Arc::new(Departure::new(Duration::ZERO)).open();
    (Line::new(outbound, role, conduct, 0, open), peer)
}

/// Shows Alice a state.
fn show(line: &mut Line, frame: &Frame, scratch: &mut Scratch) -> Turn {
    let Role::Spectator(spectator) = &mut line.role else { panic!("Alice takes part") };
    spectator.show_frame(frame, &mut line.outbound, scratch).unwrap()
}

/// A state in which Alice leads before so many others.
fn frame(shown: Option<&Frame>, version: u64, others: usize) -> Frame {
    let entry = |(at, id): (usize, String)| v1::Entry {
        id: Some(v1::entry::Id::ParticipantId(id)),
        username: "somebody".to_owned(),
        score: version as u32,
        rank: at as u32 + 1,
        ..v1::Entry::default()
    };
    let others = (0..others).map(|number| format!("p_{number:012}"));
    let board = v1::Leaderboard {
        board: Some(v1::leaderboard::Board::QuizId("quiz_a1b2c3d4e5f6".to_owned())),
        entries: std::iter::once(ALICE.to_owned()).chain(others).enumerate().map(entry).collect(),
        version,
        ..v1::Leaderboard::default()
    };
    let frame = Frame::encode(&board);
    shown.map_or(frame.clone(), |shown| frame.after(shown)).with_deltas(board, shown)
}

/// What arrives at a peer, until there is nothing for a moment.
fn arrived(peer: &mut TcpStream) -> Vec<u8> {
    let (mut arrived, mut some) = (Vec::new(), [0; 64 << 10]);
    peer.set_nonblocking(true).unwrap();
    while let Ok(read @ 1..) = peer.read(&mut some) {
        arrived.extend_from_slice(&some[..read]);
    }
    arrived
}

/// The versions of the frames in these bytes, which hold nothing else.
fn versions(mut bytes: &[u8]) -> Vec<u64> {
    let mut versions = Vec::new();
    while !bytes.is_empty() {
        let mut cursor = Cursor::new(bytes);
        let (_, length) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
        let (text, rest) = bytes[cursor.position() as usize..].split_at(length as usize);
        let text: serde_json::Value = serde_json::from_slice(text).unwrap();
        assert_eq!(text["you"]["version"], text["version"], "{text}");
        versions.push(text["version"].as_u64().unwrap());
        bytes = rest;
    }
    versions
}

#[test]
fn a_frame_that_a_socket_has_room_for_costs_no_allocation() {
    show_without_allocation(Form::Whole);
}

#[test]
fn a_delta_costs_no_allocation_either() {
    let seen = show_without_allocation(Form::Deltas);
    let whole = frame(None, 1, 99).part(None).bytes().len();
    assert!(seen.len() < 49 * whole / 2, "{} bytes", seen.len());
}

/// Shows states to one socket, and gives what its peer read.
fn show_without_allocation(form: Form) -> Vec<u8> {
    let ((mut line, mut peer), mut scratch) = (line_in(form), Scratch::new());
    let mut frames = vec![frame(None, 1, 99)];
    for version in 2..50 {
        frames.push(frame(frames.last(), version, 99));
    }
    let (mut allocations, mut seen) = (0, Vec::new());
    for (number, frame) in frames.iter().enumerate() {
        let counted =
            allocation_counter::measure(|| assert_eq!(show(&mut line, frame, &mut scratch), Turn::Done));
        // The first one finds no room laid out.
        allocations += if number == 0 { 0 } else { counted.count_total };
        seen.extend(arrived(&mut peer));
    }
    assert_eq!(allocations, 0);
    assert_eq!(versions(&seen), (1..50).collect::<Vec<_>>());
    seen
}

#[test]
fn a_slow_peer_gets_what_was_begun_and_then_the_newest() {
    let ((mut line, mut peer), mut scratch) = (line(), Scratch::new());
    let mut newest = frame(None, 1, 999);
    while show(&mut line, &newest, &mut scratch) == Turn::Done {
        newest = frame(Some(&newest), newest.version().number + 1, 999);
    }
    let full = newest.version().number;
    for _ in 0..5 {
        newest = frame(Some(&newest), newest.version().number + 1, 999);
        assert_eq!(show(&mut line, &newest, &mut scratch), Turn::Done, "it is left out");
    }
    let mut seen = Vec::new();
    while line.outbound.full_since().is_some() {
        seen.extend(arrived(&mut peer));
        line.flush().unwrap();
    }
    show(&mut line, &newest, &mut scratch);
    while versions_so_far(&seen).last() != Some(&newest.version().number) {
        line.flush().unwrap();
        seen.extend(arrived(&mut peer));
    }
    let seen = versions(&seen);
    assert!(seen.is_sorted_by(|one, next| one < next), "{seen:?}");
    assert!(seen.iter().all(|version| *version <= full || *version == newest.version().number), "{seen:?}");
}

/// The versions of the whole frames in these bytes.
fn versions_so_far(bytes: &[u8]) -> Vec<u64> {
    let mut end = 0;
    loop {
        let mut cursor = Cursor::new(&bytes[end..]);
        match FrameHeader::parse(&mut cursor).unwrap() {
            Some((_, length)) if cursor.position() + length <= (bytes.len() - end) as u64 => {
                end += (cursor.position() + length) as usize;
            }
            _ => return versions(&bytes[..end]),
        }
    }
}

#[test]
fn a_socket_that_stands_still_for_five_seconds_is_closed() {
    let ((mut line, _peer), mut scratch) = (line(), Scratch::new());
    let mut newest = frame(None, 1, 999);
    while show(&mut line, &newest, &mut scratch) == Turn::Done {
        newest = frame(Some(&newest), newest.version().number + 1, 999);
    }
    let since = line.outbound.full_since().unwrap();
    assert_eq!(line.due(), since + STALL);
    assert_eq!(line.tick(since + STALL - Duration::from_millis(1)), Ok(()));
    assert_eq!(line.tick(since + STALL), Err(End::Close(Close::Stalled)));
}

#[test]
fn a_peer_that_takes_some_of_what_is_unsent_does_not_stand_still() {
    let (mut line, mut peer) = line();
    line.outbound.say(vec![b'x'; 64 << 20]).unwrap();
    let (since, waiting) = (line.outbound.full_since().unwrap(), line.outbound.waiting_bytes());
    while line.outbound.waiting_bytes() == waiting {
        arrived(&mut peer);
        assert_eq!(line.flush(), Ok(false));
    }
    assert!(line.outbound.full_since().unwrap() > since);
}

#[test]
fn pings_of_a_peer_that_reads_nothing_do_not_pile_up() {
    let ((mut line, mut peer), mut scratch) = (line(), Scratch::new());
    let mut newest = frame(None, 1, 999);
    while show(&mut line, &newest, &mut scratch) == Turn::Done {
        newest = frame(Some(&newest), newest.version().number + 1, 999);
    }
    let ping = [&[0x89, 0x80 | 125, 0, 0, 0, 0][..], &[b'x'; 125]].concat();
    let mut buffer = vec![0; 16 << 10];
    for _ in 0..100 {
        peer.write_all(&ping).unwrap();
        while !line.read(&mut buffer, &mut Vec::new()).unwrap() {}
    }
    assert!(!line.outbound.has_room());
    assert!(line.outbound.waiting_bytes() < 128 << 10, "{}", line.outbound.waiting_bytes());
}

/// A user, within a runtime.
fn subscriber() -> Subscriber {
    let (upstream, shutdown) = (Upstream::nowhere(), Shutdown::default());
    let boards = Boards::new(upstream.clone(), UpstreamStreams::Shared, shutdown.clone());
    let subjects = Activity::new(upstream, shutdown).subjects;
    let topics = Arc::new(Topics::new(boards, subjects));
    let seat = Seat { room: RoomId::Activity, place: 0 };
    let until = Instant::now() + Duration::from_secs(3600);
    Subscriber::new((topics, Form::Whole), seat, 0, until, admission())
}

#[tokio::test]
async fn a_user_that_waits_for_itself_is_not_told_that_scoring_is_out_of_reach() {
    let (mut user, now) = (subscriber(), Instant::now());
    let seat = Seat { room: RoomId::Board(BoardId::new()), place: 0 };
    user.subscribe(Topic::Subject("BIO".to_owned()), seat, None, now);
    let (mut line, mut peer) = line_for(Role::Subscriber(Box::new(user)));
    line.outbound.say(vec![b'x'; 64 << 20]).unwrap();
    let waiting = line.outbound.waiting_bytes();
    let late = now + FIRST_VIEW;
    assert_eq!(line.tick(late), Ok(()));
    assert_eq!(line.outbound.waiting_bytes(), waiting, "nothing is said");
    while line.outbound.full_since().is_some() {
        arrived(&mut peer);
        line.flush().unwrap();
    }
    assert_eq!(line.tick(late + FIRST_VIEW), Ok(()));
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).contains("UNAVAILABLE") {
        said.extend(arrived(&mut peer));
    }
}

#[tokio::test]
async fn a_user_that_does_not_read_its_answers_is_not_read_until_it_does() {
    let (mut line, mut peer) = line_for(Role::Subscriber(Box::new(subscriber())));
    while line.listens() {
        line.outbound.say(scratch::text(&[b'x'; 1000])).unwrap();
    }
    assert!(line.outbound.waiting_bytes() < 32 << 10, "{}", line.outbound.waiting_bytes());
    while !line.listens() {
        arrived(&mut peer);
        line.flush().unwrap();
    }
}
