//! Keeps those informed who watch a board and are not among its rows: one call for all of them.

use std::{collections::HashMap, time::Duration};

use proto::v1::{GetStandingsRequest, GetStandingsResponse};
use tokio::time::sleep;

use super::board::Board;
use crate::{
    frame::{Place, Version},
    ids::{ParticipantId, QuizId},
    upstream::Upstream,
};

/// How often scoring is asked, at most.
const PACE: Duration = Duration::from_secs(1);

/// How many standings one call may ask for.
const BATCH: usize = 10_000;

/// Asks where the watchers stand whenever the board has moved, at most once a second; once more
/// when it has stopped, so that the last change always arrives.
pub(super) async fn keep_up(board: &Board, quiz: QuizId, upstream: &Upstream) {
    loop {
        board.moved.notified().await;
        let behind = board.left_behind();
        for asked in behind.chunks(BATCH) {
            let request = GetStandingsRequest {
                quiz_id: quiz.to_string(),
                participant_ids: asked.iter().map(ToString::to_string).collect(),
            };
            if let Ok(reply) = upstream.get_standings(request).await {
                board.learn(version(&reply), asked, &places(&reply));
            }
        }
        if !behind.is_empty() {
            board.look_again();
            if !board.left_behind().is_empty() {
                board.moved.notify_one();
            }
        }
        sleep(PACE).await;
    }
}

/// The version that standings were read at.
pub(crate) fn version(reply: &GetStandingsResponse) -> Version {
    Version { epoch: reply.epoch, number: reply.version }
}

/// Where the participants of a reply stand.
pub(crate) fn places(reply: &GetStandingsResponse) -> HashMap<ParticipantId, Place> {
    let standings = reply.standings.iter().filter_map(|standing| {
        let participant = standing.participant_id.parse().ok()?;
        Some((participant, Place { score: standing.score, rank: standing.rank }))
    });
    standings.collect()
}
