//! Wrong guesses of each address, within a minute: whoever guessed wrong too often may not guess
//! on, even if it would be right.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{Refused, address::network};

/// The window in which wrong guesses are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// Counts wrong guesses of one kind.
pub(crate) struct Guesses {
    wrong: Mutex<HashMap<IpAddr, Wrong>>,
    allowed: u32,
}

/// The wrong guesses of one address since a moment.
struct Wrong {
    since: Instant,
    count: u32,
}

impl Guesses {
    /// Each address may guess wrong this often in a minute.
    pub(super) fn new(allowed: u32) -> Self {
        Self { wrong: Mutex::default(), allowed }
    }

    /// Tells whether an address may guess: not if it was wrong too often.
    ///
    /// # Errors
    /// [`Refused::TooOften`].
    pub(crate) fn may_guess(&self, client: IpAddr) -> Result<(), Refused> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        match wrong.get(&network(client)) {
            Some(Wrong { since, count }) if *count >= self.allowed => {
                match MINUTE.saturating_sub(since.elapsed()) {
                    Duration::ZERO => Ok(()),
                    retry_after => Err(Refused::TooOften { retry_after }),
                }
            }
            _ => Ok(()),
        }
    }

    /// Counts a wrong guess.
    pub(crate) fn wrong(&self, client: IpAddr) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let mine = wrong.entry(network(client)).or_insert(Wrong { since: now, count: 0 });
        if now.duration_since(mine.since) >= MINUTE {
            *mine = Wrong { since: now, count: 0 };
        }
        mine.count += 1;
    }

    /// Forgets what is more than a minute ago.
    pub(super) fn forget(&self) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.retain(|_, wrong| wrong.since.elapsed() < MINUTE);
        wrong.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn too_often(result: Result<(), Refused>) -> bool {
        matches!(result, Err(Refused::TooOften { retry_after }) if retry_after > Duration::ZERO)
    }

    #[test]
    fn only_wrong_guesses_are_counted() {
        let (guesses, guesser) = (Guesses::new(2), "192.0.2.1".parse().unwrap());
        for _ in 0..10 {
            assert_eq!(guesses.may_guess(guesser), Ok(()));
        }
        guesses.wrong(guesser);
        assert_eq!(guesses.may_guess(guesser), Ok(()));
        guesses.wrong(guesser);
        assert!(too_often(guesses.may_guess(guesser)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_minute_later_an_address_may_guess_again_and_is_forgotten() {
        let (guesses, guesser) = (Guesses::new(2), "192.0.2.1".parse().unwrap());
        guesses.wrong(guesser);
        guesses.wrong(guesser);
        tokio::time::advance(MINUTE - Duration::from_secs(1)).await;
        assert!(too_often(guesses.may_guess(guesser)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(guesses.may_guess(guesser), Ok(()));
        guesses.forget();
        assert!(guesses.wrong.lock().unwrap().is_empty());
    }
}
