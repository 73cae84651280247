//! The write path: queue → group commit → acknowledge → board.
//!
//! A lane writes whatever is queued as one batch and never waits to fill it: when the ledger is
//! idle a batch is one answer, under load it grows by itself. Committed means acknowledged.

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
use tracing::{Instrument as _, Span};

use crate::{
    config::bounds::{ANSWER_DEADLINE, ANSWERS_QUEUED, ANSWERS_TOGETHER},
    fail::{self, Place},
    follow::Follower,
    grading::Grade,
    ids::{ParticipantId, QuestionId, QuizId},
    ledger::{self, Ledger, NewAnswer, Outcome, Verdict},
    metrics,
    quiz::CallId,
    refusal::Refusal,
    sheets::Sheets,
    spans,
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

struct Queued {
    answer: NewAnswer,
    since: Instant,
    reply: oneshot::Sender<Option<Outcome>>,
    /// The call that waits for the reply, if it is traced.
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
            shutdown.spawn(write(queued, Arc::clone(ledger), follower.clone()));
            queue
        };
        Self { sheets: Sheets::new(Arc::clone(ledger)), lanes: (0..lanes.max(1)).map(lane).collect() }
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
        let mut grade = self.sheets.grade(quiz, question, choice).await;
        loop {
            let graded = match grade {
                // A retry may come after the end: the ledger knows whether it is one, and counts
                // nothing else of an ended quiz.
                Err(ledger::Error::Refused(Refusal::QuizEnded)) if submission_id.is_some() => {
                    Grade { run: self.sheets.run(quiz).await?, correct: false, points: 0 }
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
                Outcome::OtherRun => grade = self.sheets.grade_anew(quiz, question, choice).await,
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
            .send(Queued { answer, since, reply, call: telemetry::here() })
            .await
            .map_err(|_| lost())?;
        replied.await.ok().flatten().ok_or_else(lost)
    }
}

/// One lane: takes what is queued, commits it, replies, and hands the changes to the board.
async fn write(mut queued: mpsc::Receiver<Queued>, ledger: Arc<dyn Ledger>, follower: Follower) {
    let mut taken = Vec::with_capacity(ANSWERS_TOGETHER);
    while queued.recv_many(&mut taken, ANSWERS_TOGETHER).await > 0 {
        // Whoever has gone meanwhile does not know whether the answer counts: it does not.
        let (mut batch, mut replies) = (Vec::with_capacity(taken.len()), Vec::with_capacity(taken.len()));
        for Queued { mut answer, since, reply, call } in
            taken.drain(..).filter(|queued| !queued.reply.is_closed())
        {
            answer.waited = since.elapsed();
            batch.push(answer);
            replies.push((reply, call));
        }
        let Some(first) = batch.first() else { continue };
        metrics::batch_taken(batch.len(), first.waited, queued.len());
        let span = spans::batch(batch.len());
        telemetry::proceed(replies.iter().map(|(_, call)| call), &span);
        match ledger.record(&batch).instrument(span.clone()).await {
            Ok(recorded) => {
                fail::point(Place::Committed);
                for ((reply, _), outcome) in replies.into_iter().zip(recorded.outcomes) {
                    let _ = reply.send(Some(outcome));
                }
                fail::point(Place::Acknowledged);
                span.in_scope(|| recorded.changes.into_iter().for_each(|change| follower.changed(change)));
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    answers = replies.len(),
                    "a batch was not committed"
                );
                replies.into_iter().for_each(|(reply, _)| drop(reply.send(None)));
                // The ledger is away: nobody in the queue shall wait for its own time-out.
                while let Ok(Queued { reply, .. }) = queued.try_recv() {
                    let _ = reply.send(None);
                }
            }
        }
    }
}
