//! One connection over a link, in both directions.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{Mode, close};

/// The most that is read at once.
const CHUNK_BYTES: usize = 16 << 10;

/// How many chunks wait in one direction: with [`CHUNK_BYTES`] 256 KiB.
const CHUNKS: usize = 16;

/// How often a slow link lets something pass.
const PACE: Duration = Duration::from_millis(20);

/// Bytes with the time at which they arrive at the other end.
type Chunk = (Instant, Bytes);

/// Passes bytes until both directions have ended, one has failed or the link is cut.
pub(super) async fn both_ways(mut client: TcpStream, mut server: TcpStream, mode: watch::Receiver<Mode>) {
    // Without these the kernel would hold small writes back; if it refuses, the link is only slower.
    let _ = client.set_nodelay(true).and(server.set_nodelay(true));
    let mut cut = mode.clone();
    {
        let (client_reader, client_writer) = client.split();
        let (server_reader, server_writer) = server.split();
        let there = one_way(client_reader, server_writer, mode.clone());
        let back = one_way(server_reader, client_writer, mode.clone());
        tokio::select! {
            _ = async { tokio::try_join!(there, back) } => {}
            _ = cut.wait_for(|mode| matches!(mode, Mode::Cut | Mode::Reset)) => {}
        }
    }
    close(&client, &mode);
    close(&server, &mode);
}

async fn one_way(reader: ReadHalf<'_>, writer: WriteHalf<'_>, mode: watch::Receiver<Mode>) -> io::Result<()> {
    let (chunks, waiting) = mpsc::channel(CHUNKS);
    tokio::try_join!(take(reader, chunks, mode.clone()), give(writer, waiting, mode))?;
    Ok(())
}

async fn take(
    mut reader: ReadHalf<'_>,
    chunks: mpsc::Sender<Chunk>,
    mut mode: watch::Receiver<Mode>,
) -> io::Result<()> {
    loop {
        let mut bytes = BytesMut::with_capacity(CHUNK_BYTES);
        let count = reader.read_buf(&mut bytes).await?;
        let late = match passing(&mut mode).await {
            Mode::Delay(late) => late,
            _ => Duration::ZERO,
        };
        if count == 0 || chunks.send((Instant::now() + late, bytes.freeze())).await.is_err() {
            return Ok(());
        }
    }
}

async fn give(
    mut writer: WriteHalf<'_>,
    mut waiting: mpsc::Receiver<Chunk>,
    mut mode: watch::Receiver<Mode>,
) -> io::Result<()> {
    while let Some((due, mut bytes)) = waiting.recv().await {
        sleep_until(due).await;
        while !bytes.is_empty() {
            let portion = match passing(&mut mode).await {
                Mode::Slow(rate) => portion(rate).min(bytes.len()),
                _ => bytes.len(),
            };
            writer.write_all(&bytes.split_to(portion)).await?;
            if matches!(*mode.borrow(), Mode::Slow(_)) {
                sleep(PACE).await;
            }
        }
    }
    writer.shutdown().await
}

/// How many bytes a slow link lets pass at once.
fn portion(bytes_per_second: u32) -> usize {
    let each_second = u32::try_from(Duration::from_secs(1).as_millis() / PACE.as_millis()).unwrap_or(1);
    (bytes_per_second / each_second).max(1) as usize
}

/// The mode, once it is not a black hole. A link that is gone keeps its last mode.
async fn passing(mode: &mut watch::Receiver<Mode>) -> Mode {
    match mode.wait_for(|mode| *mode != Mode::BlackHole).await {
        Ok(mode) => *mode,
        Err(_) => Mode::Cut,
    }
}
