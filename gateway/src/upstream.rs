//! The way to scoring: connections that notice when the other side is gone, deadlines on every
//! call, and one more try for the calls that bear it. Knows nothing of browsers.

mod transfers;

use std::time::Duration;

use axum::http::Uri;
use proto::v1::{quiz_service_client::QuizServiceClient, scoring_service_client::ScoringServiceClient, *};
use services::{shutdown::Shutdown, telemetry::Traced};
use tokio::time::{Instant, timeout, timeout_at};
use tonic::{
    Code, Request, Response, Status, Streaming,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

pub(crate) use transfers::Sender;

/// How long a call may take in all, with its second try.
const DEADLINE: Duration = Duration::from_secs(2);

/// Scoring is told a little more, so that it is always this side that gives up.
const SLACK: Duration = Duration::from_millis(100);

/// How often scoring is asked whether it serves, before the first contact.
const CONTACT_EVERY: Duration = Duration::from_millis(200);

/// 10 000 standings with long names are about 3 MiB.
const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// The scoring service, as the gateway calls it.
///
/// Streams have a connection of their own, so that none of them holds up a call.
#[derive(Clone)]
pub(crate) struct Upstream {
    scoring: ScoringServiceClient<Traced<Channel>>,
    quizzes: QuizServiceClient<Traced<Channel>>,
    health: HealthClient<Traced<Channel>>,
    streams: ScoringServiceClient<Traced<Channel>>,
    transfers: QuizServiceClient<Traced<Channel>>,
}

impl Upstream {
    /// Prepares the connections; they are made when they are first needed, and again when lost.
    pub(crate) fn new(url: &Uri) -> Self {
        let channel = || Traced::client(endpoint(url).connect_lazy(), url);
        let (calls, streams) = (channel(), channel());
        Self {
            scoring: ScoringServiceClient::new(calls.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES),
            quizzes: QuizServiceClient::new(calls.clone()),
            health: HealthClient::new(calls),
            streams: ScoringServiceClient::new(streams.clone()),
            transfers: QuizServiceClient::new(streams),
        }
    }

    /// Waits until scoring says that it serves. Tells whether it did before the gateway stopped.
    pub(crate) async fn contact(&self, shutdown: &Shutdown) -> bool {
        let mut health = self.health.clone();
        loop {
            let reply = timeout(DEADLINE, health.check(HealthCheckRequest::default())).await;
            if let Ok(Ok(reply)) = reply
                && reply.into_inner().status() == ServingStatus::Serving
            {
                return true;
            }
            if timeout(CONTACT_EVERY, shutdown.begun()).await.is_ok() {
                return false;
            }
        }
    }

    /// Opens a stream of a board's states. It has no deadline: reading it is the caller's to bound.
    pub(crate) async fn watch_leaderboard(
        &self,
        request: WatchLeaderboardRequest,
    ) -> Result<Streaming<WatchLeaderboardResponse>, Status> {
        let mut client = self.streams.clone();
        let opened = timeout(DEADLINE, client.watch_leaderboard(request)).await;
        opened.map_err(|_| too_late())?.map(Response::into_inner)
    }

    /// Opens the stream of what happens across quizzes. It has no deadline, nor an end.
    pub(crate) async fn watch_activity(
        &self,
        request: WatchActivityRequest,
    ) -> Result<Streaming<WatchActivityResponse>, Status> {
        let mut client = self.streams.clone();
        let opened = timeout(DEADLINE, client.watch_activity(request)).await;
        opened.map_err(|_| too_late())?.map(Response::into_inner)
    }
}

/// Every other call, and how often it may be tried: `twice` for what only reads or carries an
/// id that makes a repetition harmless.
macro_rules! calls {
    ($($tries:ident $client:ident.$method:ident($request:ty) -> $response:ty;)*) => {
        impl Upstream {$(
            pub(crate) async fn $method(&self, request: $request) -> Result<$response, Status> {
                let client = &self.$client;
                $tries(request, |request| {
                    let mut client = client.clone();
                    async move { client.$method(request).await }
                })
                .await
            }
        )*}
    };
}

calls! {
    twice scoring.submit_answer(SubmitAnswerRequest) -> SubmitAnswerResponse;
    twice scoring.get_leaderboard(GetLeaderboardRequest) -> GetLeaderboardResponse;
    twice scoring.get_standings(GetStandingsRequest) -> GetStandingsResponse;
    twice quizzes.get_quiz(GetQuizRequest) -> GetQuizResponse;
    twice quizzes.get_quiz_by_code(GetQuizByCodeRequest) -> GetQuizByCodeResponse;
    twice quizzes.list_quizzes(ListQuizzesRequest) -> ListQuizzesResponse;
    twice quizzes.list_questions(ListQuestionsRequest) -> ListQuestionsResponse;
    twice quizzes.list_answers(ListAnswersRequest) -> ListAnswersResponse;
    twice quizzes.list_subjects(ListSubjectsRequest) -> ListSubjectsResponse;
    twice quizzes.get_performance(GetPerformanceRequest) -> GetPerformanceResponse;
    twice quizzes.join_quiz(JoinQuizRequest) -> JoinQuizResponse;
    once quizzes.create_quiz(CreateQuizRequest) -> CreateQuizResponse;
    once quizzes.start_quiz(StartQuizRequest) -> StartQuizResponse;
    once quizzes.end_quiz(EndQuizRequest) -> EndQuizResponse;
    once quizzes.delete_quiz(DeleteQuizRequest) -> DeleteQuizResponse;
    once quizzes.add_question(AddQuestionRequest) -> AddQuestionResponse;
    once quizzes.delete_question(DeleteQuestionRequest) -> DeleteQuestionResponse;
    once quizzes.put_subject(PutSubjectRequest) -> PutSubjectResponse;
    once quizzes.remove_participant(RemoveParticipantRequest) -> RemoveParticipantResponse;
}

/// Calls once, within the deadline.
async fn once<Q, A, F>(message: Q, call: impl Fn(Request<Q>) -> F) -> Result<A, Status>
where
    F: Future<Output = Result<Response<A>, Status>>,
{
    until(Instant::now() + DEADLINE, message, &call).await
}

/// Calls, and once more if the way there or back was lost, all within the deadline.
async fn twice<Q, A, F>(message: Q, call: impl Fn(Request<Q>) -> F) -> Result<A, Status>
where
    Q: Clone,
    F: Future<Output = Result<Response<A>, Status>>,
{
    let deadline = Instant::now() + DEADLINE;
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
    request.set_timeout(deadline.saturating_duration_since(Instant::now()) + SLACK);
    timeout_at(deadline, call(request)).await.map_err(|_| too_late())?.map(Response::into_inner)
}

/// A connection that dies uncleanly shows as any of the three.
fn was_lost(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::Unknown)
}

fn too_late() -> Status {
    Status::deadline_exceeded("the scoring service did not answer in time, try again")
}

/// The windows keep one unread stream from starving the others of its connection.
fn endpoint(url: &Uri) -> Endpoint {
    Endpoint::from(url.clone())
        .connect_timeout(Duration::from_secs(1))
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(5))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true)
        .initial_stream_window_size(256 << 10)
        .initial_connection_window_size(16 << 20)
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
            tokio::time::sleep(DEADLINE / 2).await;
            Err(Status::unavailable(""))
        })
        .await;
        assert_eq!(result.unwrap_err().code(), Code::Unavailable, "what the first try said");
        assert_eq!(started.elapsed(), DEADLINE);
    }
}
