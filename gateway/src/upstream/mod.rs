//! The way to scoring: which of its processes is asked, connections that notice when the other
//! side is gone, deadlines on every call, and one more try for the calls that bear it. Knows
//! nothing of browsers.

mod address;
mod balance;
mod connection;
mod health;
mod replicas;
mod resolver;
mod transfers;
mod tries;

#[cfg(test)]
mod tests;

pub use address::ScoringUrl;
pub(crate) use resolver::Dns;
pub use resolver::Resolver;
pub(crate) use transfers::Sender;
pub(crate) use tries::too_late;

use std::{sync::Arc, time::Duration};

use proto::v1::{quiz_service_client::QuizServiceClient, scoring_service_client::ScoringServiceClient, *};
use services::{config::BadSetting, shutdown::Shutdown, telemetry::Traced};
use tokio::time::timeout;
use tonic::{Response, Status, Streaming};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use self::{
    address::Scheme,
    balance::Balance,
    connection::{Dialer, Lane},
    replicas::Replicas,
    tries::{once, twice},
};
use crate::config::{
    Config,
    bounds::{CALL_DEADLINE, CONTACT_EVERY, REPLY_BYTES, RESOLVED_EVERY},
};

/// The scoring service, as the gateway calls it.
///
/// Streams have connections of their own, so that none of them holds up a call.
#[derive(Clone)]
pub(crate) struct Upstream {
    scoring: ScoringServiceClient<Traced<Balance>>,
    quizzes: QuizServiceClient<Traced<Balance>>,
    health: HealthClient<Traced<Balance>>,
    streams: ScoringServiceClient<Traced<Balance>>,
    transfers: QuizServiceClient<Traced<Balance>>,
    stream_age: Duration,
}

impl Upstream {
    /// Prepares the connections; they are made when they are first needed, and again when lost.
    /// Where scoring's URL is a name for several processes, `resolver` is asked who they are.
    ///
    /// # Errors
    /// If the certificates for the way there are of no use.
    pub(crate) fn new(
        config: &Config,
        resolver: Arc<dyn Resolver>,
        shutdown: &Shutdown,
    ) -> Result<Self, BadSetting> {
        let url = &config.scoring_url;
        let dialer = Dialer::new(url, config.upstream_tls.read(url)?);
        let replicas = match url.scheme {
            Scheme::Http | Scheme::Https => Replicas::single(url, &dialer),
            Scheme::Dns => Replicas::resolved(url, dialer, resolver, RESOLVED_EVERY, shutdown),
        };
        Ok(Self::by(&replicas, url, config.upstream_stream_age))
    }

    /// By way of these processes.
    fn by(replicas: &Arc<Replicas>, url: &ScoringUrl, stream_age: Duration) -> Self {
        let way = |lane| Traced::client(Balance::new(Arc::clone(replicas), lane), &url.server());
        let (calls, streams) = (way(Lane::Calls), way(Lane::Streams));
        Self {
            scoring: ScoringServiceClient::new(calls.clone()).max_decoding_message_size(REPLY_BYTES),
            quizzes: QuizServiceClient::new(calls.clone()).max_decoding_message_size(REPLY_BYTES),
            health: HealthClient::new(calls),
            streams: ScoringServiceClient::new(streams.clone()),
            transfers: QuizServiceClient::new(streams),
            stream_age,
        }
    }

    /// One that leads nowhere.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        let url = "http://127.0.0.1:0".parse().unwrap();
        Self::by(&Replicas::single(&url, &Dialer::new(&url, None)), &url, Duration::from_secs(300))
    }

    /// How old a stream gets, give or take, before it is to be opened anew.
    pub(crate) fn stream_age(&self) -> Duration {
        self.stream_age
    }

    /// Waits until scoring says that it serves. Tells whether it did before the gateway stopped.
    pub(crate) async fn contact(&self, shutdown: &Shutdown) -> bool {
        let mut health = self.health.clone();
        loop {
            let reply = timeout(CALL_DEADLINE, health.check(HealthCheckRequest::default())).await;
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
        let opened = timeout(CALL_DEADLINE, client.watch_leaderboard(request)).await;
        opened.map_err(|_| too_late())?.map(Response::into_inner)
    }

    /// Opens the stream of what happens across quizzes. It has no deadline, nor an end.
    pub(crate) async fn watch_activity(
        &self,
        request: WatchActivityRequest,
    ) -> Result<Streaming<WatchActivityResponse>, Status> {
        let mut client = self.streams.clone();
        let opened = timeout(CALL_DEADLINE, client.watch_activity(request)).await;
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
