//! The spans of what goes on between a call and the streams: they join what the queues in between
//! take apart. Disabled unless telemetry is exported.

use services::telemetry::{Causes, TARGET};
use tracing::{Span, field::Empty};

use crate::board::{BoardId, Change};

/// One transaction that records answers.
pub(crate) fn batch(answers: usize) -> Span {
    tracing::info_span!(target: TARGET, "record answers", scorecast.batch.size = answers as i64)
}

/// One change on its way to a board and its watchers, which follows from what led to it.
pub(crate) fn publish(change: &Change) -> Span {
    let Change { board, from, to, causes, .. } = change;
    let span = tracing::info_span!(
        target: TARGET,
        "publish update",
        otel.kind = "producer",
        scorecast.board.kind = board.kind(),
        scorecast.board.id = %board,
        scorecast.version.from = from.cast_signed(),
        scorecast.version = to.cast_signed(),
        scorecast.coalesced.count = causes.count() as i64,
        scorecast.outcome = Empty,
    );
    causes.lead_to(&span);
    span
}

/// Changes of several boards on their way in one round trip.
pub(crate) fn publish_together(changes: usize) -> Span {
    tracing::info_span!(target: TARGET, "publish updates", scorecast.batch.size = changes as i64)
}

/// One reading of a board, which follows from the changes that it is the first to show.
pub(crate) fn process(board: &BoardId, causes: &Causes) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        "process update",
        otel.kind = "consumer",
        scorecast.board.kind = board.kind(),
        scorecast.board.id = %board,
        scorecast.version = Empty,
        scorecast.coalesced.count = causes.count() as i64,
    );
    causes.lead_to(&span);
    span
}
