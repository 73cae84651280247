//! What a history measures: how many, how fast, how soon again. For people to read; nothing is
//! judged here.

use std::{fmt, time::Duration};

use crate::{
    check,
    history::{Answer, Call, History, Moment, Outcome, Verdict, Viewer},
    truth::{Board, Ledger},
};

/// The figures of one quiz.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Attempts that were acknowledged, refused, and without a known outcome.
    pub outcomes: (usize, usize, usize),
    /// The time to an acknowledgement: median, 99th percentile, longest.
    pub acknowledged_after: (Duration, Duration, Duration),
    /// The longest time between two acknowledgements.
    pub longest_silence: Duration,
    /// Viewers, sockets that they had, frames that they saw.
    pub seen: (usize, usize, usize),
    /// How long after the last change the last viewer saw the final board; none if one never did.
    pub settled_after: Option<Duration>,
}

impl Figures {
    /// Measures a history of which all was quiet from a moment on.
    #[must_use]
    pub fn of(history: &History, ledger: &Ledger, board: &Board, quiet_from: Moment) -> Self {
        let mut times = Vec::new();
        let mut moments = Vec::new();
        let mut outcomes = (0, 0, 0);
        for attempt in &history.answers {
            match attempt.outcome {
                Outcome::Done(_) => {
                    outcomes.0 += 1;
                    times.push(attempt.ended - attempt.began);
                    moments.push(attempt.ended);
                }
                Outcome::Refused(_) => outcomes.1 += 1,
                Outcome::Unknown(_) => outcomes.2 += 1,
            }
        }
        times.sort_unstable();
        moments.sort_unstable();
        let at = |percent: usize| times.get(times.len() * percent / 100).or(times.last()).copied();
        let [median, late, longest] = [50, 99, 100].map(|percent| at(percent).unwrap_or_default());
        let settled = history.viewers.iter().map(|viewer| check::settled(viewer, ledger, board));
        Self {
            outcomes,
            acknowledged_after: (median, late, longest),
            longest_silence: moments.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default(),
            seen: (
                history.viewers.len(),
                history.viewers.iter().map(|viewer| viewer.sockets.len()).sum(),
                history.viewers.iter().map(|viewer| viewer.sightings().count()).sum(),
            ),
            settled_after: settled
                .map(|at| at.map(|at| at.saturating_sub(quiet_from)))
                .collect::<Option<Vec<_>>>()
                .map(|all| all.into_iter().max().unwrap_or_default()),
        }
    }
}

/// The longest time between an acknowledgement and the moment when a viewer saw it; none if one
/// was never seen.
#[must_use]
pub fn longest_lag(viewer: &Viewer, answers: &[Call<Answer, Verdict>]) -> Option<Duration> {
    let versions = answers.iter().filter_map(|call| Some((call.outcome.done()?.version, call.ended)));
    let mut versions: Vec<(u64, Moment)> = versions.collect();
    versions.sort_unstable();
    let mut sightings = viewer.sightings().peekable();
    let mut longest = Duration::ZERO;
    for (version, acknowledged) in versions {
        while sightings.next_if(|seen| seen.frame.version < version).is_some() {}
        longest = longest.max(sightings.peek()?.at.saturating_sub(acknowledged));
    }
    Some(longest)
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (acknowledged, refused, unknown) = self.outcomes;
        let (median, late, longest) = self.acknowledged_after;
        let (viewers, sockets, frames) = self.seen;
        write!(
            f,
            "{acknowledged} acknowledged, {refused} refused, {unknown} unknown; \
             after {median:.1?} (p50), {late:.1?} (p99), {longest:.1?} (max), longest silence {:.1?}; \
             {viewers} viewers, {sockets} sockets, {frames} frames; settled after {:.0?}",
            self.longest_silence, self.settled_after
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::example::{Game, ms};

    #[test]
    fn a_lag_is_the_time_from_the_acknowledgement_to_the_first_frame_that_shows_it() {
        let Game { mut history, .. } = Game::good();
        // Acknowledged at 34, 44, 64 and 74; shown at 36, 66, 66 and 76.
        assert_eq!(longest_lag(&history.viewers[0], &history.answers), Some(ms(22)));
        history.viewers[0].sockets[0].sightings.truncate(3);
        assert_eq!(longest_lag(&history.viewers[0], &history.answers), None);
    }

    #[test]
    fn a_history_is_counted_and_timed() {
        let Game { history, ledger, board, promises } = Game::good();
        let figures = Figures::of(&history, &ledger, &board, promises.quiet_from);
        assert_eq!(figures.outcomes, (4, 2, 2));
        assert_eq!(figures.acknowledged_after, (ms(4), ms(4), ms(4)));
        assert_eq!(figures.longest_silence, ms(20));
        assert_eq!(figures.seen, (2, 3, 9));
        assert_eq!(figures.settled_after, Some(ms(1)));
    }
}
