//! Wrong guesses of each address, within a minute: whoever guessed wrong too often may not guess
//! on, even if it would be right.
//!
//! A guess that is under way may turn out wrong. So no more of an address are under way than may
//! still be wrong, and the others wait for their turn: a crowd behind one address that guesses
//! right comes in, and whoever guesses all at once learns no more than one after the other.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use services::telemetry::limit_reached;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use super::{Refused, address::network};
use crate::config::bounds::{GUESS_TURN, RETRY_AFTER};

/// The window in which wrong guesses are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// Counts wrong guesses of one kind.
pub(crate) struct Guesses {
    minutes: Mutex<HashMap<IpAddr, Arc<Minute>>>,
    allowed: u32,
}

/// A minute of one address, from its first guess on.
struct Minute {
    since: Instant,
    /// One for each wrong guess that is left and not under way; closed when none is left.
    turns: Arc<Semaphore>,
    left: AtomicU32,
}

/// A guess that is under way. It was not wrong unless [`Guess::was_wrong`] says so.
pub(crate) struct Guess {
    minute: Arc<Minute>,
    turn: OwnedSemaphorePermit,
}

impl Guesses {
    /// Each address may guess wrong this often in a minute.
    pub(super) fn new(allowed: u32) -> Self {
        Self { minutes: Mutex::default(), allowed }
    }

    /// Lets an address guess when it is its turn, but not if it was wrong too often.
    ///
    /// # Errors
    /// [`Refused::TooOften`].
    pub(crate) async fn begin(&self, client: IpAddr) -> Result<Guess, Refused> {
        let minute = self.minute(client);
        let turn = timeout(GUESS_TURN, Arc::clone(&minute.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| {
            limit_reached("guesses");
            Refused::TooOften { retry_after: RETRY_AFTER }
        })?;
        match turn {
            Ok(turn) => Ok(Guess { minute, turn }),
            Err(_) => Err(Refused::TooOften { retry_after: MINUTE.saturating_sub(minute.since.elapsed()) }),
        }
    }

    /// The minute of an address that is not over.
    fn minute(&self, client: IpAddr) -> Arc<Minute> {
        let mut minutes = self.minutes();
        let minute = minutes.entry(network(client)).or_insert_with(|| Minute::begin(self.allowed));
        if minute.is_over() {
            *minute = Minute::begin(self.allowed);
        }
        Arc::clone(minute)
    }

    /// Forgets what is more than a minute ago.
    pub(super) fn forget(&self) {
        let mut minutes = self.minutes();
        minutes.retain(|_, minute| !minute.is_over());
        minutes.shrink_to_fit();
    }

    fn minutes(&self) -> MutexGuard<'_, HashMap<IpAddr, Arc<Minute>>> {
        self.minutes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Minute {
    fn begin(allowed: u32) -> Arc<Self> {
        let turns = Arc::new(Semaphore::new(allowed as usize));
        Arc::new(Self { since: Instant::now(), turns, left: AtomicU32::new(allowed) })
    }

    fn is_over(&self) -> bool {
        self.since.elapsed() >= MINUTE
    }
}

impl Guess {
    /// Counts it.
    pub(crate) fn was_wrong(self) {
        let Self { minute, turn } = self;
        turn.forget();
        if minute.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            minute.turns.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, pin::pin};

    use futures_util::poll;

    use super::*;

    const GUESSER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    async fn wrong(guesses: &Guesses) {
        guesses.begin(GUESSER).await.ok().unwrap().was_wrong();
    }

    async fn is_refused(guesses: &Guesses) -> bool {
        match guesses.begin(GUESSER).await {
            Ok(_) => false,
            Err(refused) => {
                assert!(
                    matches!(refused, Refused::TooOften { retry_after } if retry_after > Duration::ZERO),
                    "{refused:?}"
                );
                true
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_wrong_guesses_are_counted() {
        let guesses = Guesses::new(2);
        for _ in 0..10 {
            assert!(!is_refused(&guesses).await);
        }
        wrong(&guesses).await;
        assert!(!is_refused(&guesses).await);
        wrong(&guesses).await;
        assert!(is_refused(&guesses).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_minute_later_an_address_may_guess_again_and_is_forgotten() {
        let guesses = Guesses::new(2);
        wrong(&guesses).await;
        wrong(&guesses).await;
        tokio::time::advance(MINUTE - Duration::from_secs(1)).await;
        assert!(is_refused(&guesses).await);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!is_refused(&guesses).await);
        tokio::time::advance(MINUTE).await;
        guesses.forget();
        assert!(guesses.minutes().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_guesses_are_under_way_than_may_be_wrong() {
        let guesses = Guesses::new(2);
        let first = guesses.begin(GUESSER).await.ok().unwrap();
        let second = guesses.begin(GUESSER).await.ok().unwrap();
        let (mut third, mut fourth) = (pin!(guesses.begin(GUESSER)), pin!(guesses.begin(GUESSER)));
        assert!(poll!(&mut third).is_pending() && poll!(&mut fourth).is_pending());
        first.was_wrong();
        assert!(poll!(&mut third).is_pending(), "the second may be wrong too");
        drop(second);
        third.await.ok().unwrap().was_wrong();
        assert!(fourth.await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_turn_without_end() {
        let guesses = Guesses::new(1);
        let endless = guesses.begin(GUESSER).await.ok().unwrap();
        assert!(is_refused(&guesses).await);
        drop(endless);
        assert!(!is_refused(&guesses).await);
    }
}
