//! WebSockets as a browser has them, as far as a load generator needs them (RFC 6455).

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use socket2::{Domain, Socket, Type};

use crate::http::Answer;

/// Sockets come from so many addresses, for each has no more than about 28 000 ports.
const SOURCES: usize = 8;

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A closing frame that says goodbye: code 1000, masked with zeros.
pub(crate) const GOODBYE: &[u8] = &[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8];

/// Opens a socket, which blocks, and gives it with what came behind its handshake. Who wants to be
/// slow gives the kernel few bytes to keep for it.
pub(crate) fn open(
    gateway: SocketAddr,
    number: usize,
    path: &str,
    receive_bytes: Option<usize>,
) -> anyhow::Result<(TcpStream, Vec<u8>)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if let Some(bytes) = receive_bytes {
        socket.set_recv_buffer_size(bytes)?;
    }
    let source = Ipv4Addr::new(127, 0, 1, (number % SOURCES) as u8 + 1);
    socket.bind(&SocketAddr::from((source, 0)).into())?;
    socket.connect(&gateway.into()).with_context(|| format!("socket {number} cannot connect"))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut stream = TcpStream::from(socket);
    stream.write_all(
        format!(
            "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        .as_bytes(),
    )?;
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(answer) = Answer::read(&read)? {
            ensure!(answer.status == 101, "socket {number} was refused: {}", answer.status);
            let early = read.split_off(answer.length);
            return Ok((stream, early));
        }
        match stream.read(&mut buffer)? {
            0 => bail!("socket {number} was closed"),
            length => read.extend_from_slice(&buffer[..length]),
        }
    }
}

/// The first frame of these bytes: its first byte, its payload, and what comes after it.
pub(crate) fn frame(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        126 => {
            rest.split_first_chunk().map(|(length, rest)| (u64::from(u16::from_be_bytes(*length)), rest))?
        }
        127 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), rest))?,
        length => (u64::from(length), rest),
    };
    let (payload, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((first, payload, after))
}

/// The version of a board's frame: it stands before the epoch, near the end.
pub(crate) fn version(text: &[u8]) -> Option<u64> {
    const BEFORE: &[u8] = br#","epoch":"#;
    let at = text.windows(BEFORE.len()).rposition(|window| window == BEFORE)?;
    let digits = text[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[at - digits..at]).ok()?.parse().ok()
}
