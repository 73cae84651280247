//! What quizzes need at times without anybody asking: found at each beat, done for several at once.
//! A quiz that is locked, or where it fails, holds up no other.

use std::{
    collections::HashSet,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use services::shutdown::Shutdown;
use tokio::{
    sync::Semaphore,
    time::{MissedTickBehavior, interval},
};

use crate::{
    config::bounds::{CHORES_AT_ONCE, CHORES_EVERY},
    follow::Follower,
    ids::QuizId,
    ledger::{self, Ledger},
};

/// Something that quizzes need at times.
#[async_trait]
pub(crate) trait Chore: Send + Sync + 'static {
    /// Names the quizzes that need it now, those first that have waited longest.
    async fn due(&self) -> ledger::Result<Vec<QuizId>>;

    /// Does it for one of them. Given up at any moment, it is due again.
    async fn see_to(&self, quiz: QuizId) -> ledger::Result<()>;
}

/// Does a chore until the service stops.
pub(crate) async fn keep_doing(chore: impl Chore, shutdown: Shutdown) {
    let chore = Arc::new(chore);
    let places = Arc::new(Semaphore::new(CHORES_AT_ONCE));
    let under_way: Arc<Mutex<HashSet<QuizId>>> = Arc::default();
    let mut beat = interval(CHORES_EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.token().run_until_cancelled(beat.tick()).await.is_some() {
        let due = chore.due().await.unwrap_or_else(|error| {
            tracing::debug!(error = &error as &dyn Error, "nobody knows what quizzes need");
            Vec::new()
        });
        for quiz in due {
            if !under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(quiz) {
                continue;
            }
            let (chore, places, under_way) =
                (Arc::clone(&chore), Arc::clone(&places), Arc::clone(&under_way));
            let token = shutdown.token();
            shutdown.spawn(async move {
                let done = token.run_until_cancelled(async {
                    let _place = places.acquire().await;
                    chore.see_to(quiz).await
                });
                if let Some(Err(error)) = done.await {
                    tracing::warn!(quiz.id = %quiz, error = &error as &dyn Error, "a quiz was not seen to");
                }
                under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&quiz);
            });
        }
    }
}

/// Ends the quizzes whose time is past.
pub(crate) struct Ending {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) follower: Follower,
}

#[async_trait]
impl Chore for Ending {
    async fn due(&self) -> ledger::Result<Vec<QuizId>> {
        self.ledger.overdue().await
    }

    async fn see_to(&self, quiz: QuizId) -> ledger::Result<()> {
        match self.ledger.end_overdue(quiz).await {
            Ok(Some(effect)) => {
                tracing::info!(quiz.id = %quiz, "the quiz is past its time and was ended");
                self.follower.effect(effect).await;
                Ok(())
            }
            // Somebody else has ended it, and perhaps more: started it again, or deleted it.
            Ok(None) | Err(ledger::Error::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Turns the seats of users in finished runs into their sessions, whoever ended the quiz, and
/// whatever happened to that process since.
pub(crate) struct Settling {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) follower: Follower,
}

#[async_trait]
impl Chore for Settling {
    async fn due(&self) -> ledger::Result<Vec<QuizId>> {
        self.ledger.unsettled().await
    }

    async fn see_to(&self, quiz: QuizId) -> ledger::Result<()> {
        while let Some(effect) = self.ledger.settle(quiz).await? {
            self.follower.sessions_changed([effect]).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        board,
        clock::Clock,
        quiz::{Plan, Question, Status},
        reconcile::Reconciler,
    };

    #[tokio::test]
    async fn a_quiz_that_was_started_again_since_it_was_due_goes_on() {
        let (clock, shutdown) = (Clock::default(), Shutdown::default());
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
        let ledger = ledger::open(&url, 1, clock.clone()).unwrap();
        ledger.migrate().await.unwrap();
        let board = board::open("memory:", &shutdown).unwrap();
        let reconciler = Reconciler::new(Arc::clone(&ledger), Arc::clone(&board), shutdown.clone());
        let follower = Follower::start(board, reconciler, &shutdown);
        let ending = Ending { ledger: Arc::clone(&ledger), follower };

        let quiz = ledger.create("host", &Plan::parse("a quiz", "", "", None).unwrap()).await.unwrap().id;
        let question = Question::parse("why?", &["yes".to_owned(), "no".to_owned()], Some(0), None).unwrap();
        ledger.add_question(quiz, &question).await.unwrap();
        ledger.start(quiz).await.unwrap();
        clock.advance(Duration::from_hours(4));
        assert_eq!(ending.due().await.unwrap(), [quiz]);

        ledger.end(quiz).await.unwrap();
        ledger.start(quiz).await.unwrap();
        ending.see_to(quiz).await.unwrap();
        assert_eq!(ledger.quiz(quiz).await.unwrap().status, Status::Started);

        clock.advance(Duration::from_hours(4));
        ending.see_to(quiz).await.unwrap();
        assert_eq!(ledger.quiz(quiz).await.unwrap().status, Status::Ended);
    }
}
