//! The sort key and the ranks. Pure.
//!
//! A row's place is one number, exact in a float64 because it stays below 2^53, so that a Redis
//! sorted set, a SQL `ORDER BY` and a sorted list in memory all agree.

/// Scores stay below this: 2^22.
pub const SCORE_LIMIT: u32 = 1 << 22;

/// The longest time that ranks, in ms: 2^31 − 1.
pub const TIME_MAX_MS: u32 = (1 << 31) - 1;

const TIME_BITS: u32 = 31;

/// The longest average duration that ranks, in whole seconds: 2^21 − 1.
pub const AVERAGE_MAX_S: u32 = (1 << AVERAGE_BITS) - 1;

const AVERAGE_BITS: u32 = 21;

/// Where a row ranks: a greater key is a better place, equal keys share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u64);

impl Key {
    /// The key of a seat: score first, then the shorter time. Both are clamped to their limits.
    #[must_use]
    pub fn of_seat(score: u32, time_ms: u32) -> Self {
        let score = u64::from(score.min(SCORE_LIMIT - 1));
        let time = u64::from(time_ms.min(TIME_MAX_MS));
        Self((score << TIME_BITS) | (u64::from(TIME_MAX_MS) - time))
    }

    /// The key of a user on the board of a subject: the sum of the scores first, then the shorter
    /// average duration, clamped to its limit.
    #[must_use]
    pub fn of_user(total: u32, average_s: u32) -> Self {
        let average = u64::from(average_s.min(AVERAGE_MAX_S));
        Self((u64::from(total) << AVERAGE_BITS) | (u64::from(AVERAGE_MAX_S) - average))
    }

    /// Reads a key back from a store.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number that stores keep and compare, below 2^53.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// The score of a seat's key.
    #[must_use]
    pub fn score(self) -> u32 {
        u32::try_from(self.0 >> TIME_BITS).expect("a key is below 2^53")
    }

    /// The time of a seat's key, in ms.
    #[must_use]
    pub fn time_ms(self) -> u32 {
        TIME_MAX_MS - u32::try_from(self.0 & u64::from(TIME_MAX_MS)).expect("masked to 31 bits")
    }

    /// The sum of the scores of a user's key.
    #[must_use]
    pub fn total(self) -> u32 {
        u32::try_from(self.0 >> AVERAGE_BITS).expect("a key is below 2^53")
    }

    /// The average duration of a user's key, in whole seconds.
    #[must_use]
    pub fn average_s(self) -> u32 {
        AVERAGE_MAX_S - u32::try_from(self.0 & u64::from(AVERAGE_MAX_S)).expect("masked to 21 bits")
    }
}

/// The average of durations that add up to `total_ms`, in whole seconds, half up; 0 of none.
#[must_use]
pub fn average_seconds(total_ms: u64, count: u32) -> u32 {
    let count = u64::from(count);
    (total_ms + 500 * count).checked_div(1000 * count).map_or(0, |s| u32::try_from(s).unwrap_or(u32::MAX))
}

/// Gives the ranks of consecutive rows, best first: 1 + the number of keys above, so 1, 2, 2, 4.
///
/// `first` is the rank of the first key and `offset` how many rows stand before it.
pub fn ranks(first: u32, offset: u32, keys: impl IntoIterator<Item = Key>) -> impl Iterator<Item = u32> {
    let mut above: Option<(Key, u32)> = None;
    keys.into_iter().zip(offset + 1..).map(move |(key, place)| {
        let rank = match above {
            None => first,
            Some((same, rank)) if same == key => rank,
            Some(_) => place,
        };
        above = Some((key, rank));
        rank
    })
}

/// The share of a board that stands at or below a rank: `round((1 − (rank − 1)/total)·100, 2)`.
#[must_use]
pub fn percentile(rank: u32, total: u32) -> f64 {
    let share = 1.0 - f64::from(rank.saturating_sub(1)) / f64::from(total.max(1));
    (share * 10_000.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_keys_share_a_rank_also_across_a_page_border() {
        let key = |score| Key::of_seat(score, 0);
        let all = [key(9), key(7), key(7), key(5)];
        assert_eq!(ranks(1, 0, all).collect::<Vec<_>>(), [1, 2, 2, 4]);
        assert_eq!(ranks(2, 2, all[2..].to_vec()).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn the_percentile_is_rounded_to_two_places() {
        for (rank, total, expected) in
            [(1, 1, 100.0), (2, 40, 97.5), (3, 3, 33.33), (2, 3, 66.67), (1, 0, 100.0)]
        {
            assert!((percentile(rank, total) - expected).abs() < 1e-9, "{rank} of {total}");
        }
    }

    /// Numbers up to a limit, often 0 or the limit itself, so that two are often equal.
    fn up_to(limit: u32) -> impl Strategy<Value = u32> {
        prop_oneof![Just(0), Just(limit), 0..=limit]
    }

    fn seat() -> impl Strategy<Value = (u32, u32)> {
        (up_to(SCORE_LIMIT - 1), up_to(TIME_MAX_MS))
    }

    fn user() -> impl Strategy<Value = (u32, u32)> {
        (up_to(u32::MAX), up_to(AVERAGE_MAX_S))
    }

    proptest! {
        #[test]
        fn a_key_reads_back_and_is_exact_in_a_float64((score, time) in seat()) {
            let key = Key::of_seat(score, time);
            prop_assert_eq!((key.score(), key.time_ms()), (score, time));
            prop_assert!(key.number() < 1 << 53);
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss,
                    reason = "that nothing is lost is what is shown")]
            let through_a_float = key.number() as f64 as u64;
            prop_assert_eq!(through_a_float, key.number());
        }

        #[test]
        fn keys_order_by_score_then_by_shorter_time(a in seat(), b in seat()) {
            let by_key = Key::of_seat(a.0, a.1).cmp(&Key::of_seat(b.0, b.1));
            prop_assert_eq!(by_key, a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        }

        #[test]
        fn a_users_key_reads_back_and_orders_by_total_then_by_shorter_average(a in user(), b in user()) {
            let key = |(total, average_s)| Key::of_user(total, average_s);
            prop_assert_eq!((key(a).total(), key(a).average_s()), a);
            prop_assert!(key(a).number() < 1 << 53);
            prop_assert_eq!(key(a).cmp(&key(b)), a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        }

        #[test]
        fn an_average_is_at_most_half_a_second_off(durations in prop::collection::vec(0..=TIME_MAX_MS, 1..20)) {
            let total: u64 = durations.iter().copied().map(u64::from).sum();
            let count = u32::try_from(durations.len()).unwrap();
            let average_ms = i64::from(average_seconds(total, count)) * 1000 * i64::from(count);
            let off = average_ms - i64::try_from(total).unwrap();
            prop_assert!(-500 * i64::from(count) < off && off <= 500 * i64::from(count));
        }

        #[test]
        fn a_rank_is_one_more_than_the_number_of_greater_keys(mut scores in prop::collection::vec(0_u32..20, 0..60)) {
            scores.sort_unstable_by(|a, b| b.cmp(a));
            let ranks: Vec<_> = ranks(1, 0, scores.iter().map(|&s| Key::of_seat(s, 0))).collect();
            for (rank, score) in ranks.iter().zip(&scores) {
                prop_assert_eq!(*rank as usize, 1 + scores.iter().filter(|s| *s > score).count());
            }
        }
    }
}
