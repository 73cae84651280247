//! The write path, from a lane's queue: group commit → acknowledge → board.
//!
//! A lane writes whatever is queued as one batch and never waits to fill it: when the ledger is
//! idle a batch is one answer, under load it grows by itself. Committed means acknowledged.

use std::sync::Arc;

use services::telemetry;
use tokio::sync::mpsc;
use tracing::Instrument as _;

use super::{Queued, held::Held};
use crate::{
    config::bounds::ANSWERS_TOGETHER,
    fail::{self, Place},
    follow::Follower,
    ledger::{Answers, NewAnswer, Outcome, Result},
    metrics, spans,
};

/// Writes what is queued until nobody can queue any more.
pub(super) async fn write(mut queue: mpsc::Receiver<Queued>, ledger: Arc<dyn Answers>, follower: Follower) {
    let (mut taken, mut held) = (Vec::with_capacity(ANSWERS_TOGETHER), Held::default());
    loop {
        tokio::select! {
            biased;
            () = held.are_due() => held.release(&mut taken),
            // Once the queue is closed this is at once, and what is held is all there is.
            count = queue.recv_many(&mut taken, ANSWERS_TOGETHER) => if count == 0 {
                if held.is_empty() {
                    return;
                }
                held.are_due().await;
                held.release(&mut taken);
            },
        }
        held.hold_back(&mut taken);
        while !taken.is_empty() {
            // Whoever has gone meanwhile does not know whether the answer counts: it does not.
            let batch = taken.drain(..taken.len().min(ANSWERS_TOGETHER));
            let batch: Vec<_> = batch.filter(|queued| !queued.caller.reply.is_closed()).collect();
            let left = taken.len() + queue.len();
            let answers = batch.len();
            if let Err(error) = commit(batch, left, &*ledger, &follower, &mut held).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, answers, "a batch was not committed");
                // The ledger is away: nobody who waits shall wait for its own time-out.
                held = Held::default();
                taken.clear();
                while queue.try_recv().is_ok() {}
            }
            // The others of a quiz that this batch found held would each wait for it again, or count
            // before those that were first.
            held.hold_back(&mut taken);
        }
        held.pause();
    }
}

/// Commits a batch, replies, and hands the changes to the board.
async fn commit(
    batch: Vec<Queued>,
    left: usize,
    ledger: &dyn Answers,
    follower: &Follower,
    held: &mut Held,
) -> Result<()> {
    let waited = |queued: Queued| {
        let Queued { answer, caller } = queued;
        (NewAnswer { waited: caller.since.elapsed(), ..answer }, caller)
    };
    let (answers, callers): (Vec<_>, Vec<_>) = batch.into_iter().map(waited).unzip();
    let Some(first) = answers.first() else { return Ok(()) };
    metrics::batch_taken(answers.len(), first.waited, left);
    let span = spans::batch(answers.len());
    telemetry::proceed(callers.iter().map(|caller| &caller.call), &span);
    let recorded = ledger.record(&answers).instrument(span.clone()).await?;
    fail::point(Place::Committed);
    for ((answer, caller), outcome) in answers.into_iter().zip(callers).zip(recorded.outcomes) {
        if outcome == Outcome::Held {
            held.add(Queued { answer, caller });
        } else {
            let _ = caller.reply.send(outcome);
        }
    }
    fail::point(Place::Acknowledged);
    span.in_scope(|| recorded.changes.into_iter().for_each(|change| follower.changed(change)));
    Ok(())
}
