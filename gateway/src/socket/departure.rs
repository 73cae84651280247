//! When sockets are closed as the service stops: spread, so that those who come back elsewhere do
//! not come all at once, and no longer than there are sockets for.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use services::shutdown::Shutdown;
use tokio::time::sleep;

use crate::{config::bounds::LEAVING_PER_SECOND, metrics};

/// Counts open sockets and gives each its turn to leave.
pub(crate) struct Departure {
    open: AtomicU32,
    longest: Duration,
    within: OnceLock<Duration>,
}

impl Departure {
    /// All sockets are gone `longest` after the service began to stop.
    pub(crate) fn new(longest: Duration) -> Self {
        Self { open: AtomicU32::new(0), longest, within: OnceLock::new() }
    }

    /// Counts one more socket until the guard is dropped.
    pub(crate) fn open(self: &Arc<Self>) -> Open {
        self.open.fetch_add(1, Ordering::Relaxed);
        metrics::socket_opened();
        Open(Arc::clone(self))
    }

    /// Whether no socket is open.
    pub(crate) fn is_over(&self) -> bool {
        self.open.load(Ordering::Relaxed) == 0
    }

    /// Waits until it is one socket's turn.
    pub(super) async fn turn(&self, shutdown: &Shutdown) {
        shutdown.begun().await;
        sleep(self.within().mul_f64(rand::random())).await;
    }

    /// Over which time sockets are closed: decided once, when the first one asks.
    pub(crate) fn within(&self) -> Duration {
        let decide = || {
            self.longest.min(Duration::from_secs(1) * self.open.load(Ordering::Relaxed) / LEAVING_PER_SECOND)
        };
        *self.within.get_or_init(decide)
    }
}

/// One open socket.
pub(crate) struct Open(Arc<Departure>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        metrics::socket_gone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_leave_a_hundred_a_second_and_faster_if_time_is_short() {
        for (sockets, expected) in [(0, 0), (1, 10), (150, 1_500), (400, 4_000), (5_000, 4_000)] {
            let departure = Arc::new(Departure::new(Duration::from_secs(4)));
            let _open: Vec<_> = (0..sockets).map(|_| departure.open()).collect();
            assert_eq!(departure.within(), Duration::from_millis(expected), "{sockets}");
        }
    }

    #[test]
    fn only_open_sockets_count_and_the_time_does_not_shrink_as_they_leave() {
        let departure = Arc::new(Departure::new(Duration::from_secs(4)));
        drop(departure.open());
        let open = [departure.open(), departure.open()];
        assert_eq!(departure.within(), Duration::from_millis(20));
        drop(open);
        assert_eq!(departure.within(), Duration::from_millis(20));
    }
}
