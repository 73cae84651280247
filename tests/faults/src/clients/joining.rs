//! Taking seats: before a quiz begins, and while it is played.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Backoff, Door, Ticket};
use crate::history::{Call, Join, Outcome, Seat, Stopwatch};

/// How long somebody who does not know whether it has a seat asks again.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many people come late.
const LATECOMERS: u32 = 10;

/// Asks for a seat until the outcome is known, each time at another of these gateways; logs all
/// tries.
pub(super) async fn take_seat(
    quiz: &str,
    username: String,
    gateways: impl Iterator<Item = &Door>,
    stopwatch: Stopwatch,
) -> (Vec<Call<Join, Seat>>, Option<Ticket>) {
    let (first, mut tries, mut backoff) = (Instant::now(), Vec::new(), Backoff::of_a_call());
    let request = Join { username };
    for door in gateways {
        let began = stopwatch.now();
        let (outcome, ticket) = door.join(quiz, &request).await;
        let retry_after = match &outcome {
            Outcome::Unknown(trouble) => Some(trouble.retry_after),
            Outcome::Done(_) | Outcome::Refused(_) => None,
        };
        tries.push(Call { request: request.clone(), began, ended: stopwatch.now(), outcome });
        match retry_after {
            Some(asked) if first.elapsed() < PATIENCE => sleep(backoff.next(asked)).await,
            _ => return (tries, ticket),
        }
    }
    (tries, None)
}

/// People who join one after another while a quiz is played, and the log of their attempts.
#[derive(Debug, Clone)]
pub struct Latecomers {
    gateways: Arc<[Door]>,
    pause: Duration,
    tries: Arc<Mutex<Vec<Call<Join, Seat>>>>,
}

impl Latecomers {
    /// People who come by these gateways in turn, spread over so many seconds.
    #[must_use]
    pub fn to(gateways: &[SocketAddr], seconds: u32) -> Self {
        let gateways = gateways.iter().map(|address| Door::gateway(*address)).collect();
        Self { gateways, pause: Duration::from_secs(1) * seconds / LATECOMERS, tries: Arc::default() }
    }

    /// Lets them come.
    ///
    /// # Panics
    /// If somebody else who read the log has.
    pub async fn join(&self, quiz: &str, stopwatch: Stopwatch) {
        let began = Instant::now();
        let all = (0..LATECOMERS).map(|number| async move {
            sleep_until(began + self.pause * number).await;
            let gateways = self.gateways.iter().cycle().skip(number as usize);
            let (tries, _) = take_seat(quiz, format!("latecomer-{number}"), gateways, stopwatch).await;
            self.tries.lock().expect("nobody has panicked").extend(tries);
        });
        stream::iter(all).for_each_concurrent(None, |joining| joining).await;
    }

    /// The log of all attempts.
    ///
    /// # Panics
    /// If somebody else who read the log has.
    #[must_use]
    pub fn tries(&self) -> Vec<Call<Join, Seat>> {
        self.tries.lock().expect("nobody has panicked").clone()
    }
}
