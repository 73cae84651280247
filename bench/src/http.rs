//! HTTP/1.1 over one connection, as much of it as a load generator needs.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that waits for each answer.
pub(crate) struct Caller {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Caller {
    pub(crate) fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot reach {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, read: Vec::new() })
    }

    /// Asks, and gives the answer's body.
    ///
    /// # Errors
    /// If the answer is not a success, or none.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        token: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        self.stream.write_all(&request(method, path, token, body))?;
        loop {
            if let Some(answer) = Answer::read(&self.read)? {
                let (status, length) = (answer.status, answer.length);
                let body = String::from_utf8_lossy(answer.body).into_owned();
                self.read.drain(..length);
                ensure!((200..300).contains(&status), "{method} {path}: {status} {body}");
                return Ok(serde_json::from_str(&body).unwrap_or_default());
            }
            let mut more = [0; 16 << 10];
            match self.stream.read(&mut more)? {
                0 => bail!("{method} {path}: the connection was closed"),
                read => self.read.extend_from_slice(&more[..read]),
            }
        }
    }
}

/// A request with a body in JSON.
pub(crate) fn request(method: &str, path: &str, token: &str, body: &Value) -> Vec<u8> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .replace("Authorization: Bearer \r\n", "")
    .into_bytes()
}

/// An answer that is there as a whole.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
    /// With the head.
    pub(crate) length: usize,
}

impl<'a> Answer<'a> {
    /// The first answer of these bytes, if it is there as a whole.
    pub(crate) fn read(bytes: &'a [u8]) -> anyhow::Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) else {
            return Ok(None);
        };
        let head = std::str::from_utf8(&bytes[..end])?.to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")?;
        let told = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let body_bytes: usize = told.map_or(Ok(0), |length| length.trim().parse())?;
        let length = end + body_bytes;
        Ok(bytes.get(end..length).map(|body| Self { status, body, length }))
    }
}
