//! One read at a time of each thing: whoever asks while one is under way shares the next. So a
//! crowd costs no more than two reads, and nobody is told what was so before it asked.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync, time::timeout};

/// Reads of things that `K` names.
pub(crate) struct Turns<K: Eq + Hash, V> {
    patience: Duration,
    lines: Mutex<HashMap<K, Line<V>>>,
}

/// Those who wait for the same.
struct Line<V> {
    length: usize,
    reads: Arc<Reads<V>>,
}

struct Reads<V> {
    begun: AtomicU64,
    /// What the last one gave that came to its end, and which it was.
    last: sync::Mutex<Option<(u64, V)>>,
}

impl<K: Eq + Hash + Clone, V: Clone> Turns<K, V> {
    /// Nobody waits longer than this, whatever the others wait for.
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, lines: Mutex::default() }
    }

    /// Gives what `read` does, or what another's read gave that began after this call; nothing if
    /// that takes too long.
    pub(crate) async fn read(&self, key: K, read: impl Future<Output = V>) -> Option<V> {
        timeout(self.patience, self.share(key, read)).await.ok()
    }

    async fn share(&self, key: K, read: impl Future<Output = V>) -> V {
        let place = self.queue(key);
        let begun_before = place.reads.begun.load(Ordering::Acquire);
        let mut last = place.reads.last.lock().await;
        if let Some((number, value)) = &*last
            && *number > begun_before
        {
            return value.clone();
        }
        let number = place.reads.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let value = read.await;
        *last = Some((number, value.clone()));
        value
    }

    fn queue(&self, key: K) -> Place<'_, K, V> {
        let mut lines = self.lines();
        let line = lines.entry(key.clone()).or_insert_with(|| {
            let reads = Reads { begun: AtomicU64::new(0), last: sync::Mutex::new(None) };
            Line { length: 0, reads: Arc::new(reads) }
        });
        line.length += 1;
        Place { turns: self, key, reads: Arc::clone(&line.reads) }
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<K, Line<V>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a line, which is gone with the last.
struct Place<'a, K: Eq + Hash + Clone, V: Clone> {
    turns: &'a Turns<K, V>,
    key: K,
    reads: Arc<Reads<V>>,
}

impl<K: Eq + Hash + Clone, V: Clone> Drop for Place<'_, K, V> {
    fn drop(&mut self) {
        let mut lines = self.turns.lines();
        if let Some(line) = lines.get_mut(&self.key) {
            line.length -= 1;
            if line.length == 0 {
                lines.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future, pin::pin};

    use futures_util::{FutureExt as _, future::join_all, poll};
    use tokio::{
        sync::oneshot,
        time::{Instant, sleep},
    };

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(8);

    #[tokio::test]
    async fn who_asks_during_a_read_shares_the_next_one() {
        let turns = Turns::new(PATIENCE);
        let (done, finish) = oneshot::channel();
        let mut first = pin!(turns.read("board", async { finish.await.unwrap() }));
        assert!(poll!(&mut first).is_pending());
        let crowd = (1..=100).map(|number| turns.read("board", future::ready(number)));
        let mut crowd = pin!(join_all(crowd));
        assert!(poll!(&mut crowd).is_pending());
        done.send(0).unwrap();
        assert_eq!(first.await, Some(0));
        let told = crowd.await;
        assert!(told[0].is_some() && told.iter().all(|number| *number == told[0]), "{told:?}");
        assert!(turns.lines().is_empty(), "nobody waits any more");
    }

    #[tokio::test]
    async fn who_asks_after_a_read_has_begun_is_not_told_its_outcome() {
        let turns = Turns::new(PATIENCE);
        let (done, finish) = oneshot::channel();
        let mut first = pin!(turns.read("board", async { finish.await.unwrap() }));
        assert!(poll!(&mut first).is_pending());
        let mut second = pin!(turns.read("board", future::ready("newer")));
        assert!(poll!(&mut second).is_pending());
        done.send("older").unwrap();
        assert_eq!((first.await, second.await), (Some("older"), Some("newer")));
    }

    #[tokio::test]
    async fn a_read_that_was_given_up_is_made_by_the_next() {
        let turns = Turns::new(PATIENCE);
        let mut given_up = Box::pin(turns.read("board", future::pending()));
        assert!(poll!(&mut given_up).is_pending());
        let mut next = pin!(turns.read("board", future::ready(1)));
        assert!(poll!(&mut next).is_pending());
        drop(given_up);
        assert_eq!(next.await, Some(1));
    }

    #[tokio::test]
    async fn different_things_are_read_side_by_side() {
        let turns = Turns::new(PATIENCE);
        let mut one = pin!(turns.read("one", future::pending()));
        assert!(poll!(&mut one).is_pending());
        assert_eq!(turns.read("another", future::ready(2)).now_or_never(), Some(Some(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_who_wait_for_what_hangs_each_is_told_within_its_own_deadline() {
        let turns = Turns::new(PATIENCE);
        let reader = async |after: Duration| {
            sleep(after).await;
            let asked = Instant::now();
            assert_eq!(turns.read("board", future::pending::<()>()).await, None);
            asked.elapsed()
        };
        let waited = join_all((0..100).map(|number| reader(PATIENCE * number / 50))).await;
        let latest = PATIENCE + Duration::from_millis(10);
        assert!(waited.iter().all(|waited| *waited <= latest), "{waited:?}");
        assert!(turns.lines().is_empty(), "nobody waits any more");
    }
}
