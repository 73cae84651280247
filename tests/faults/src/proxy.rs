//! A TCP link that can be broken while it is in use: cut, reset, black-holed, delayed, slowed.
//!
//! Knows bytes only. Between the two ends it holds at most 512 KiB for each connection.

mod relay;

use std::{io, net::SocketAddr, time::Duration};

use services::shutdown::Shutdown;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What becomes of the bytes on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// They pass.
    #[default]
    Pass,
    /// Connections are closed, new ones right after they were accepted.
    Cut,
    /// As [`Mode::Cut`], by RST.
    Reset,
    /// Connections stay open and new ones are accepted, but nothing passes in either direction,
    /// not even an end. What was sent meanwhile arrives when the link is whole again.
    BlackHole,
    /// Everything arrives later by this much, in each direction.
    Delay(Duration),
    /// At most so many bytes per second pass, in each direction of each connection.
    Slow(u32),
}

/// One link: an address that leads to the first of its targets that accepts.
///
/// It ends with its connections when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    targets: watch::Sender<Vec<SocketAddr>>,
    shutdown: Shutdown,
}

impl Proxy {
    /// Opens a link on a free loopback port. It passes until it is told otherwise.
    ///
    /// # Errors
    /// If the system gives no port.
    pub async fn open(targets: Vec<SocketAddr>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (mode, targets) = (watch::Sender::new(Mode::Pass), watch::Sender::new(targets));
        let shutdown = Shutdown::default();
        shutdown.spawn(accept(listener, mode.subscribe(), targets.subscribe(), shutdown.clone()));
        Ok(Self { address, mode, targets, shutdown })
    }

    /// Where the link begins.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks the link or mends it, also for the connections that there are.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// Lets new connections lead elsewhere: to the first of these that accepts.
    pub fn lead_to(&self, targets: Vec<SocketAddr>) {
        self.targets.send_replace(targets);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shutdown.begin();
    }
}

async fn accept(
    listener: TcpListener,
    mode: watch::Receiver<Mode>,
    targets: watch::Receiver<Vec<SocketAddr>>,
    shutdown: Shutdown,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.begun() => return,
        };
        // Out of file descriptors, perhaps: that connection is lost, the link is not.
        let Ok((client, _)) = accepted else { continue };
        let (mode, targets, token) = (mode.clone(), targets.clone(), shutdown.token());
        shutdown.spawn(async move {
            let relayed = async {
                let Some(server) = connect(&mode, &targets).await else { return close(&client, &mode) };
                relay::both_ways(client, server, mode).await;
            };
            token.run_until_cancelled(relayed).await;
        });
    }
}

/// Connects to the first target that accepts, once the link lets anything pass; none if it is
/// broken or no target accepts.
async fn connect(
    mode: &watch::Receiver<Mode>,
    targets: &watch::Receiver<Vec<SocketAddr>>,
) -> Option<TcpStream> {
    let passing = *mode.clone().wait_for(|mode| *mode != Mode::BlackHole).await.ok()?;
    if matches!(passing, Mode::Cut | Mode::Reset) {
        return None;
    }
    let targets = targets.borrow().clone();
    for target in targets {
        if let Ok(server) = TcpStream::connect(target).await {
            return Some(server);
        }
    }
    None
}

/// Closes a connection as the mode says when it is dropped.
fn close(connection: &TcpStream, mode: &watch::Receiver<Mode>) {
    if *mode.borrow() == Mode::Reset {
        // The peer may be gone already; then there is nothing to reset.
        let _ = connection.set_zero_linger();
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        time::{Instant, timeout},
    };

    use super::*;

    /// A server that says its letter and then echoes, for as long as the test's runtime lives.
    async fn echo(letter: u8) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::default();
        let of_connections = shutdown.clone();
        shutdown.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                of_connections.spawn(async move {
                    let (mut reader, mut writer) = stream.split();
                    if writer.write_all(&[letter]).await.is_ok() {
                        let _ = tokio::io::copy(&mut reader, &mut writer).await;
                    }
                });
            }
        });
        address
    }

    async fn link() -> (Proxy, TcpStream) {
        let proxy = Proxy::open(vec![echo(b'a').await]).await.unwrap();
        let stream = greeted(&proxy, b'a').await;
        (proxy, stream)
    }

    async fn greeted(proxy: &Proxy, letter: u8) -> TcpStream {
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), letter);
        stream
    }

    async fn round_trip(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
        stream.write_all(bytes).await?;
        let mut back = vec![0; bytes.len()];
        stream.read_exact(&mut back).await?;
        assert_eq!(back, bytes);
        Ok(())
    }

    #[tokio::test]
    async fn a_whole_link_passes_everything_and_the_end() {
        let (_proxy, mut stream) = link().await;
        let (mut reader, mut writer) = stream.split();
        let sent: Vec<u8> = (0..2_000_000_u32).map(|i| i.to_le_bytes()[1]).collect();
        let mut received = Vec::new();
        let (wrote, read) = tokio::join!(
            async {
                writer.write_all(&sent).await?;
                writer.shutdown().await
            },
            reader.read_to_end(&mut received),
        );
        wrote.and(read).unwrap();
        assert!(received == sent);
    }

    #[tokio::test]
    async fn a_cut_link_closes_old_and_new_connections_until_it_is_whole() {
        let (proxy, mut stream) = link().await;
        proxy.set(Mode::Cut);
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        proxy.set(Mode::Pass);
        greeted(&proxy, b'a').await;
    }

    #[tokio::test]
    async fn a_reset_link_resets_connections() {
        let (proxy, mut stream) = link().await;
        proxy.set(Mode::Reset);
        let error = stream.read(&mut [0]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn a_black_hole_keeps_connections_and_gives_back_what_fell_in() {
        let (proxy, mut stream) = link().await;
        proxy.set(Mode::BlackHole);
        let silent = timeout(Duration::from_millis(50), round_trip(&mut stream, b"hello")).await;
        silent.expect_err("nothing passes");
        let mut late = TcpStream::connect(proxy.address()).await.unwrap();
        timeout(Duration::from_millis(50), late.read_u8()).await.expect_err("nothing passes");
        proxy.set(Mode::Pass);
        let mut back = [0; 5];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"hello");
        assert_eq!(late.read_u8().await.unwrap(), b'a');
    }

    #[tokio::test]
    async fn a_delayed_link_takes_its_time_in_each_direction() {
        let (proxy, mut stream) = link().await;
        proxy.set(Mode::Delay(Duration::from_millis(30)));
        let began = Instant::now();
        round_trip(&mut stream, b"hello").await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(60), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_slow_link_passes_no_more_than_its_rate() {
        let (proxy, mut stream) = link().await;
        proxy.set(Mode::Slow(100_000));
        let began = Instant::now();
        round_trip(&mut stream, &[7; 20_000]).await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(150), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_link_leads_to_the_first_target_that_accepts() {
        let (one, other) = (echo(b'a').await, echo(b'b').await);
        let nobody = {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap()
        };
        let proxy = Proxy::open(vec![nobody, other, one]).await.unwrap();
        greeted(&proxy, b'b').await;
        proxy.lead_to(vec![one, other]);
        greeted(&proxy, b'a').await;
    }

    #[tokio::test]
    async fn whoever_does_not_read_is_not_read_from_without_bound() {
        let (_proxy, mut stream) = link().await;
        let mut sent = 0;
        let chunk = vec![7; 1 << 20];
        while let Ok(Ok(written)) = timeout(Duration::from_millis(200), stream.write(&chunk)).await {
            sent += written;
            assert!(sent < 100 << 20, "the link swallows everything");
        }
    }

    #[tokio::test]
    async fn a_dropped_link_ends_its_connections() {
        let (proxy, mut stream) = link().await;
        drop(proxy);
        assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    }
}
