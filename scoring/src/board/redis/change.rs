//! Applying changes: what one commit did, in as few round trips as can be answered in time.

use super::{
    Call, Keys, Notice, Redis, Verb, layout,
    split::{Part, split},
};
use crate::{
    board::{Applied, Change, Result},
    config::bounds::REDIS_CALL,
};

/// Calls of one round trip.
const CALLS_PER_TRIP: usize = 256;
/// Rows of one call, where so many changed at one version that it cannot be split. Above that a
/// rebuild holds the server up less.
const ROWS_AT_MOST: usize = 8192;

/// Applies changes in the order given.
pub(super) async fn apply(redis: &Redis, changes: &[Change]) -> Result<Vec<Applied>> {
    let mut calls = Vec::with_capacity(changes.len());
    let mut last_calls = Vec::with_capacity(changes.len());
    for change in changes {
        let parts = split(change, redis.portions.change);
        if parts.iter().any(|part| part.rows.len() > ROWS_AT_MOST) {
            last_calls.push(None);
            continue;
        }
        let last = parts.len() - 1;
        for (number, part) in parts.iter().enumerate() {
            let notice = if number == last { Notice::of(change).to_json() } else { String::new() };
            calls.push(call(change, part, notice));
        }
        last_calls.push(Some(calls.len() - 1));
    }
    let mut outcomes = Vec::with_capacity(calls.len());
    for calls in calls.chunks(CALLS_PER_TRIP) {
        outcomes.extend(redis.call_for_words(REDIS_CALL, calls).await?);
    }
    // Where the last part of a change has arrived, all of it has.
    Ok(last_calls.into_iter().map(|call| call.map_or(Applied::Missing, |call| outcomes[call])).collect())
}

fn call<'a>(change: &'a Change, part: &Part<'a>, notice: String) -> Call<'a> {
    let mut arguments = vec![
        layout::channel(&change.board).into(),
        notice.into(),
        change.epoch.to_string().into(),
        part.from.to_string().into(),
        part.to.to_string().into(),
        layout::status(change.phase).into(),
        change.phase.run.to_string().into(),
    ];
    for row in &part.rows {
        arguments.push(row.member.to_string().into());
        arguments.push(row.key.map_or_else(String::new, layout::place).into());
        arguments.push((&*row.label).into());
    }
    Call { verb: Verb::Apply, keys: Keys::of(&change.board).board().into(), arguments }
}
