//! Rows of a board, wherever it is shown: in order, ranked, and named as their seats are.

use std::{cmp::Ordering, collections::HashMap, time::Duration};

use crate::{
    history::{History, Row},
    truth::Ledger,
};

/// The name of each seat that was given or is in the ledger.
pub(super) fn names<'a>(history: &'a History, ledger: &'a Ledger) -> HashMap<&'a str, &'a str> {
    let given = history.joins.iter().filter_map(|join| {
        let seat = join.outcome.done()?;
        Some((seat.participant.as_str(), join.request.username.as_str()))
    });
    let seats = ledger.seats.iter().map(|seat| (seat.participant.as_str(), seat.username.as_str()));
    given.chain(seats).collect()
}

/// Says which row has another name than its seat.
pub(super) fn misnamed(rows: &[Row], names: &HashMap<&str, &str>) -> Option<String> {
    let is_wrong = |row: &&Row| names.get(row.participant.as_str()).is_some_and(|name| *name != row.username);
    rows.iter().find(is_wrong).map(|row| format!("{row:?}"))
}

/// Says what is wrong with the order and the ranks of the first rows of a board, whose seats have
/// these times as far as they are known: of equal scores the shorter time is better, and only rows
/// that are equal in both share a rank.
pub(super) fn misranked(rows: &[Row], time: impl Fn(&Row) -> Option<Duration>) -> Option<String> {
    if let Some(first) = rows.first().filter(|first| first.rank != 1) {
        return Some(format!("{first:?} in place 1"));
    }
    for (place, pair) in (2..).zip(rows.windows(2)) {
        let [above, row] = pair else { break };
        let times = time(above).zip(time(row));
        let order = row.score.cmp(&above.score).then(match times {
            Some((above, below)) => above.cmp(&below),
            None if row.rank == above.rank => Ordering::Equal,
            None => Ordering::Less,
        });
        let rank = match order {
            Ordering::Less => place,
            Ordering::Equal => above.rank,
            Ordering::Greater => return Some(format!("{row:?} below {above:?}, with times {times:?}")),
        };
        if row.rank != rank {
            return Some(format!("{row:?} in place {place} below {above:?}, with times {times:?}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{
        Violation,
        example::{Game, assert_broken, ms, row},
    };
    use super::*;

    /// Changes a row of version 8, as the first viewer's only socket showed it.
    fn change(game: &mut Game, n: usize, change: impl FnOnce(&mut Row)) {
        let frame = &mut game.history.viewers[0].sockets[0].sightings[3].frame;
        change(&mut Arc::make_mut(frame).rows[n]);
    }

    #[test]
    fn a_row_without_its_name_or_with_another_is_caught() {
        for name in ["", "b"] {
            let mut game = Game::good();
            change(&mut game, 0, |row| row.username = name.to_owned());
            assert_broken!(game, Violation::Misnamed { .. });
        }
    }

    #[test]
    fn a_frame_whose_rows_share_a_rank_without_being_equal_is_caught() {
        let mut game = Game::good();
        change(&mut game, 1, |row| row.rank = 1);
        assert_broken!(game, Violation::Misranked { .. });
    }

    #[test]
    fn a_frame_that_ranks_the_longer_of_two_times_first_is_caught() {
        let mut game = Game::good();
        // In version 7, a and c have as many points.
        (game.ledger.answers[0].time, game.ledger.answers[2].time) = (ms(41), ms(40));
        assert_broken!(game, Violation::Misranked { version: 7, .. });
        game.ledger.answers[0].time = ms(40);
        assert_broken!(game, Violation::Misranked { version: 7, .. });
    }

    #[test]
    fn rows_are_ranked_by_score_then_by_time_and_share_a_rank_only_if_equal() {
        let rows = |places: &[(u32, u32)]| -> Vec<Row> {
            places.iter().map(|&(score, rank)| row("p", score, rank)).collect()
        };
        let known = |row: &Row| (row.score == 5).then_some(ms(row.rank.into()));
        for good in [&[(9, 1), (7, 2), (7, 2), (5, 4)][..], &[(7, 1), (7, 2)], &[(5, 1), (5, 2)], &[]] {
            assert_eq!(misranked(&rows(good), known), None, "{good:?}");
        }
        for bad in [&[(9, 2)][..], &[(9, 1), (7, 1)], &[(7, 1), (9, 2)], &[(9, 1), (9, 3)], &[(5, 1), (4, 3)]]
        {
            assert!(misranked(&rows(bad), known).is_some(), "{bad:?}");
        }
        let timed = |times: [u64; 2], ranks: [u32; 2]| {
            let rows = rows(&ranks.map(|rank| (5, rank)));
            let times = times.map(ms);
            let time = |row: &Row| Some(times[usize::from(std::ptr::eq(row, &raw const rows[1]))]);
            misranked(&rows, time)
        };
        for (times, ranks) in [([1, 2], [1, 2]), ([2, 2], [1, 1])] {
            assert_eq!(timed(times, ranks), None, "{times:?} {ranks:?}");
        }
        for (times, ranks) in [([1, 2], [1, 1]), ([2, 2], [1, 2]), ([2, 1], [1, 2]), ([2, 1], [1, 1])] {
            assert!(timed(times, ranks).is_some(), "{times:?} {ranks:?}");
        }
    }
}
