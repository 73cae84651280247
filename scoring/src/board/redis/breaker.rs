//! Keeps callers from waiting for a server that does not answer. Knows nothing of Redis.

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    config::bounds::{BREAKER_LONGEST_PAUSE, BREAKER_SHORTEST_PAUSE, BREAKER_TOLERATES},
    metrics,
};

/// Closed while calls succeed; open after some failures, when every call is refused at once;
/// then lets single calls try, until one succeeds.
#[derive(Debug)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant, pause: Duration },
    Trying,
}

/// The right to make one call. Dropped without a word, as when the caller went away, it says
/// nothing about the server.
#[derive(Debug)]
pub(super) struct Admission<'a> {
    breaker: &'a Breaker,
    /// The pause before this call, if it is the one that tries.
    trying: Option<Duration>,
    is_settled: bool,
}

impl Breaker {
    pub(super) fn new() -> Self {
        metrics::breaker_closed();
        Self { state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Lets a call through, or none.
    pub(super) fn admit(&self) -> Option<Admission<'_>> {
        let mut state = self.state();
        let trying = match *state {
            State::Closed { .. } => None,
            State::Open { until, pause } if until <= Instant::now() => {
                *state = State::Trying;
                Some(pause)
            }
            State::Open { .. } | State::Trying => return None,
        };
        Some(Admission { breaker: self, trying, is_settled: false })
    }

    /// Ends the pause: there is a sign that the server is back.
    pub(super) fn try_now(&self) {
        let mut state = self.state();
        if let State::Open { pause, .. } = *state {
            *state = State::Open { until: Instant::now(), pause };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding the state")
    }
}

impl Admission<'_> {
    /// The server answered.
    pub(super) fn succeeded(mut self) {
        self.is_settled = true;
        let mut state = self.breaker.state();
        if !matches!(*state, State::Closed { .. }) {
            metrics::breaker_closed();
            tracing::info!("the board store answers again");
        }
        *state = State::Closed { failures: 0 };
    }

    /// The server did not answer.
    pub(super) fn failed(mut self) {
        self.is_settled = true;
        let mut state = self.breaker.state();
        *state = match (*state, self.trying) {
            (State::Closed { failures }, _) if failures + 1 < BREAKER_TOLERATES => {
                State::Closed { failures: failures + 1 }
            }
            (State::Closed { .. }, _) => {
                metrics::breaker_opened();
                tracing::warn!("the board store does not answer");
                State::opened(BREAKER_SHORTEST_PAUSE)
            }
            (State::Trying, Some(pause)) => State::opened(BREAKER_LONGEST_PAUSE.min(pause * 2)),
            // It began before others found out.
            (state, _) => state,
        };
    }
}

impl State {
    fn opened(pause: Duration) -> Self {
        Self::Open { until: Instant::now() + pause, pause }
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if let (false, Some(pause)) = (self.is_settled, self.trying) {
            let mut state = self.breaker.state();
            if let State::Trying = *state {
                *state = State::Open { until: Instant::now(), pause };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Breaker {
        let breaker = Breaker::new();
        (0..BREAKER_TOLERATES).for_each(|_| breaker.admit().expect("it is closed").failed());
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn only_failures_in_a_row_open_it() {
        let breaker = Breaker::new();
        for _ in 0..10 {
            (1..BREAKER_TOLERATES).for_each(|_| breaker.admit().unwrap().failed());
            breaker.admit().unwrap().succeeded();
        }
        assert!(breaker.admit().is_some());
        assert!(open().admit().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_pause_one_call_tries_and_its_success_lets_all_through() {
        let breaker = open();
        tokio::time::advance(BREAKER_SHORTEST_PAUSE).await;
        let trying = breaker.admit().expect("the pause is over");
        assert!(breaker.admit().is_none());
        trying.succeeded();
        assert!(breaker.admit().is_some() && breaker.admit().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn each_failed_try_doubles_the_pause_up_to_a_second() {
        let breaker = open();
        for pause in [200, 400, 800, 1000, 1000] {
            tokio::time::advance(Duration::from_millis(pause - 1)).await;
            assert!(breaker.admit().is_none(), "{pause} ms are not over");
            tokio::time::advance(Duration::from_millis(1)).await;
            breaker.admit().expect("the pause is over").failed();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_leaves_the_try_to_the_next() {
        let breaker = open();
        tokio::time::advance(BREAKER_SHORTEST_PAUSE).await;
        drop(breaker.admit().expect("the pause is over"));
        assert!(breaker.admit().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_sign_of_life_ends_the_pause() {
        let breaker = open();
        breaker.try_now();
        assert!(breaker.admit().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_began_before_it_opened_do_not_prolong_the_pause() {
        let breaker = Breaker::new();
        let early: Vec<_> = (0..10).map(|_| breaker.admit().unwrap()).collect();
        early.into_iter().for_each(Admission::failed);
        tokio::time::advance(BREAKER_SHORTEST_PAUSE).await;
        assert!(breaker.admit().is_some());
    }
}
