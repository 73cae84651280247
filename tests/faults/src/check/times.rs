//! Times: they break ties, and so each is held to the clock of those who made the calls.

use std::time::Duration;

use super::{Violation, sent::Sent};
use crate::{
    history::{History, Moment},
    truth::{Ledger, Seat},
};

/// Times are in whole ms, and by the ledger's clock, which may be slewed beside that of the calls.
const SLACK: Duration = Duration::from_millis(100);

/// When something happened at the earliest and at the latest.
type Span = (Moment, Moment);

pub(super) fn broken(history: &History, ledger: &Ledger, sent: &Sent<'_>) -> Vec<Violation> {
    let answers = ledger.answers.iter().filter_map(|row| {
        let acknowledged = sent.acknowledged(&row.submission_id, row.run)?.ended;
        let first = sent.in_run(&row.submission_id, row.run).next()?.began;
        let what = || format!("the answer {} of {}", row.submission_id, row.participant);
        wrong(row.time, (first, acknowledged), row.run, history, what)
    });
    let idle = ledger.seats.iter().filter(|seat| seat.score == 0);
    let seats = idle.filter_map(|seat| {
        let what = || format!("the seat of {}", seat.participant);
        wrong(seat.time, taken(seat, history)?, ledger.last_run(), history, what)
    });
    answers.chain(seats).collect()
}

/// Says so if a time is not that of something that happened within a span of a run. Nothing
/// happened before the run's start, as far as times go.
fn wrong(
    time: Duration,
    (first, acknowledged): Span,
    run: u32,
    history: &History,
    what: impl Fn() -> String,
) -> Option<Violation> {
    let start = history.start_of(run)?;
    let least = first.saturating_sub(start.ended + SLACK);
    let most = acknowledged.checked_sub(start.began).map_or(Duration::ZERO, |most| most + SLACK);
    (!(least..=most).contains(&time)).then(|| Violation::WrongTime { what: what(), time, least, most })
}

/// When a seat was taken; none if nobody was told.
fn taken(seat: &Seat, history: &History) -> Option<Span> {
    let tries = || history.joins.iter().filter(|join| join.request.username == seat.username);
    let acknowledged = tries().filter(|join| join.outcome.done().is_some()).map(|join| join.ended).min()?;
    Some((tries().map(|join| join.began).min()?, acknowledged))
}

#[cfg(test)]
mod tests {
    use super::super::example::{Game, assert_broken, ms};
    use super::*;
    use crate::history::Outcome;

    /// The game with a time at the ledger's only answer of c, and in the seat that it moved.
    fn timed(time: Duration) -> Game {
        let mut game = Game::good();
        game.ledger.answers[2].time = time;
        game.ledger.seats[2].time = time;
        game
    }

    #[test]
    fn an_answer_that_took_longer_than_its_caller_saw_is_caught() {
        // First sent at 50, acknowledged at 64; the start was on its way from 20 to 24.
        assert_eq!(timed(ms(44) + SLACK).check(), []);
        assert_broken!(timed(ms(45) + SLACK), Violation::WrongTime { .. });
    }

    #[test]
    fn an_answer_that_came_in_before_it_was_sent_is_caught() {
        let later = |time| {
            let mut game = timed(time);
            for call in &mut game.history.answers {
                (call.began, call.ended) = (call.began + ms(1000), call.ended + ms(1000));
            }
            let sent = Sent::of(&game.history, &game.ledger);
            let of_c = |violation: &Violation| violation.to_string().contains("p_c");
            broken(&game.history, &game.ledger, &sent).iter().filter(|found| of_c(found)).count()
        };
        assert_eq!(later(ms(1026) - SLACK), 0);
        assert_eq!(later(ms(1025) - SLACK), 1);
    }

    #[test]
    fn a_time_is_not_judged_where_nobody_was_told_of_the_start() {
        let mut game = timed(ms(10_000));
        game.history.starts.clear();
        assert_eq!(game.check(), []);
    }

    #[test]
    fn a_seat_without_a_score_that_was_taken_at_another_time_is_caught() {
        let mut game = Game::good();
        game.ledger.seats[1].time = ms(1);
        assert_broken!(game, Violation::WrongTime { .. });
        // Taken while the start was on its way.
        (game.history.joins[1].began, game.history.joins[1].ended) = (ms(18), ms(21));
        assert_eq!(game.check(), []);
        game.history.joins[1].outcome = Outcome::Refused("QUIZ_ENDED".to_owned());
        game.ledger.seats[1].time = ms(10_000);
        assert_eq!(game.check(), [], "nobody was told");
    }
}
