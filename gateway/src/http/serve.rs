//! Connections: accepted one by one, tuned, and each served with a deadline on its silence.

use std::{net::SocketAddr, num::NonZeroU32, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use services::{shutdown::Shutdown, telemetry::limit_reached};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};
use tower::ServiceExt as _;

use crate::config::bounds::{ACCEPT_PAUSE, HEAD_BYTES, IDLE, IDLE_IN_A_CROWD, UNACKNOWLEDGED, UNSENT_BYTES};

/// Serves whoever connects, `most` at once, until `connections` shall end. More wait in the kernel; a
/// socket no longer counts once it is open.
pub(crate) async fn serve(listener: TcpListener, most: NonZeroU32, router: Router, connections: Shutdown) {
    let most = most.get() as usize;
    let room = Arc::new(Semaphore::new(most));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = connections.begun() => return,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                tune(&stream);
                let is_crowded = room.available_permits() < most / 2;
                let silence = if is_crowded { IDLE_IN_A_CROWD } else { IDLE };
                let conversation =
                    converse(stream, peer, silence, router.clone(), connections.clone(), place);
                connections.spawn(conversation);
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    if room.available_permits() == 0 {
        limit_reached("connections");
    }
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

/// Answers the requests of one connection that is never silent for long, the last one also when it is
/// time to end.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    silence: Duration,
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
        .header_read_timeout(silence)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        // A peer that hangs up or speaks no HTTP is no news.
        ended = connection.as_mut() => {
            if ended.is_err_and(|error| error.is_timeout()) {
                limit_reached("idle");
            }
            return;
        }
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

    const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    /// Where so many are served at once.
    async fn serving(most: u32, connections: &Shutdown) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let most = NonZeroU32::new(most).unwrap();
        connections.spawn(serve(listener, most, Router::new(), connections.clone()));
        address
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_silent_is_closed() {
        let connections = Shutdown::default();
        let address = serving(10, &connections).await;
        for said in ["", "GET / HTTP/1.1\r\nHost:", REQUEST] {
            let (began, mut reply) = (Instant::now(), Vec::new());
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
            stream.read_to_end(&mut reply).await.unwrap();
            assert!(began.elapsed() >= IDLE, "{said:?}: {:?}", began.elapsed());
        }
        assert!(connections.drain(Duration::from_secs(1)).await, "nothing is left");
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_borne_for_less_time_once_half_of_the_places_are_taken() {
        let connections = Shutdown::default();
        let address = serving(4, &connections).await;
        let mut streams = Vec::new();
        for patience in [IDLE, IDLE, IDLE_IN_A_CROWD] {
            streams.push((TcpStream::connect(address).await.unwrap(), patience));
        }
        let began = Instant::now();
        while let Some((mut stream, patience)) = streams.pop() {
            stream.read_to_end(&mut Vec::new()).await.unwrap();
            let silent = began.elapsed();
            assert!(silent >= patience && silent < 2 * patience, "{silent:?} of {patience:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_the_most_connections_one_waits_until_another_has_ended() {
        let connections = Shutdown::default();
        let address = serving(1, &connections).await;
        let (began, mut reply) = (Instant::now(), [0; 12]);
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(REQUEST.as_bytes()).await.unwrap();
        first.read_exact(&mut reply).await.unwrap();
        assert!(began.elapsed() < IDLE);
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(REQUEST.as_bytes()).await.unwrap();
        second.read_exact(&mut reply).await.unwrap();
        assert_eq!(&reply, b"HTTP/1.1 404");
        assert!(began.elapsed() >= IDLE, "the first was still there");
    }
}
