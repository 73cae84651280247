//! Asks a running gateway whether it is ready, for container engines that can only run a program.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use services::{config::bounds::HEALTHCHECK, listen::reachable};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// The beginning of the reply that is read: enough for the status line.
const STATUS_BYTES: u64 = 1 << 10;

/// Asks `/readyz` of the gateway that listens on `address`.
///
/// # Errors
/// If it does not answer, or answers that it is not ready.
pub(crate) async fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let reply = timeout(HEALTHCHECK, get(reachable(address))).await.context("no answer in time")??;
    let status = reply.lines().next().unwrap_or_default();
    ensure!(status.split(' ').nth(1) == Some("200"), "it answers {status:?}");
    Ok(())
}

async fn get(address: SocketAddr) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut reply = Vec::new();
    connection.take(STATUS_BYTES).read_to_end(&mut reply).await?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}
