//! The connection for commands: made on demand, given up when it is no longer good, and never
//! waited for beyond a deadline.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use anyhow::anyhow;
use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind};
use services::telemetry::limit_reached;
use tokio::time::timeout;

use super::{
    breaker::Breaker,
    nodes::{Connection, Nodes},
};
use crate::board::{Error, Result};

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
        F: Future<Output = RedisResult<T>> + Send,
    {
        let Some(admission) = self.breaker.admit() else {
            return Err(Error::Unavailable(anyhow!("it did not answer lately")));
        };
        let mut used = None;
        let asking = async {
            let (connection, number) = self.connection().await?;
            used = Some(number);
            question(connection).await
        };
        let answer = timeout(limit, asking).await;
        match answer {
            Ok(Ok(answer)) => {
                admission.succeeded();
                Ok(answer)
            }
            Ok(Err(error)) => {
                if is_lost(&error) {
                    self.give_up(used);
                }
                if is_no_answer(&error) {
                    admission.failed()
                } else {
                    admission.succeeded()
                }
                Err(Error::Unavailable(error.into()))
            }
            Err(elapsed) => {
                limit_reached("redis.call");
                // Nothing tells a slow server from a connection that died silently.
                self.give_up(used);
                admission.failed();
                Err(Error::Unavailable(elapsed.into()))
            }
        }
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
        present.number += 1;
        present.connection = Some(connection.clone());
        Ok((connection, present.number))
    }

    fn give_up(&self, number: Option<u64>) {
        let mut present = self.present();
        if number == Some(present.number) {
            present.connection = None;
        }
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().expect("nobody panics while holding it")
    }
}

impl Present {
    fn usable(&self) -> Option<(Connection, u64)> {
        self.connection.clone().map(|connection| (connection, self.number))
    }
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
