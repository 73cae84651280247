//! When to look at a socket again: a timer wheel, so that ten thousand deadlines cost no more than
//! those that are due. It knows nothing of sockets but a key for each.

use std::time::Duration;

use tokio::time::Instant;

/// The finest time that is kept.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// How many ticks the wheel has; a later deadline is looked at early, and put back.
const TICKS: u64 = 1024;

/// A moment, counted in ticks since the wheel began to turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tick(u64);

impl Tick {
    /// Later than any deadline.
    pub(super) const NEVER: Self = Self(u64::MAX);
}

/// Keys by the tick at which they are due.
pub(super) struct Wheel<K> {
    began: Instant,
    /// The first tick that is not over.
    now: u64,
    spokes: Box<[Vec<K>]>,
}

impl<K> Wheel<K> {
    /// Begins to turn.
    pub(super) fn new(began: Instant) -> Self {
        Self { began, now: 0, spokes: (0..TICKS).map(|_| Vec::new()).collect() }
    }

    /// The tick by which a deadline has passed, or an earlier one if that is too far away.
    pub(super) fn tick(&self, deadline: Instant) -> Tick {
        let ticks = deadline.saturating_duration_since(self.began).as_millis().div_ceil(TICK.as_millis());
        let last = self.now + TICKS - 1;
        Tick(u64::try_from(ticks).unwrap_or(u64::MAX).clamp(self.now, last))
    }

    /// Makes a key due at a tick that [`Wheel::tick`] gave.
    pub(super) fn put(&mut self, key: K, at: Tick) {
        self.spokes[(at.0 % TICKS) as usize].push(key);
    }

    /// Turns on; gives the keys of one tick that is over, and which it was, until there is none.
    pub(super) fn turn(&mut self, now: Instant) -> Option<(Tick, Vec<K>)> {
        let over = now.saturating_duration_since(self.began).as_millis() / TICK.as_millis();
        while u128::from(self.now) <= over {
            let at = self.now;
            self.now += 1;
            // Taken, not drained: the wheel is not to keep the room of its busiest moment.
            let due = std::mem::take(&mut self.spokes[(at % TICKS) as usize]);
            if !due.is_empty() {
                return Some((Tick(at), due));
            }
        }
        None
    }

    /// How long until a key is due; nothing if none is.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        let ahead = (self.now..self.now + TICKS).find(|at| !self.spokes[(at % TICKS) as usize].is_empty())?;
        let due = self.began + TICK * u32::try_from(ahead).unwrap_or(u32::MAX);
        Some(due.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_when_they_are_due_and_not_before() {
        let start = Instant::now();
        let mut wheel = Wheel::new(start);
        for millis in [0, 250, 60_000, 250, 100] {
            let at = wheel.tick(start + Duration::from_millis(millis));
            wheel.put(millis, at);
        }
        let mut seen = Vec::new();
        let mut now = start;
        while let Some(rest) = wheel.rest(now) {
            now += rest;
            while let Some((_, due)) = wheel.turn(now) {
                seen.extend(due.into_iter().map(|key| (key, (now - start).as_millis())));
            }
        }
        assert_eq!(seen, [(0, 0), (100, 100), (250, 300), (250, 300), (60_000, 60_000)]);
    }

    #[test]
    fn a_wheel_that_stood_still_catches_up() {
        let start = Instant::now();
        let mut wheel = Wheel::new(start);
        let at = wheel.tick(start + Duration::from_secs(1));
        wheel.put("late", at);
        let far = start + Duration::from_secs(3600);
        assert_eq!(wheel.turn(far), Some((at, vec!["late"])));
        assert_eq!(wheel.turn(far), None);
        assert_eq!(wheel.rest(far), None);
        let past = wheel.tick(start);
        wheel.put("past", past);
        assert_eq!(wheel.turn(far + TICK), Some((past, vec!["past"])), "what is past is due next");
    }

    #[test]
    fn a_deadline_beyond_the_wheel_is_looked_at_early() {
        let start = Instant::now();
        let mut wheel = Wheel::new(start);
        let at = wheel.tick(start + Duration::from_secs(3600));
        wheel.put("far", at);
        let rest = wheel.rest(start).unwrap();
        assert!(rest < Duration::from_secs(3600), "{rest:?}");
        assert_eq!(wheel.turn(start + rest), Some((at, vec!["far"])));
    }
}
