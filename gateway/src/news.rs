//! What led to a frame, and how long it took to reach the sockets. There is none unless telemetry
//! is exported.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::SystemTime,
};

use proto::v1::{self, leaderboard};
use services::telemetry::{self, Cause, Causes, TARGET};
use tracing::Span;

use crate::metrics;

/// What led to one frame.
#[derive(Debug)]
pub(crate) struct News {
    cause: Cause,
    board: &'static str,
    is_written: AtomicBool,
}

impl News {
    /// Begins the span in which a state becomes a frame; none for a state that is no news.
    pub(crate) fn of(state: &v1::WatchLeaderboardResponse) -> Option<(Self, Span)> {
        if !telemetry::is_on() {
            return None;
        }
        let (told, board) = (state.cause.as_ref()?, state.leaderboard.as_ref()?);
        let cause = Cause::told(&told.traceparent, SystemTime::try_from(told.acknowledged_at?).ok()?);
        let (kind, id) = match &board.board {
            Some(leaderboard::Board::Subject(code)) => ("subject", code.as_str()),
            Some(leaderboard::Board::QuizId(id)) => ("quiz", id.as_str()),
            None => return None,
        };
        let span = tracing::info_span!(
            target: TARGET,
            "show frame",
            otel.kind = "consumer",
            scorecast.board.kind = kind,
            scorecast.board.id = id,
            scorecast.version = board.version.cast_signed(),
            scorecast.board.rows = board.entries.len() as i64,
        );
        Causes::from(Some(cause.clone())).lead_to(&span);
        Some((Self { cause: cause.by(&span), board: kind, is_written: AtomicBool::new(false) }, span))
    }

    /// A socket has the frame. The first one is traced, all are measured.
    pub(crate) fn written(&self) {
        metrics::update(self.board, self.cause.age());
        if !self.is_written.swap(true, Ordering::Relaxed) {
            let span = tracing::info_span!(target: TARGET, "frame written");
            Causes::from(Some(self.cause.clone())).lead_to(&span);
        }
    }
}
