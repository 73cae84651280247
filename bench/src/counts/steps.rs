//! The steps whose instructions are counted: those of the services that are done for each change and
//! for each frame, with the same input each time.

use std::{
    hint::black_box,
    io::Read as _,
    net::{TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use futures_util::FutureExt as _;
use gateway::costs::{Counted, State};
use proto::v1;
use scoring::{
    board::{
        Applied, Board, BoardId, Change, ChangedRow, Member, Phase, Snapshot, SnapshotRow, Version, Window,
    },
    quiz::Status,
    ranking::Key,
};
use serde::{Deserialize, Serialize};
use services::{shutdown::Shutdown, telemetry::Causes};

use crate::wire::frame;

/// How many states follow each other. Each step is done for each of them; the first time, which finds
/// nothing in its place, does not count.
const STATES: u64 = 17;

/// How long a frame may take from one end of a connection to the other.
const PATIENCE: Duration = Duration::from_secs(30);

const QUIZ: &str = "quiz_a1b2c3d4e5f6";
const PARTICIPANT: &str = "p_000000000000";

/// The rows of a frame.
const SHOWN: u32 = 100;
/// Those of them that change from one state to the next.
const CHANGED: u32 = 10;
/// Participants on the board in memory.
const SEATED: u32 = 10_000;
/// The rows of a change, of as many answers as one transaction may have.
const ANSWERED: u32 = 256;

/// One step, which was done.
#[derive(Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) times: u64,
    /// What went onto a socket by it each time.
    pub(super) bytes: Option<u64>,
}

/// Does all steps, one after the other, and prints a line of JSON for each.
pub(crate) fn run() -> anyhow::Result<()> {
    let boards: Vec<_> = (0..STATES).map(shown).collect();
    count("encode", &boards, |board| Ok(State::encode(board)))?;

    let mut states: Vec<State> = Vec::new();
    for board in &boards {
        states.push(State::encode(board).with_deltas(board.clone(), states.last()));
    }
    let pairs = boards.iter().zip(&states).skip(1);
    count("delta", pairs.map(|(board, before)| (State::encode(board), board.clone(), before)), |next| {
        let (state, board, before) = next;
        Ok(state.with_deltas(board, Some(before)))
    })?;

    let board = seated()?;
    let quiz = BoardId::Quiz(QUIZ.parse()?);
    let first = Window::Page { offset: 0, limit: SHOWN };
    let me = [Member::Participant(PARTICIPANT.parse()?)];
    count("rank", 0..STATES, |_| at_once(board.read(&quiz, first, &me))?.context("no board"))?;
    let changes = (0..STATES).map(change).collect::<anyhow::Result<Vec<_>>>()?;
    count("apply", changes, |change| {
        let applied = at_once(board.apply(&[change]));
        ensure!(matches!(*applied, [Ok(Applied::Done)]), "a change was not applied: {applied:?}");
        Ok(())
    })?;

    let (stream, peer) = connection()?;
    write("write, whole", Counted::whole(stream, PARTICIPANT)?, peer, &states)?;
    let (stream, peer) = connection()?;
    write("write, delta", Counted::deltas(stream, PARTICIPANT)?, peer, &states)
}

/// Does a step with each of these.
fn count<I, O>(
    name: &str,
    inputs: impl IntoIterator<Item = I>,
    mut step: impl FnMut(I) -> anyhow::Result<O>,
) -> anyhow::Result<()> {
    let mut inputs = inputs.into_iter();
    inputs.next().map(&mut step).context("there is nothing to do")??;
    let mut times = 0;
    for input in inputs {
        let (mut input, mut output) = (Some(input), None);
        instructions_of(&mut || output = input.take().map(&mut step));
        drop(black_box(output.context("it was done")??));
        times += 1;
    }
    ended(&Step { name: name.to_owned(), times, bytes: None })
}

/// Writes each of these states onto a socket, whose peer reads it before the next.
fn write(name: &str, mut socket: Counted, mut peer: TcpStream, states: &[State]) -> anyhow::Result<()> {
    ensure!(socket.show(&states[0]), "the first state has no room");
    arrived(&mut peer)?;
    let (mut bytes, mut times) = (0, 0);
    for state in &states[1..] {
        let mut is_taken = false;
        instructions_of(&mut || is_taken = socket.show(state));
        ensure!(is_taken, "a socket has no room whose peer has read everything");
        bytes += arrived(&mut peer)?;
        times += 1;
    }
    ended(&Step { name: name.to_owned(), times, bytes: Some(bytes / times) })
}

/// What is done within this is counted, and nothing else: [`super::run`] knows it by its name.
#[inline(never)]
fn instructions_of(step: &mut dyn FnMut()) {
    step();
}

/// Tells what was done, and has what was counted written down.
#[allow(clippy::print_stdout, reason = "whoever counts reads it here")]
fn ended(step: &Step) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(step)?);
    end_of_step();
    Ok(())
}

/// When this ends, what was counted is written down: [`super::run`] knows it by its name.
#[inline(never)]
fn end_of_step() {
    black_box(());
}

/// A frame's rows, of which each state changes some others.
fn shown(state: u64) -> v1::Leaderboard {
    let every = SHOWN / CHANGED;
    let entry = |place: u32| v1::Entry {
        id: Some(v1::entry::Id::ParticipantId(format!("p_{place:012}"))),
        username: format!("participant {place}"),
        // Each in its turn has one point more, which leaves it where it is.
        score: 10 * (1000 - place) + (state as u32 + every - place % every) / every,
        rank: place + 1,
        ..v1::Entry::default()
    };
    v1::Leaderboard {
        board: Some(v1::leaderboard::Board::QuizId(QUIZ.to_owned())),
        entries: (0..SHOWN).map(entry).collect(),
        total: SEATED,
        version: 1000 + state,
        epoch: 1_790_000_000,
        status: v1::QuizStatus::Started.into(),
        timestamp: Some(prost_types::Timestamp { seconds: 1_790_000_000, nanos: 123_000_000 }),
    }
}

const PHASE: Phase = Phase { status: Some(Status::Started), run: 1 };

fn member(number: u32) -> anyhow::Result<Member> {
    Ok(Member::Participant(format!("p_{number:012}").parse()?))
}

fn label(number: u32) -> Arc<str> {
    format!("participant {number}").into()
}

/// A board in memory with many seats.
fn seated() -> anyhow::Result<Arc<dyn Board>> {
    let row = |number| {
        let key = Key::of_seat(10 * (number % 50), 1000 * number);
        Ok(SnapshotRow { member: member(number)?, key, label: label(number) })
    };
    let rows = (0..SEATED).map(row).collect::<anyhow::Result<_>>()?;
    let version = Version { epoch: 1, seq: 0 };
    let board = BoardId::Quiz(QUIZ.parse()?);
    let snapshot = Snapshot { board: board.clone(), version, phase: PHASE, rows };
    let memory = scoring::board::open("memory:", &Shutdown::default()).map_err(anyhow::Error::msg)?;
    tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
        let claim = memory.claim(&board).await?.context("somebody else rebuilds the board")?;
        anyhow::Ok(memory.replace(&claim, &snapshot).await?)
    })?;
    Ok(memory)
}

/// A batch of answers, each by another seat, each for ten points.
fn change(number: u64) -> anyhow::Result<Change> {
    let row = |at: u32| {
        // A prime apart, so that they lie everywhere.
        let seat = (number as u32 * ANSWERED + at) * 7919 % SEATED;
        let key = Key::of_seat(10 * (seat % 50 + 1), 1000 * seat);
        Ok(ChangedRow { member: member(seat)?, key: Some(key), label: label(seat), seq: number + 1 })
    };
    Ok(Change {
        board: BoardId::Quiz(QUIZ.parse()?),
        epoch: 1,
        from: number,
        to: number + 1,
        phase: PHASE,
        rows: (0..ANSWERED).map(row).collect::<anyhow::Result<_>>()?,
        causes: Causes::default(),
    })
}

fn at_once<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().expect("memory waits for nothing")
}

/// Both ends of a connection.
fn connection() -> anyhow::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let peer = TcpStream::connect(listener.local_addr()?)?;
    peer.set_read_timeout(Some(PATIENCE))?;
    Ok((listener.accept()?.0, peer))
}

/// Reads a frame, and tells of how many bytes it is.
fn arrived(peer: &mut TcpStream) -> anyhow::Result<u64> {
    let (mut bytes, mut some) = (Vec::new(), [0; 64 << 10]);
    while frame(&bytes).is_none() {
        let read = peer.read(&mut some).context("a frame does not arrive")?;
        ensure!(read > 0, "a socket was closed");
        bytes.extend_from_slice(&some[..read]);
    }
    Ok(bytes.len() as u64)
}
