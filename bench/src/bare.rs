//! The baseline: the least that a server can do. An epoll loop that answers handshakes, and on each
//! `POST /quizzes/{board}/answer` writes one ready-made frame to every socket of that board.

use std::{
    collections::HashMap,
    io::{ErrorKind, Read as _, Write as _},
    net::SocketAddr,
};

use anyhow::ensure;
use clap::Args;
use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};
use slab::Slab;

/// The size of a frame
#[derive(Args)]
pub(crate) struct Plan {
    /// Bytes of each frame's text
    #[arg(long, default_value_t = 900)]
    frame_bytes: usize,
}

const LISTENER: Token = Token(usize::MAX);

/// How a closing frame begins.
const CLOSE: u8 = 0x88;

#[derive(Default)]
struct Board {
    version: u64,
    sockets: Vec<usize>,
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
    /// Of a socket, the board that it looks at.
    board: Option<String>,
}

/// Serves until it is killed.
#[allow(clippy::print_stdout, reason = "whoever starts it reads the address here")]
pub(crate) fn run(plan: &Plan) -> anyhow::Result<()> {
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("listening on {} (bare)", listener.local_addr()?);
    let mut events = Events::with_capacity(4096);
    let mut connections: Slab<Connection> = Slab::new();
    let mut boards: HashMap<String, Board> = HashMap::new();
    let mut buffer = vec![0; 16 << 10];
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    let entry = connections.vacant_entry();
                    poll.registry().register(&mut stream, Token(entry.key()), Interest::READABLE)?;
                    entry.insert(Connection { stream, read: Vec::new(), board: None });
                }
                continue;
            }
            let Token(slot) = event.token();
            let Some(connection) = connections.get_mut(slot) else { continue };
            let is_there = loop {
                match connection.stream.read(&mut buffer) {
                    Ok(0) => break false,
                    Ok(_) if connection.board.is_some() && buffer[0] == CLOSE => {
                        connection.stream.write_all(&[CLOSE, 0])?;
                        break false;
                    }
                    Ok(_) if connection.board.is_some() => {}
                    Ok(length) => connection.read.extend_from_slice(&buffer[..length]),
                    Err(error) => break error.kind() == ErrorKind::WouldBlock,
                }
            };
            if !is_there {
                let left = connections.remove(slot);
                if let Some(board) = left.board.and_then(|board| boards.get_mut(&board)) {
                    board.sockets.retain(|socket| *socket != slot);
                }
                continue;
            }
            let connection = &mut connections[slot];
            if let Some(board) = heard(connection, slot, &mut boards)? {
                tell(board, &mut connections, plan.frame_bytes, slot)?;
            }
        }
    }
}

/// Reads a request: a handshake is answered and gets a first frame, an answer gives its board.
fn heard<'a>(
    connection: &mut Connection,
    slot: usize,
    boards: &'a mut HashMap<String, Board>,
) -> anyhow::Result<Option<&'a mut Board>> {
    let Ok(text) = std::str::from_utf8(&connection.read) else { return Ok(None) };
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Ok(None) };
    let board = head.split('/').nth(2).unwrap_or_default().to_owned();
    let is_answer = head.starts_with("POST ");
    if is_answer && !body.ends_with('}') {
        return Ok(None);
    }
    connection.read.clear();
    connection.board = (!is_answer).then(|| board.clone());
    let board = boards.entry(board).or_insert_with(|| Board { version: 1, ..Board::default() });
    if is_answer {
        return Ok(Some(board));
    }
    board.sockets.push(slot);
    connection.stream.write_all(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    )?;
    connection.stream.write_all(&frame(board.version, 100))?;
    Ok(None)
}

fn tell(
    board: &mut Board,
    connections: &mut Slab<Connection>,
    frame_bytes: usize,
    caller: usize,
) -> anyhow::Result<()> {
    board.version += 1;
    // Acknowledged first, as Scorecast does.
    let body = format!("{{\"version\":{}}}", board.version);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    connections[caller].stream.write_all(answer.as_bytes())?;
    let frame = frame(board.version, frame_bytes);
    for slot in &board.sockets {
        let written = connections[*slot].stream.write(&frame)?;
        ensure!(written == frame.len(), "a socket is full, although all answers are awaited");
    }
    Ok(())
}

/// A text frame of about this size, with a version where a board's has it.
fn frame(version: u64, bytes: usize) -> Vec<u8> {
    let end = format!(r#"","version":{version},"epoch":1}}"#);
    let filling = "x".repeat(bytes.saturating_sub(end.len() + 7));
    let text = format!(r#"{{"pad":"{filling}{end}"#);
    let length = u16::try_from(text.len()).expect("frames of the baseline are small");
    let header: &[u8] = &match length {
        0..126 => vec![0x81, length as u8],
        _ => [&[0x81, 126][..], &length.to_be_bytes()].concat(),
    };
    [header, text.as_bytes()].concat()
}
