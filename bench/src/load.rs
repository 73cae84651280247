//! Answers by gRPC, as fast as they are acknowledged or at a rate, with the time that each took.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use hdrhistogram::Histogram;
use proto::v1::{SubmitAnswerResponse, scoring_service_client::ScoringServiceClient};
use tonic::transport::{Channel, Endpoint};

use crate::{arena::Deal, tally::microseconds};

/// Connections to the scoring service, as a handful of gateways would have.
const CONNECTIONS: usize = 4;
/// The most answers that are under way at a rate.
const AT_ONCE: usize = 2048;
/// How long a call may take: large uploads take longest.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who gives answers.
pub(crate) struct Load {
    channels: Vec<Channel>,
}

/// What was acknowledged, and how fast.
pub(crate) struct Given {
    pub(crate) answers: u64,
    pub(crate) points: u64,
    pub(crate) took: Duration,
    /// In microseconds, from the moment when an answer was due.
    pub(crate) delays: Histogram<u64>,
}

impl Given {
    fn new() -> Self {
        Self { answers: 0, points: 0, took: Duration::ZERO, delays: microseconds() }
    }

    fn add(&mut self, verdict: &SubmitAnswerResponse, took: Duration) {
        self.answers += 1;
        self.points += u64::from(verdict.points_earned);
        self.delays.saturating_record(took.as_micros() as u64);
    }

    /// Answers per second.
    pub(crate) fn rate(&self) -> f64 {
        self.answers as f64 / self.took.as_secs_f64()
    }
}

impl Load {
    /// Connects to a scoring service.
    pub(crate) async fn connect(scoring: SocketAddr) -> anyhow::Result<Self> {
        let endpoint =
            Endpoint::from_shared(format!("http://{scoring}"))?.timeout(PATIENCE).tcp_nodelay(true);
        let channels = try_join_all((0..CONNECTIONS).map(|_| endpoint.connect())).await?;
        Ok(Self { channels })
    }

    /// One of the connections.
    pub(crate) fn channel(&self) -> &Channel {
        self.channel_of(0)
    }

    /// The connection of a caller.
    pub(crate) fn channel_of(&self, number: usize) -> &Channel {
        &self.channels[number % self.channels.len()]
    }

    /// Each of so many callers gives an answer when its last one is acknowledged.
    ///
    /// # Errors
    /// If one is not.
    pub(crate) async fn closed(&self, deal: &Deal, callers: usize, span: Duration) -> anyhow::Result<Given> {
        let (given, began) = (RefCell::new(Given::new()), Instant::now());
        let caller = async |number: usize| -> anyhow::Result<()> {
            let mut scoring = self.caller(number);
            while began.elapsed() < span {
                let since = Instant::now();
                let verdict = scoring.submit_answer(deal.next()?).await?.into_inner();
                given.borrow_mut().add(&verdict, since.elapsed());
            }
            Ok(())
        };
        try_join_all((0..callers).map(caller)).await?;
        Ok(Given { took: began.elapsed(), ..given.into_inner() })
    }

    /// Gives answers at a rate, whether or not earlier ones are acknowledged. One that nobody was
    /// free to give in time counts from when it was due.
    ///
    /// # Errors
    /// If one is not acknowledged.
    pub(crate) async fn open(&self, deal: &Deal, per_second: f64, span: Duration) -> anyhow::Result<Given> {
        let (given, began, next) = (RefCell::new(Given::new()), Instant::now(), Cell::new(0_u32));
        let caller = async |number: usize| -> anyhow::Result<()> {
            let mut scoring = self.caller(number);
            loop {
                let after = Duration::from_secs_f64(f64::from(next.replace(next.get() + 1)) / per_second);
                if after >= span {
                    return Ok(());
                }
                let due = began + after;
                tokio::time::sleep_until(due.into()).await;
                let verdict = scoring.submit_answer(deal.next()?).await?.into_inner();
                given.borrow_mut().add(&verdict, due.elapsed());
            }
        };
        try_join_all((0..AT_ONCE).map(caller)).await?;
        Ok(Given { took: began.elapsed(), ..given.into_inner() })
    }

    fn caller(&self, number: usize) -> ScoringServiceClient<Channel> {
        ScoringServiceClient::new(self.channel_of(number).clone())
    }
}
