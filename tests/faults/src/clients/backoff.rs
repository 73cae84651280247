//! How long somebody waits before the next try: longer each time, and never all at once.

use std::time::Duration;

/// Full jitter: a random time up to a bound that doubles with each failure.
#[derive(Debug, Clone)]
pub struct Backoff {
    bound: Duration,
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// Begins with a bound of `first`, which never grows beyond `longest`.
    #[must_use]
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { bound: first, first, longest }
    }

    /// As a page in a browser waits for its next socket.
    #[must_use]
    pub fn of_a_page() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(30))
    }

    /// As an impatient client waits for its next try of a call.
    #[must_use]
    pub fn of_a_call() -> Self {
        Self::new(Duration::from_millis(50), Duration::from_secs(1))
    }

    /// Gives the next wait: what the server asked for, or a random one.
    pub fn next(&mut self, asked: Option<Duration>) -> Duration {
        let bound = self.bound;
        self.bound = (bound * 2).min(self.longest);
        asked.unwrap_or_else(|| rand::random_range(Duration::ZERO..=bound))
    }

    /// Something worked: begins anew.
    pub fn reset(&mut self) {
        self.bound = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(ms(10), ms(40));
        for bound in [10, 20, 40, 40] {
            assert!(backoff.next(None) <= ms(bound));
        }
        assert_eq!(backoff.bound, ms(40));
        backoff.reset();
        assert!(backoff.next(None) <= ms(10));
    }

    #[test]
    fn what_the_server_asks_for_is_heeded() {
        let asked = Duration::from_millis(1234);
        assert_eq!(Backoff::of_a_page().next(Some(asked)), asked);
    }
}
