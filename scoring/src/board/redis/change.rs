//! Applying changes: what one commit did, in as few round trips as can be answered in time.

use super::{
    Call, Keys, Notice, Redis, Verb, layout,
    split::{Part, split},
};
use crate::{
    board::{Applied, Change, Result},
    config::bounds::{KEPT_AT_REST, REDIS_CALL},
};

/// Calls of one round trip.
const CALLS_PER_TRIP: usize = 256;
/// Rows of one call, where so many changed at one version that it cannot be split. Above that a
/// rebuild holds the server up less.
const ROWS_AT_MOST: usize = 8192;

/// Applies changes in the order given.
pub(super) async fn apply(redis: &Redis, changes: &[Change]) -> Vec<Result<Applied>> {
    let mut calls = Vec::with_capacity(changes.len());
    let mut counts = Vec::with_capacity(changes.len());
    for change in changes {
        let parts = split(change, redis.portions.change);
        if parts.iter().any(|part| part.rows.len() > ROWS_AT_MOST) {
            counts.push(0);
            continue;
        }
        calls.extend(parts.iter().map(|part| call(change, part)));
        counts.push(parts.len());
    }
    let mut outcomes = Vec::with_capacity(calls.len());
    for calls in calls.chunks(CALLS_PER_TRIP) {
        outcomes.extend(redis.call_for_words(REDIS_CALL, calls).await);
    }
    let mut outcomes = outcomes.into_iter();
    // Where the last part of a change has arrived, all of it has.
    counts
        .into_iter()
        .map(|count| outcomes.by_ref().take(count).last().unwrap_or(Ok(Applied::Missing)))
        .collect()
}

fn call<'a>(change: &'a Change, part: &Part<'a>) -> Call<'a> {
    // Only the last part tells, and has the phase: it is that at the end of the change.
    let (notice, status) = if part.to == change.to {
        (Notice::of(change).to_json(), layout::status(change.phase))
    } else {
        (String::new(), "")
    };
    let mut arguments = vec![
        layout::channel(&change.board).into(),
        notice.into(),
        change.epoch.to_string().into(),
        part.from.to_string().into(),
        part.to.to_string().into(),
        status.into(),
        change.phase.run.to_string().into(),
        layout::ms(KEPT_AT_REST).into(),
    ];
    for row in &part.rows {
        arguments.push(row.member.to_string().into());
        arguments.push(row.key.map_or_else(String::new, layout::place).into());
        arguments.push((&*row.label).into());
    }
    Call { verb: Verb::Apply, keys: Keys::of(&change.board).board().into(), arguments }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        board::{
            Board as _, Phase, Snapshot,
            contract::{a_quiz, apply, change, claim, put, read, snapshot, started},
            redis::tests::Bench,
        },
        quiz::Status,
    };

    const PENDING: Phase = Phase { status: Some(Status::Pending), run: 0 };
    const ENDED: Phase = Phase { status: Some(Status::Ended), run: 1 };

    /// Applies nothing of a change but its first part, and tells what readers see then.
    async fn first_part_of(bench: &Bench, change: &Change) -> Phase {
        let parts = split(change, 3);
        assert!(parts.len() > 1);
        let outcome = bench.board.call_for_word(REDIS_CALL, call(change, &parts[0])).await.unwrap();
        assert_eq!(outcome, Applied::Done);
        let view = read(&bench.board, &change.board, 0, 10).await.unwrap();
        assert_eq!((view.version.seq, view.total), (parts[0].to, 3));
        view.phase
    }

    async fn shown(bench: &Bench, change: &Change) -> Phase {
        assert_eq!(apply(&bench.board, change.clone()).await, Applied::Done);
        read(&bench.board, &change.board, 0, 1).await.unwrap().phase
    }

    #[tokio::test]
    async fn a_quiz_runs_until_the_last_part_of_what_ended_it() {
        let (bench, id) = (Bench::start().await, a_quiz());
        put(&bench.board, &id, 0, &[]).await;
        let rows: Vec<_> = (0..5).map(|number| (number, Some(10))).collect();
        let end = Change { phase: ENDED, to: 6, ..change(&id, 0, &rows) };
        assert_eq!(first_part_of(&bench, &end).await, started());
        assert_eq!(shown(&bench, &end).await, ENDED);

        // Nothing that comes afterwards lets it run for a while.
        let gone: Vec<_> = (0..5).map(|number| (number + 5, None)).collect();
        let after = Change { phase: ENDED, ..change(&id, 6, &gone) };
        let parts = split(&after, 3);
        bench.board.call_for_word(REDIS_CALL, call(&after, &parts[0])).await.unwrap();
        assert_eq!(read(&bench.board, &id, 0, 1).await.unwrap().phase, ENDED);
    }

    #[tokio::test]
    async fn a_run_has_begun_with_the_first_part_of_what_began_it() {
        let bench = Bench::start().await;
        for phase in [started(), ENDED] {
            let id = a_quiz();
            let pending = Snapshot { phase: PENDING, ..snapshot(&id, 0, &[]) };
            let claim = claim(&bench.board, &id).await;
            bench.board.replace(&claim, &pending).await.unwrap();
            let rows: Vec<_> = (0..5).map(|number| (number, Some(10))).collect();
            let change = Change { phase, to: 7, ..change(&id, 0, &rows) };
            assert_eq!(first_part_of(&bench, &change).await, started());
            assert_eq!(shown(&bench, &change).await, phase);
        }
    }
}
