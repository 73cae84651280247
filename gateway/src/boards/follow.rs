//! Follows one board: reads its stream as fast as it comes, opens it again whenever it ends, and
//! anew when it is old.

use std::pin::pin;

use proto::v1::{WatchLeaderboardRequest, WatchLeaderboardResponse};
use services::telemetry::limit_reached;
use tokio::time::{sleep, timeout};
use tonic::{Code, Status, Streaming};

use crate::{
    config::bounds::{FIRST_PAUSE, FIRST_STATE, LAST_PAUSE},
    metrics,
    upstream::Upstream,
};

/// Where the states of a followed board go.
pub(super) trait Screen {
    /// Takes a state, which may be older than one before.
    fn show(&self, request: &WatchLeaderboardRequest, state: WatchLeaderboardResponse);

    /// Hears that scoring is out of reach.
    fn lose_touch(&self);

    /// Hears that there is no such board, or no more.
    fn delete(&self);
}

/// Shows what scoring sends, until the board is deleted.
///
/// A stream that ended is opened again before anybody is told; only if that fails is scoring
/// out of reach. One that is old is left for a new one, which may lead elsewhere: so a scoring
/// process that was added gets its share of what was watched before it came.
pub(super) async fn follow(board: &impl Screen, upstream: &Upstream, mut request: WatchLeaderboardRequest) {
    let mut pause = FIRST_PAUSE;
    let mut stale = None;
    loop {
        let ended = match begin(upstream, &request).await {
            Ok(begun) => {
                stale = None;
                read(board, upstream, &request, begun).await
            }
            Err(status) => Ended::Unread(status),
        };
        match ended {
            Ended::Read(status) | Ended::Unread(status) if status.code() == Code::NotFound => {
                return board.delete();
            }
            Ended::Unread(status) if status.code() == Code::PermissionDenied => {
                // The seat was removed; its socket may still look on.
                request.participant_id.clear();
            }
            Ended::Read(_) => pause = FIRST_PAUSE,
            Ended::Unread(_) => {
                board.lose_touch();
                stale.get_or_insert_with(metrics::StaleBoard::new);
                pause = (pause * 2).min(LAST_PAUSE);
            }
        }
        // Spread, so that all boards of all gateways do not come back in one instant.
        sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
    }
}

/// How a stream ended.
enum Ended {
    /// After at least one state.
    Read(Status),
    /// Before any.
    Unread(Status),
}

/// Reads streams, each to its end or until it is old. Nothing here waits for a watcher: unread
/// messages would hold up, and in the end kill, every other stream of the connection.
async fn read(
    board: &impl Screen,
    upstream: &Upstream,
    request: &WatchLeaderboardRequest,
    (mut stream, first): Begun,
) -> Ended {
    board.show(request, first);
    let mut renewed = pin!(renew(upstream, request));
    loop {
        tokio::select! {
            message = stream.message() => match message {
                Ok(Some(state)) => board.show(request, state),
                Ok(None) => return Ended::Read(Status::unavailable("the stream ended")),
                Err(status) => return Ended::Read(status),
            },
            begun = &mut renewed => {
                // The old one is left for a new one that works, and only then.
                if let Ok((new, state)) = begun {
                    board.show(request, state);
                    stream = new;
                }
                renewed.set(renew(upstream, request));
            }
        }
    }
}

/// Opens another stream once one that begins now is old: each at another time, so that not all move at
/// once.
async fn renew(upstream: &Upstream, request: &WatchLeaderboardRequest) -> Result<Begun, Status> {
    sleep(upstream.stream_age().mul_f64(rand::random_range(0.8..1.2))).await;
    begin(upstream, request).await
}

/// A stream and the present state, which is the first that it sends.
type Begun = (Streaming<WatchLeaderboardResponse>, WatchLeaderboardResponse);

/// Opens a stream and waits for the present state.
async fn begin(upstream: &Upstream, request: &WatchLeaderboardRequest) -> Result<Begun, Status> {
    let mut stream = upstream.watch_leaderboard(request.clone()).await?;
    match timeout(FIRST_STATE, stream.message()).await {
        Ok(Ok(Some(state))) => Ok((stream, state)),
        Ok(Ok(None)) => Err(Status::unavailable("the stream ended without a state")),
        Ok(Err(status)) => Err(status),
        Err(_) => {
            limit_reached("scoring.call");
            Err(Status::deadline_exceeded("the stream did not begin in time"))
        }
    }
}
