//! Whether those who come have a seat in a quiz, and where they stand. Scoring is asked at once for
//! one who comes alone, and in one call for all who come while a call is under way.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use proto::v1::GetStandingsRequest;
use services::shutdown::Shutdown;
use tokio::{sync::oneshot, time::timeout};
use tonic::Status;
use tracing::{Instrument as _, Span};

use crate::{
    config::bounds::CALL_DEADLINE,
    ids::{ParticipantId, QuizId},
    standing::{Standing, Standings},
    upstream::{Upstream, too_late},
};

/// How many standings one call may ask for.
const MOST: usize = 10_000;

/// Asks where those stand who come.
#[derive(Clone)]
pub(crate) struct Seats {
    upstream: Upstream,
    shutdown: Shutdown,
    /// Those who wait for the next call; a quiz is here while one is under way. There are no more of
    /// them than requests.
    waiting: Arc<Mutex<HashMap<QuizId, Vec<Waiting>>>>,
}

/// Somebody who has come.
struct Waiting {
    participant: ParticipantId,
    tell: oneshot::Sender<Result<Standing, Status>>,
}

impl Seats {
    /// Nobody has come yet.
    pub(crate) fn new(upstream: Upstream, shutdown: Shutdown) -> Self {
        Self { upstream, shutdown, waiting: Arc::default() }
    }

    /// Where a participant stands, as scoring says from now on; without a place it has no seat.
    ///
    /// # Errors
    /// What scoring says instead, as that there is no such quiz.
    pub(crate) async fn standing(
        &self,
        quiz: QuizId,
        participant: ParticipantId,
    ) -> Result<Standing, Status> {
        let (tell, told) = oneshot::channel();
        let own = Waiting { participant, tell };
        let is_alone = match self.waiting().entry(quiz) {
            Entry::Occupied(mut waiting) => {
                waiting.get_mut().push(own);
                false
            }
            Entry::Vacant(quiz) => {
                quiz.insert(vec![own]);
                true
            }
        };
        if is_alone {
            // Not here: the others go on to wait if this one's browser is gone.
            self.shutdown.spawn(self.clone().ask(quiz, Span::current()));
        }
        let told = timeout(CALL_DEADLINE, told).await.map_err(|_| too_late())?;
        told.unwrap_or_else(|_| Err(Status::unavailable("nobody asks any more")))
    }

    /// Asks for all who wait, until nobody does. The first call belongs to a span.
    async fn ask(self, quiz: QuizId, mut span: Span) {
        while let Some(waiting) = self.next(quiz) {
            let request = GetStandingsRequest {
                quiz_id: quiz.to_string(),
                participant_ids: waiting.iter().map(|waiting| waiting.participant.to_string()).collect(),
            };
            let call = self.upstream.get_standings(request);
            let reply = call.instrument(std::mem::replace(&mut span, Span::none())).await;
            let standings = reply.map(Standings::from);
            for Waiting { participant, tell } in waiting {
                let standing = standings.as_ref().map(|standings| standings.of(participant));
                // Whoever is gone need not know.
                let _ = tell.send(standing.map_err(Clone::clone));
            }
        }
    }

    /// Those who wait for the next call; if nobody does, there will be none.
    fn next(&self, quiz: QuizId) -> Option<Vec<Waiting>> {
        let mut quizzes = self.waiting();
        let waiting = quizzes.get_mut(&quiz)?;
        if waiting.is_empty() {
            quizzes.remove(&quiz);
            return None;
        }
        let later = waiting.split_off(waiting.len().min(MOST));
        Some(std::mem::replace(waiting, later))
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<QuizId, Vec<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
