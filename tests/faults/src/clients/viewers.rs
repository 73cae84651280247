//! People with the board before their eyes: each a WebSocket that comes back as a page would.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::StreamExt as _;
use services::shutdown::Shutdown;
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

use super::Backoff;
use crate::history::{Closed, Frames, Sighting, Socket, Stopwatch, Viewer};

/// How long a socket may take to open.
const OPENS_WITHIN: Duration = Duration::from_secs(5);

/// How long closing them all may take.
const LEAVES_WITHIN: Duration = Duration::from_secs(5);

/// What a viewer has seen so far.
pub type Seen = Arc<Mutex<Viewer>>;

/// Many viewers of one quiz.
#[derive(Debug)]
pub struct Crowd {
    page: Page,
    viewers: Vec<Seen>,
    shutdown: Shutdown,
}

/// What all viewers of a crowd have in common.
#[derive(Debug, Clone)]
struct Page {
    quiz: String,
    gateways: Arc<[SocketAddr]>,
    frames: Arc<Frames>,
    stopwatch: Stopwatch,
    /// Says that somebody saw something.
    news: watch::Sender<()>,
}

impl Crowd {
    /// An empty crowd that will watch a quiz through these gateways.
    #[must_use]
    pub fn of(quiz: &str, gateways: Vec<SocketAddr>, stopwatch: Stopwatch) -> Self {
        let page = Page {
            quiz: quiz.to_owned(),
            gateways: gateways.into(),
            frames: Arc::default(),
            stopwatch,
            news: watch::Sender::new(()),
        };
        Self { page, viewers: Vec::new(), shutdown: Shutdown::default() }
    }

    /// Adds a viewer with this seat, first at the gateway of this number.
    pub fn add(&mut self, participant: &str, gateway: usize) {
        let viewer = Viewer { participant: participant.to_owned(), sockets: Vec::new() };
        let seen = Arc::new(Mutex::new(viewer));
        self.viewers.push(seen.clone());
        let (page, token) = (self.page.clone(), self.shutdown.token());
        let participant = participant.to_owned();
        self.shutdown.spawn(async move {
            token.run_until_cancelled(page.follow(&participant, gateway, &seen)).await;
        });
    }

    /// Waits until this holds for every viewer, and tells how long that took.
    ///
    /// # Errors
    /// For how many it did not hold in time, and what one of them saw last.
    pub async fn until(&self, within: Duration, holds: impl Fn(&Viewer) -> bool) -> Result<Duration, String> {
        self.until_each(within, |_, viewer| holds(viewer)).await
    }

    /// The same, where it matters as which one a viewer was added, from 0.
    ///
    /// # Errors
    /// As [`Crowd::until`].
    pub async fn until_each(
        &self,
        within: Duration,
        holds: impl Fn(usize, &Viewer) -> bool,
    ) -> Result<Duration, String> {
        let began = self.page.stopwatch.now();
        let mut news = self.page.news.subscribe();
        let holds = |(number, seen): (usize, &Seen)| holds(number, &look(seen));
        let all_hold = async {
            while !self.viewers.iter().enumerate().all(holds) {
                // A thousand sockets bring news faster than a thousand viewers can be asked.
                sleep(Duration::from_millis(5)).await;
                if news.changed().await.is_err() {
                    return;
                }
            }
        };
        if timeout(within, all_hold).await.is_ok() {
            return Ok(self.page.stopwatch.now() - began);
        }
        let left: Vec<_> = self.viewers.iter().enumerate().filter(|viewer| !holds(*viewer)).collect();
        let example = left.first().map(|(_, seen)| {
            let viewer = look(seen);
            let last =
                viewer.sightings().last().map(|last| (last.at, last.frame.version, last.stale, last.you));
            format!("{} with {} sockets saw last {last:?}", viewer.participant, viewer.sockets.len())
        });
        Err(format!("{} of {} viewers after {within:?}: {example:?}", left.len(), self.viewers.len()))
    }

    /// Waits until every viewer has seen a frame.
    ///
    /// # Errors
    /// As [`Crowd::until`].
    pub async fn see_something(&self, within: Duration) -> Result<Duration, String> {
        self.until(within, |viewer| viewer.sightings().next().is_some()).await
    }

    /// What everybody has seen so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Viewer> {
        self.viewers.iter().map(|seen| look(seen).clone()).collect()
    }

    /// Ends it and gives what everybody has seen.
    pub async fn leave(self) -> Vec<Viewer> {
        let seen = self.seen();
        self.shutdown.drain(LEAVES_WITHIN).await;
        seen
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.shutdown.begin();
    }
}

/// A viewer that panicked has failed its test already; what it saw is still worth reading.
fn look(seen: &Seen) -> MutexGuard<'_, Viewer> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Page {
    /// Watches over one socket after another, for ever.
    async fn follow(&self, participant: &str, first: usize, seen: &Seen) {
        let mut backoff = Backoff::of_a_page();
        for gateway in self.gateways.iter().cycle().skip(first % self.gateways.len()) {
            let mut asked = None;
            if let Some(socket) = self.open(participant, *gateway).await {
                backoff.reset();
                let opened = self.stopwatch.now();
                look(seen).sockets.push(Socket { opened, ..Socket::default() });
                let closed = self.watch(socket, seen).await;
                asked = closed.code.as_ref().and_then(|(_, reason)| retry_after(reason));
                if let Some(socket) = look(seen).sockets.last_mut() {
                    socket.closed = Some(closed);
                }
                self.news.send_replace(());
            }
            sleep(backoff.next(asked)).await;
        }
    }

    async fn open(&self, participant: &str, gateway: SocketAddr) -> Option<WebSocketStream<TcpStream>> {
        let url = format!("ws://{gateway}/quizzes/{}/ws?participant_id={participant}", self.quiz);
        // A thousand sockets in one process: small buffers.
        let config = WebSocketConfig::default().read_buffer_size(8 << 10).write_buffer_size(0);
        let opening = async {
            let stream = TcpStream::connect(gateway).await.ok()?;
            client_async_with_config(url, stream, Some(config)).await.ok()
        };
        timeout(OPENS_WITHIN, opening).await.ok().flatten().map(|(socket, _)| socket)
    }

    /// Logs what a socket shows until it ends or shows what is no frame.
    async fn watch(&self, mut socket: WebSocketStream<TcpStream>, seen: &Seen) -> Closed {
        loop {
            let message = socket.next().await;
            let at = self.stopwatch.now();
            match message {
                Some(Ok(Message::Text(text))) => {
                    let read = self.frames.read(&text);
                    let mut viewer = look(seen);
                    let Some(log) = viewer.sockets.last_mut() else { return Closed { at, code: None } };
                    match read {
                        Ok((frame, stale, you)) => log.sightings.push(Sighting { at, frame, stale, you }),
                        Err(unreadable) => {
                            log.unreadable = Some(unreadable.to_string());
                            return Closed { at, code: None };
                        }
                    }
                    drop(viewer);
                    self.news.send_replace(());
                }
                Some(Ok(Message::Close(close))) => {
                    let code = close.map(|close| (close.code.into(), close.reason.to_string()));
                    return Closed { at, code };
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Closed { at, code: None },
            }
        }
    }
}

/// What a server that leaves asks for: `retry_after_ms=1234`.
fn retry_after(reason: &str) -> Option<Duration> {
    reason.strip_prefix("retry_after_ms=")?.parse().ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_leaves_says_when_to_come_back() {
        assert_eq!(retry_after("retry_after_ms=1234"), Some(Duration::from_millis(1234)));
        assert_eq!(retry_after("reading too slowly"), None);
    }
}
