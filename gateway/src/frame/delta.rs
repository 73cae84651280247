//! What changed from one state of a board to another, as JSON: for a reader who has the first and
//! makes the second of it.
//!
//! Rows are named by their positions, counted from 0, in the state that the reader has. A row that
//! has changed costs a few digits so, and one that others have passed costs nothing: those that are
//! not named keep their order, and ranks follow from the positions and the ties, which are told.
//! That holds for every state whose ranks keep to the contract; for any other there is no delta.

use std::collections::HashMap;

use bytes::Bytes;
use proto::v1;
use serde::Serialize;

use super::{Row, Status, quiz_id, rows};
use crate::timestamp;

/// One state as those get it who have it already, or the one before.
#[derive(Debug)]
pub(super) struct Deltas {
    board: v1::Leaderboard,
    /// From the state before to this.
    pub(super) forward: Option<Bytes>,
    /// From this state to itself: for an end that is new.
    pub(super) again: Option<Bytes>,
}

impl Deltas {
    /// Encodes what changed since the state before, unless all of this one is about as short.
    pub(super) fn encode(board: v1::Leaderboard, before: Option<&Self>, whole_bytes: usize) -> Self {
        let since = |base: &v1::Leaderboard| {
            let mut text = serde_json::to_vec(&Delta::between(base, &board)?)
                .expect("strings and numbers always encode");
            text.pop();
            (2 * text.len() <= whole_bytes).then(|| Bytes::from(text))
        };
        let (forward, again) = (before.and_then(|before| since(&before.board)), since(&board));
        Self { board, forward, again }
    }
}

/// What changed from one state of a quiz's board to another. Positions count from 0.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Delta<'a> {
    quiz_id: &'a str,
    /// The version that the reader must have, of the same epoch.
    base: u64,
    version: u64,
    epoch: u64,
    timestamp: Option<String>,
    /// Absent if it is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    total_participants: Option<u32>,
    /// Absent if it is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    status: Option<Status>,
    /// Rows that are new or have changed, from the first to the last: the position of each, whose it
    /// is, and its score.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    rows: Option<Vec<(usize, Whose<'a>, u32)>>,
    /// The positions, in the base, of rows that are no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    gone: Option<Vec<usize>>,
    /// Rows that share a rank, by the positions of the first and the last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    tied: Option<Vec<(usize, usize)>>,
}

/// Whose a row is.
#[derive(Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "WhoseRow"))]
enum Whose<'a> {
    /// That of the row at this position in the base.
    Known(usize),
    /// Somebody's who was not among the rows, or had another name.
    New { participant_id: &'a str, username: &'a str },
}

impl<'a> Delta<'a> {
    /// Finds out what changed, if that can be told.
    fn between(base: &'a v1::Leaderboard, board: &'a v1::Leaderboard) -> Option<Self> {
        if base.epoch != board.epoch {
            return None;
        }
        let (before, now) = (rows(base), rows(board));
        let tied = ties(&now)?;
        let (changed, gone) = changes(&before, &now);
        Some(Self {
            quiz_id: quiz_id(board),
            base: base.version,
            version: board.version,
            epoch: board.epoch,
            timestamp: timestamp::rfc3339(board.timestamp.as_ref()),
            total_participants: (base.total != board.total).then_some(board.total),
            status: (base.status != board.status).then(|| board.status().into()),
            rows: unless_empty(changed),
            gone: unless_empty(gone),
            tied: unless_empty(tied),
        })
    }
}

fn unless_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// The runs of rows that share a rank; nothing if the ranks are not 1, 2, 2, 4.
fn ties(rows: &[Row<'_>]) -> Option<Vec<(usize, usize)>> {
    let (mut ties, mut first) = (Vec::new(), 0);
    for run in rows.chunk_by(|one, next| one.rank == next.rank) {
        if run[0].rank as usize != first + 1 {
            return None;
        }
        if run.len() > 1 {
            ties.push((first, first + run.len() - 1));
        }
        first += run.len();
    }
    Some(ties)
}

/// The rows that are to be put where they are now, and the positions of those that are no more. All
/// others are the same as before, and in the same order.
fn changes<'a>(before: &[Row<'_>], now: &[Row<'a>]) -> (Vec<(usize, Whose<'a>, u32)>, Vec<usize>) {
    let positions: HashMap<_, _> =
        before.iter().enumerate().map(|(at, row)| (row.participant_id, at)).collect();
    let mut is_gone = vec![true; before.len()];
    let (mut changed, mut last_kept) = (Vec::new(), None);
    for (at, row) in now.iter().enumerate() {
        let known = positions.get(row.participant_id).copied();
        let whose = match known.filter(|known| is_gone[*known] && before[*known].username == row.username) {
            Some(known) => {
                is_gone[known] = false;
                if before[known].score == row.score && Some(known) > last_kept {
                    last_kept = Some(known);
                    continue;
                }
                Whose::Known(known)
            }
            None => Whose::New { participant_id: row.participant_id, username: row.username },
        };
        changed.push((at, whose, row.score));
    }
    let gone = (0..before.len()).filter(|at| is_gone[*at]).collect();
    (changed, gone)
}

#[cfg(test)]
mod tests;
