//! The write path, from a call to its place in a lane: grades an answer, queues it, and waits for
//! what became of it.

mod held;
mod lane;
#[cfg(test)]
mod tests;

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::anyhow;
use services::{
    shutdown::Shutdown,
    telemetry::{self, limit_reached},
};
use tokio::sync::{mpsc, oneshot};
use tracing::Span;

use crate::{
    config::bounds::{ANSWER_DEADLINE, ANSWERS_QUEUED},
    follow::Follower,
    grading::Grade,
    ids::{ParticipantId, QuestionId, QuizId},
    ledger::{self, Ledger, NewAnswer, Outcome, Verdict},
    quiz::CallId,
    refusal::Refusal,
    sheets::Sheets,
};

/// One answer as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) quiz: QuizId,
    pub(crate) participant: ParticipantId,
    pub(crate) question: QuestionId,
    pub(crate) choice: u32,
    pub(crate) submission_id: Option<CallId>,
}

/// Takes answers and tells what became of them.
pub(crate) struct Submissions {
    sheets: Sheets,
    lanes: Vec<mpsc::Sender<Queued>>,
}

/// An answer in the queue of a lane.
struct Queued {
    answer: NewAnswer,
    caller: Caller,
}

/// Who waits for what becomes of an answer.
struct Caller {
    since: Instant,
    /// Dropped if it was not committed.
    reply: oneshot::Sender<Outcome>,
    /// The call, if it is traced.
    call: Span,
}

impl Submissions {
    /// Starts `lanes` writers. They end once this value is gone and their queues are empty.
    pub(crate) fn start(
        ledger: &Arc<dyn Ledger>,
        follower: &Follower,
        lanes: usize,
        shutdown: &Shutdown,
    ) -> Self {
        let lane = |_| {
            let (queue, queued) = mpsc::channel(ANSWERS_QUEUED);
            shutdown.spawn(lane::write(queued, ledger.clone(), follower.clone()));
            queue
        };
        Self { sheets: Sheets::new(ledger.clone()), lanes: (0..lanes.max(1)).map(lane).collect() }
    }

    /// Grades and records one answer.
    ///
    /// # Errors
    /// If it does not count, or if the ledger did not say in time whether it does.
    pub(crate) async fn submit(&self, answer: Answer) -> ledger::Result<Verdict> {
        let since = Instant::now();
        tokio::time::timeout(ANSWER_DEADLINE, self.record(answer, since)).await.unwrap_or_else(|_| {
            limit_reached("answer");
            Err(ledger::Error::Unavailable(anyhow!("no commit within {ANSWER_DEADLINE:?}")))
        })
    }

    async fn record(&self, answer: Answer, since: Instant) -> ledger::Result<Verdict> {
        let Answer { quiz, participant, question, choice, submission_id } = answer;
        let mut sheet = self.sheets.sheet_for(quiz, question, choice).await?;
        loop {
            let graded = match sheet.grade(question, choice) {
                // A retry may come after the end: the ledger knows whether it is one, and counts
                // nothing else of a run that has ended. Hence the run of this very sheet.
                Err(Refusal::QuizEnded) if submission_id.is_some() => {
                    Grade { run: sheet.run(), correct: false, points: 0 }
                }
                grade => grade?,
            };
            let row = NewAnswer {
                quiz,
                run: graded.run,
                participant,
                question,
                submission_id: submission_id.clone(),
                choice,
                correct: graded.correct,
                points: graded.points,
                waited: Duration::ZERO,
            };
            match self.enqueue(row, since).await? {
                Outcome::Counted(verdict) => return Ok(verdict),
                Outcome::Refused(refusal) => return Err(refusal.into()),
                Outcome::OtherRun => sheet = self.sheets.read(quiz).await?,
                Outcome::Held => return Err(ledger::Error::Unavailable(anyhow!("the quiz is held"))),
            }
        }
    }

    /// A quiz always goes to the same lane, so that its batches are committed in order.
    async fn enqueue(&self, answer: NewAnswer, since: Instant) -> ledger::Result<Outcome> {
        let mut hasher = DefaultHasher::new();
        answer.quiz.hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() % self.lanes.len() as u64).expect("less than a usize");
        let (reply, replied) = oneshot::channel();
        let lost = || ledger::Error::Unavailable(anyhow!("the batch was not committed"));
        self.lanes[lane]
            .send(Queued { answer, caller: Caller { since, reply, call: telemetry::here() } })
            .await
            .map_err(|_| lost())?;
        replied.await.map_err(|_| lost())
    }
}
