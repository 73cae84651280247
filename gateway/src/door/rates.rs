//! How often somebody may do what (GCRA; bursts are allowed after a quiet time).
//!
//! What is kept of a caller is forgotten once it says nothing any more, so memory is bounded by
//! the callers of the last seconds.

use std::{hash::Hash, net::IpAddr};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    state::keyed::DashMapStateStore,
};
use services::shutdown::Shutdown;

use super::{Refused, address::network, guesses::Guesses};
use crate::{
    config::{RateSettings, bounds::CALLERS_FORGOTTEN_EVERY},
    ids::ParticipantId,
};

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock>;

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
        Self {
            entries: Keyed::dashmap(Quota::per_second(settings.entry_rate).allow_burst(settings.entry_burst)),
            answers: Keyed::dashmap(Quota::per_second(settings.answer_rate)),
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

    use super::*;

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

    #[test]
    fn participants_are_counted_by_themselves() {
        let rates = rates();
        assert_eq!(rates.answer("p_aaaaaaaaaaaa".parse().unwrap()), Ok(()));
        assert!(too_often(rates.answer("p_aaaaaaaaaaaa".parse().unwrap())));
        assert_eq!(rates.answer("p_bbbbbbbbbbbb".parse().unwrap()), Ok(()));
    }
}
