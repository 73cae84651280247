//! Connections: accepted one by one, tuned, and each served with a deadline on its silence.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use services::shutdown::Shutdown;
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};
use tower::ServiceExt as _;

/// How many connections may be speaking HTTP at once; more wait in the kernel. A socket no longer
/// counts once it is open.
const MAX_CONNECTIONS: usize = 16_384;

/// How long a connection may be idle, or take to send the head of a request: longer than the
/// minute after which proxies drop idle connections, so that it is they who do it.
const IDLE: Duration = Duration::from_secs(75);

/// How long the peer may leave what was sent to it unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);

/// How much of what is written the kernel holds before it is sent: a slow reader then gets the
/// newest state instead of a queue of old ones.
const UNSENT_BYTES: u32 = 16 << 10;

/// The largest head of a request.
const HEAD_BYTES: usize = 64 << 10;

/// The pause after a failure to accept: mostly there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves whoever connects, until `connections` shall end.
pub(crate) async fn serve(listener: TcpListener, router: Router, connections: Shutdown) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = connections.begun() => return,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                tune(&stream);
                connections.spawn(converse(stream, peer, router.clone(), connections.clone(), place));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.expect("nobody closes the semaphore");
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

/// A connection works without all this, only not as well, so failures are no matter.
fn tune(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    #[cfg(any(target_os = "android", target_os = "linux"))]
    {
        let _ = SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES);
        let _ = SockRef::from(stream).set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    }
}

/// Answers the requests of one connection, the last one also when it is time to end.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    connections: Shutdown,
    _place: OwnedSemaphorePermit,
) {
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(Body::new)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        // A peer that hangs up or speaks no HTTP is no news.
        _ = connection.as_mut() => return,
        () = connections.begun() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        time::Instant,
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_silent_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Shutdown::default();
        connections.spawn(serve(listener, Router::new(), connections.clone()));
        for said in ["", "GET / HTTP/1.1\r\nHost:", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
            let (began, mut reply) = (Instant::now(), Vec::new());
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
            stream.read_to_end(&mut reply).await.unwrap();
            assert!(began.elapsed() >= IDLE, "{said:?}: {:?}", began.elapsed());
        }
        assert!(connections.drain(Duration::from_secs(1)).await, "nothing is left");
    }
}
