//! Sees to what follows the end of quizzes: seats of users become their sessions, whoever ended
//! the quiz, and whatever happened to that process since.

use std::sync::Arc;

use services::shutdown::Shutdown;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    config::bounds::SETTLE_EVERY,
    follow::Follower,
    ledger::{self, Ledger},
};

/// Settles finished runs, some seats at a time.
pub(crate) struct Settler {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) follower: Follower,
}

impl Settler {
    /// Settles until the service stops. What it is at then is taken back, and done by another.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let settling = async {
            let mut beat = interval(SETTLE_EVERY);
            beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                beat.tick().await;
                match self.settle_all().await {
                    Ok(()) => {}
                    Err(ledger::Error::Unavailable(_)) => tracing::debug!("the ledger settles nothing now"),
                    Err(error) => {
                        tracing::error!(error = &error as &dyn std::error::Error, "a run was not settled");
                    }
                }
            }
        };
        shutdown.token().run_until_cancelled(settling).await;
    }

    async fn settle_all(&self) -> ledger::Result<()> {
        while let Some(effect) = self.ledger.settle().await? {
            self.follower.sessions_changed([effect]).await;
        }
        Ok(())
    }
}
