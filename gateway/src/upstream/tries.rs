//! How long a call may take, and one more try for the calls that bear it.

use services::telemetry::limit_reached;
use tokio::time::{Instant, timeout_at};
use tonic::{Code, Request, Response, Status};

use crate::config::bounds::{CALL_DEADLINE, CALL_SLACK};

/// Calls once, within the deadline.
pub(super) async fn once<Q, A, F>(message: Q, call: impl Fn(Request<Q>) -> F) -> Result<A, Status>
where
    F: Future<Output = Result<Response<A>, Status>>,
{
    until(Instant::now() + CALL_DEADLINE, message, &call).await
}

/// Calls, and once more if the way there or back was lost, all within the deadline.
pub(super) async fn twice<Q, A, F>(message: Q, call: impl Fn(Request<Q>) -> F) -> Result<A, Status>
where
    Q: Clone,
    F: Future<Output = Result<Response<A>, Status>>,
{
    let deadline = Instant::now() + CALL_DEADLINE;
    match until(deadline, message.clone(), &call).await {
        Err(first) if was_lost(&first) => match until(deadline, message, &call).await {
            // Having no time left tells less than what came of the first try.
            Err(second) if second.code() == Code::DeadlineExceeded => Err(first),
            result => result,
        },
        result => result,
    }
}

async fn until<Q, A, F>(deadline: Instant, message: Q, call: &impl Fn(Request<Q>) -> F) -> Result<A, Status>
where
    F: Future<Output = Result<Response<A>, Status>>,
{
    let mut request = Request::new(message);
    request.set_timeout(deadline.saturating_duration_since(Instant::now()) + CALL_SLACK);
    timeout_at(deadline, call(request)).await.map_err(|_| too_late())?.map(Response::into_inner)
}

/// A connection that dies uncleanly shows as any of the three.
fn was_lost(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::Unknown)
}

/// What a caller is told whom this side has given up.
pub(crate) fn too_late() -> Status {
    limit_reached("scoring.call");
    Status::deadline_exceeded("the scoring service did not answer in time, try again")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A call that fails with each code in turn, then succeeds; tells how often it was made.
    async fn tries(codes: &'static [Code]) -> (Result<u32, Code>, u32) {
        let made = &AtomicU32::new(0);
        let result = twice((), |_| async move {
            let number = made.fetch_add(1, Ordering::Relaxed);
            match codes.get(number as usize) {
                Some(&code) => Err(Status::new(code, "")),
                None => Ok(Response::new(number)),
            }
        });
        (result.await.map_err(|status| status.code()), made.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn a_call_that_was_lost_is_tried_once_more() {
        for code in [Code::Unavailable, Code::Cancelled, Code::Unknown] {
            let codes = Vec::leak(vec![code]);
            assert_eq!(tries(codes).await, (Ok(1), 2));
        }
        assert_eq!(tries(&[Code::Unavailable; 3]).await, (Err(Code::Unavailable), 2));
    }

    #[tokio::test]
    async fn a_refusal_is_final() {
        for code in [Code::NotFound, Code::Internal, Code::ResourceExhausted, Code::DeadlineExceeded] {
            let codes = Vec::leak(vec![code]);
            assert_eq!(tries(codes).await, (Err(code), 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn both_tries_together_take_no_longer_than_the_deadline() {
        let (made, started) = (&AtomicU32::new(0), Instant::now());
        let result: Result<(), Status> = twice((), |_| async move {
            if made.fetch_add(1, Ordering::Relaxed) == 1 {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(CALL_DEADLINE / 2).await;
            Err(Status::unavailable(""))
        })
        .await;
        assert_eq!(result.unwrap_err().code(), Code::Unavailable, "what the first try said");
        assert_eq!(started.elapsed(), CALL_DEADLINE);
    }
}
