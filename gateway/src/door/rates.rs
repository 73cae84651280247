//! How often somebody may do what (GCRA; bursts are allowed after a quiet time).
//!
//! What is kept of a caller is forgotten once it says nothing any more, so memory is bounded by
//! the callers of the last seconds.

use std::{hash::Hash, net::IpAddr};

use governor::{
    Quota, RateLimiter, clock::Clock as _, middleware::NoOpMiddleware, state::keyed::DashMapStateStore,
};
use services::shutdown::Shutdown;

use super::{Refused, address::network, guesses::Guesses};
use crate::{
    clock::{Moment, Timer},
    config::{RateSettings, bounds::CALLERS_FORGOTTEN_EVERY},
    ids::ParticipantId,
};

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, Timer, NoOpMiddleware<Moment>>;

/// Counts what callers do.
pub(crate) struct Rates {
    entries: Keyed<IpAddr>,
    answers: Keyed<ParticipantId>,
    /// Of join codes.
    pub(crate) codes: Guesses,
    /// Of the host's password.
    pub(crate) passwords: Guesses,
}

impl Rates {
    pub(super) fn new(settings: &RateSettings) -> Self {
        let entries = Quota::per_second(settings.entry_rate).allow_burst(settings.entry_burst);
        Self {
            entries: Keyed::new(entries, DashMapStateStore::default(), Timer),
            answers: Keyed::new(Quota::per_second(settings.answer_rate), DashMapStateStore::default(), Timer),
            codes: Guesses::new(settings.wrong_code_rate.get()),
            passwords: Guesses::new(settings.wrong_code_rate.get()),
        }
    }

    /// Counts a new socket or a join.
    ///
    /// # Errors
    /// [`Refused::TooOften`].
    pub(crate) fn entry(&self, client: IpAddr) -> Result<(), Refused> {
        check(&self.entries, &network(client))
    }

    /// Counts an answer.
    ///
    /// # Errors
    /// [`Refused::TooOften`].
    pub(crate) fn answer(&self, participant: ParticipantId) -> Result<(), Refused> {
        check(&self.answers, &participant)
    }

    /// Forgets callers that have been quiet, until the service stops.
    pub(crate) async fn forget_the_quiet(&self, shutdown: &Shutdown) {
        while tokio::time::timeout(CALLERS_FORGOTTEN_EVERY, shutdown.begun()).await.is_err() {
            self.forget();
        }
    }

    fn forget(&self) {
        self.entries.retain_recent();
        self.entries.shrink_to_fit();
        self.answers.retain_recent();
        self.answers.shrink_to_fit();
        self.codes.forget();
        self.passwords.forget();
    }
}

fn check<K: Hash + Eq + Clone>(limiter: &Keyed<K>, key: &K) -> Result<(), Refused> {
    limiter.check_key(key).map_err(|not_until| Refused::TooOften {
        retry_after: not_until.wait_time_from(limiter.clock().now()),
    })
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use tokio::time::advance;

    use super::*;
    use crate::config;

    fn rates() -> Rates {
        let number = |number| NonZeroU32::new(number).unwrap();
        Rates::new(&RateSettings {
            entry_rate: number(1),
            entry_burst: number(3),
            wrong_code_rate: number(2),
            answer_rate: number(1),
            message_rate: number(1),
            message_burst: number(1),
        })
    }

    fn too_often(result: Result<(), Refused>) -> bool {
        matches!(result, Err(Refused::TooOften { retry_after }) if retry_after > Duration::ZERO)
    }

    #[test]
    fn an_address_is_refused_after_its_burst_and_others_are_not() {
        let (rates, busy, other) = (rates(), "192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..3 {
            assert_eq!(rates.entry(busy), Ok(()));
        }
        assert!(too_often(rates.entry(busy)));
        assert_eq!(rates.entry(other), Ok(()));
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_caller() {
        let rates = rates();
        for host in 1..=3 {
            assert_eq!(rates.entry(format!("2001:db8::{host}").parse().unwrap()), Ok(()));
        }
        assert!(too_often(rates.entry("2001:db8::4".parse().unwrap())));
        assert_eq!(rates.entry("2001:db8:0:1::1".parse().unwrap()), Ok(()));
    }

    /// How often something is allowed in so many seconds, if it is tried a thousand times in each.
    async fn allowed_in(seconds: u32, mut attempt: impl FnMut() -> Result<(), Refused>) -> u32 {
        let mut allowed = 0;
        for _ in 0..seconds * 1000 {
            advance(Duration::from_millis(1)).await;
            allowed += u32::from(attempt().is_ok());
        }
        allowed
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_never_rests_gets_in_200_times_a_second_and_a_quiet_one_2000_at_once() {
        let (rates, school) = (Rates::new(&config::tests::rates()), "192.0.2.1".parse().unwrap());
        let enter = || rates.entry(school);
        assert_eq!((0..5000).filter(|_| enter().is_ok()).count(), 2000);
        assert_eq!(allowed_in(60, enter).await, 60 * 200);
        advance(Duration::from_secs(5)).await;
        assert_eq!((0..5000).filter(|_| enter().is_ok()).count(), 5 * 200);
        advance(Duration::from_secs(3600)).await;
        assert_eq!((0..5000).filter(|_| enter().is_ok()).count(), 2000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_participant_that_never_rests_answers_10_times_a_second() {
        let (rates, alice) = (Rates::new(&config::tests::rates()), "p_aaaaaaaaaaaa".parse().unwrap());
        assert_eq!((0..100).filter(|_| rates.answer(alice).is_ok()).count(), 10);
        assert_eq!(allowed_in(60, || rates.answer(alice)).await, 60 * 10);
    }

    #[test]
    fn participants_are_counted_by_themselves() {
        let rates = rates();
        assert_eq!(rates.answer("p_aaaaaaaaaaaa".parse().unwrap()), Ok(()));
        assert!(too_often(rates.answer("p_aaaaaaaaaaaa".parse().unwrap())));
        assert_eq!(rates.answer("p_bbbbbbbbbbbb".parse().unwrap()), Ok(()));
    }
}
