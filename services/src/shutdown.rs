//! Stopping: one token says that it is time, one tracker knows who is still at work.

use std::{future::Future, time::Duration};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{
    sync::{CancellationToken, WaitForCancellationFuture},
    task::TaskTracker,
};

use crate::telemetry::limit_reached;

/// Owns every task of a service and stops them together.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tracker: TaskTracker,
}

impl Shutdown {
    /// Starts a task that is waited for when the service stops. It watches [`Shutdown::begun`].
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn(task);
    }

    /// Says that it is time to stop.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Waits until it is time to stop.
    pub fn begun(&self) -> WaitForCancellationFuture<'_> {
        self.token.cancelled()
    }

    /// Whether it is time to stop.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// The token itself, for code that needs an owned one.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Begins to stop and waits for every task, at most `grace`. Tells whether all have ended.
    pub async fn drain(&self, grace: Duration) -> bool {
        self.begin();
        self.tracker.close();
        let ended = tokio::time::timeout(grace, self.tracker.wait()).await.is_ok();
        if !ended {
            limit_reached("shutdown");
            tracing::warn!(tasks = self.tracker.len(), "the grace period is over with tasks still at work");
        }
        ended
    }
}

/// Waits for SIGTERM or SIGINT.
///
/// # Panics
/// If the process may not listen for signals at all.
pub async fn requested() {
    let mut terminate = signal(SignalKind::terminate()).expect("a process may listen for SIGTERM");
    let mut interrupt = signal(SignalKind::interrupt()).expect("a process may listen for SIGINT");
    tokio::select! {
        _ = terminate.recv() => tracing::info!("stopping on SIGTERM"),
        _ = interrupt.recv() => tracing::info!("stopping on SIGINT"),
    }
}

/// Runs a service until SIGTERM or SIGINT, then tells it to stop and waits for it.
///
/// # Errors
/// Those of the service.
pub async fn run_until_requested<F>(service: impl FnOnce(CancellationToken) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let stop = CancellationToken::new();
    let mut running = std::pin::pin!(service(stop.clone()));
    tokio::select! {
        ended = &mut running => return ended,
        () = requested() => stop.cancel(),
    }
    running.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn draining_waits_for_tasks_that_heed_the_token() {
        let shutdown = Shutdown::default();
        let token = shutdown.token();
        shutdown.spawn(async move { token.cancelled().await });
        assert!(shutdown.drain(Duration::from_secs(1)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn draining_gives_up_on_a_task_that_does_not_when_the_grace_is_over() {
        let shutdown = Shutdown::default();
        shutdown.spawn(std::future::pending());
        assert!(!shutdown.drain(Duration::from_secs(1)).await);
    }
}
