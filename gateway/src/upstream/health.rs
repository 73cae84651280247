//! Follows what one scoring process says of its health, and keeps it among those that are called
//! for as long as it serves (<https://github.com/grpc/grpc/blob/master/doc/health-checking.md>).

use std::{convert::Infallible, sync::Arc};

use tokio::time::{sleep, timeout};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{
    connection::Lane,
    replicas::{Replica, Replicas},
};
use crate::config::bounds::{FIRST_PAUSE, LAST_PAUSE, SCORING_SAYS_WITHIN};

/// Follows one process, for as long as anybody calls this.
pub(super) async fn follow(replica: &Arc<Replica>, replicas: &Replicas) -> Infallible {
    let mut pause = FIRST_PAUSE;
    loop {
        match listen(replica, replicas).await {
            Ended::Suspected => continue,
            Ended::Serving => pause = FIRST_PAUSE,
            Ended::NotServing => pause = (pause * 2).min(LAST_PAUSE),
        }
        replicas.eject(replica);
        sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
    }
}

/// How listening ended.
enum Ended {
    /// Somebody had trouble with a process that served a moment ago: it has to say so again.
    Suspected,
    /// The way to a process that served was lost.
    Serving,
    /// It did not serve, or nothing was heard of it.
    NotServing,
}

/// Opens a stream of what the process says, and acts on it until it ends.
async fn listen(replica: &Arc<Replica>, replicas: &Replicas) -> Ended {
    let mut client = HealthClient::new(replica.channel(Lane::Streams));
    let opening = async {
        let mut words = client.watch(HealthCheckRequest::default()).await?.into_inner();
        let first = words.message().await?;
        Ok::<_, tonic::Status>((words, first))
    };
    let Ok(Ok((mut words, mut word))) = timeout(SCORING_SAYS_WITHIN, opening).await else {
        return Ended::NotServing;
    };
    let mut serves = false;
    while let Some(said) = word {
        serves = said.status() == ServingStatus::Serving;
        if serves {
            replicas.admit(replica);
        } else {
            replicas.eject(replica);
        }
        tokio::select! {
            heard = words.message() => word = heard.unwrap_or(None),
            () = replica.suspected(), if serves => return Ended::Suspected,
        }
    }
    if serves { Ended::Serving } else { Ended::NotServing }
}
