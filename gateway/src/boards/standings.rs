//! Keeps those informed who watch a board and are not among its rows: one call for all of them.

use proto::v1::GetStandingsRequest;
use tokio::time::sleep;

use super::board::Board;
use crate::{config::bounds::STANDINGS_PACE, ids::QuizId, standing::Standings, upstream::Upstream};

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
                board.learn(asked, &Standings::from(reply));
            }
        }
        if !behind.is_empty() {
            board.look_again();
            if !board.left_behind().is_empty() {
                board.moved.notify_one();
            }
        }
        sleep(STANDINGS_PACE).await;
    }
}
