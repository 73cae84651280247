//! The connection for commands: made on demand, given up when it is no longer good, and never
//! waited for beyond a deadline.

use std::{
    future::Future,
    iter::repeat_with,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use anyhow::anyhow;
use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind};
use services::telemetry::limit_reached;
use tokio::time::{Instant, timeout_at};

use super::{
    breaker::Breaker,
    nodes::{Connection, Nodes},
};
use crate::{
    board::{Error, Result},
    config::bounds::REDIS_CLUSTER_TRUSTED,
};

/// One shared connection.
pub(super) struct Link {
    nodes: Arc<Nodes>,
    breaker: Breaker,
    present: Mutex<Present>,
    /// Held by the one caller that connects for all.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Present {
    connection: Option<Connection>,
    /// Tells this connection from those before it.
    number: u64,
    /// What is known of it, if it leads to a cluster, where one node may be away and others not.
    cluster: Option<Cluster>,
}

#[derive(Clone, Copy)]
struct Cluster {
    connected: Instant,
    /// When some node last answered.
    answered: Instant,
}

impl Link {
    pub(super) fn new(nodes: Arc<Nodes>) -> Self {
        Self {
            nodes,
            breaker: Breaker::new(),
            present: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        }
    }

    /// Asks for something within a time that includes connecting.
    pub(super) async fn ask<T, F>(
        &self,
        limit: Duration,
        question: impl FnOnce(Connection) -> F + Send,
    ) -> Result<T>
    where
        T: Send,
        F: Future<Output = RedisResult<T>> + Send,
    {
        let ask = |connection, deadline| async move { vec![in_time(deadline, question(connection)).await] };
        self.ask_each(limit, 1, ask).await.pop().expect("it asks for one thing")
    }

    /// Asks for several things, of which each has an answer of its own, within a time that includes
    /// connecting.
    pub(super) async fn ask_each<T, F>(
        &self,
        limit: Duration,
        count: usize,
        question: impl FnOnce(Connection, Instant) -> F + Send,
    ) -> Vec<Result<T>>
    where
        T: Send,
        F: Future<Output = Vec<RedisResult<T>>> + Send,
    {
        let Some(admission) = self.breaker.admit() else {
            let refuse = || Err(Error::Unavailable(anyhow!("it did not answer lately")));
            return repeat_with(refuse).take(count).collect();
        };
        let deadline = Instant::now() + limit;
        let mut used = None;
        let answers = match in_time(deadline, self.connection()).await {
            Ok((connection, number)) => {
                used = Some(number);
                question(connection, deadline).await
            }
            Err(error) => repeat_with(|| Err(error.clone())).take(count).collect(),
        };
        let errors: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
        let somebody_answered = errors.iter().filter(|error| is_no_answer(error)).count() < answers.len();
        let is_lost = errors.into_iter().any(is_lost);
        if self.present().learn(used, somebody_answered, is_lost) {
            admission.succeeded();
        } else {
            admission.failed();
        }
        answers.into_iter().map(|answer| answer.map_err(|error| Error::Unavailable(error.into()))).collect()
    }

    /// Asks now whether the server answers: there is a sign that it is back.
    pub(super) async fn try_now(&self, limit: Duration) {
        self.breaker.try_now();
        let ping = |mut connection| async move { redis::cmd("PING").exec_async(&mut connection).await };
        if let Err(Error::Unavailable(error)) = self.ask(limit, ping).await {
            tracing::debug!(?error, "the board store still does not answer");
        }
    }

    async fn connection(&self) -> RedisResult<(Connection, u64)> {
        if let Some(present) = self.present().usable() {
            return Ok(present);
        }
        let _connecting = self.connecting.lock().await;
        if let Some(made_meanwhile) = self.present().usable() {
            return Ok(made_meanwhile);
        }
        let connection = self.nodes.connect().await?;
        let mut present = self.present();
        let now = Instant::now();
        let is_cluster = matches!(connection, Connection::Cluster(_));
        present.number += 1;
        present.cluster = is_cluster.then_some(Cluster { connected: now, answered: now });
        present.connection = Some(connection.clone());
        Ok((connection, present.number))
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().expect("nobody panics while holding it")
    }
}

impl Present {
    fn usable(&self) -> Option<(Connection, u64)> {
        self.connection.clone().map(|connection| (connection, self.number))
    }

    /// Draws conclusions from a call over the connection of this number: gives it up if it is no longer
    /// good, and tells whether anybody answers.
    ///
    /// A connection to a cluster is good for all other nodes while one is away.
    fn learn(&mut self, number: Option<u64>, somebody_answered: bool, is_lost: bool) -> bool {
        if number != Some(self.number) {
            return somebody_answered;
        }
        let (mut others_answer, mut is_new) = (false, false);
        if let Some(cluster) = &mut self.cluster {
            if somebody_answered {
                cluster.answered = Instant::now();
            }
            others_answer = cluster.answered.elapsed() < REDIS_CLUSTER_TRUSTED;
            is_new = cluster.connected.elapsed() < REDIS_CLUSTER_TRUSTED;
        }
        if is_lost && !(others_answer && is_new) {
            self.connection = None;
        }
        somebody_answered || others_answer
    }
}

/// Waits for an answer, but not for ever.
pub(super) async fn in_time<T>(
    deadline: Instant,
    answer: impl Future<Output = RedisResult<T>>,
) -> RedisResult<T> {
    timeout_at(deadline, answer).await.unwrap_or_else(|_| {
        limit_reached("redis.call");
        // Nothing tells a slow server from a connection that died silently.
        Err(RedisError::from((ErrorKind::Io, "no answer in time")))
    })
}

/// Whether the connection leads nowhere: it broke, or to a server that became a replica.
fn is_lost(error: &RedisError) -> bool {
    error.is_unrecoverable_error() || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

/// Whether nobody was there to answer, as far as the servers themselves can tell.
fn is_no_answer(error: &RedisError) -> bool {
    let nobody =
        [ErrorKind::Io, ErrorKind::ClusterConnectionNotFound, ErrorKind::MasterNameNotFoundBySentinel];
    nobody.contains(&error.kind()) || error.is_cluster_error()
}
