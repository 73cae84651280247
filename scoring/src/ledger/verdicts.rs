//! What becomes of the lines of an upload, as far as no database is needed to tell.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::Uploaded;
use crate::{
    ranking::SCORE_LIMIT,
    refusal::Refusal,
    sessions::{Attempt, Claimed, ERRORS_MAX, Line, LineError},
};

/// What the quiz allows.
pub(super) struct Bounds {
    /// The sum of its questions' points, if it has questions.
    pub(super) points: Option<u32>,
    /// The ledger's time.
    pub(super) now: Timestamp,
}

/// What stands around a line in the ledger.
#[derive(Default)]
pub(super) struct Surroundings {
    /// The user's session of this quiz.
    pub(super) session: Option<Attempt>,
    /// Whether the user has a seat in it.
    pub(super) is_seated: bool,
    /// Whether somebody in it has this name.
    pub(super) is_name_taken: bool,
}

/// What became of all lines.
#[derive(Default)]
pub(super) struct Verdicts<'a> {
    /// The lines to store, by their places in the upload.
    pub(super) good: Vec<(usize, &'a Claimed)>,
    /// What the caller is told.
    pub(super) told: Uploaded,
}

/// Judges the lines in their order, each as if those before it were stored already.
pub(super) fn judge<'a>(
    lines: &'a [Line],
    bounds: &Bounds,
    mut around: impl FnMut(usize) -> Surroundings,
) -> Verdicts<'a> {
    let mut verdicts = Verdicts::default();
    let mut by_sub: HashMap<&str, &Attempt> = HashMap::new();
    let mut names: HashSet<String> = HashSet::new();
    for (place, line) in lines.iter().enumerate() {
        let judged = line.content.as_ref().map_err(Clone::clone).and_then(|claimed| {
            let earlier = by_sub.get(claimed.sub.as_str()).copied();
            let name = claimed.username.folded();
            let fate = fate(claimed, bounds, earlier, &around(place), names.contains(&name))?;
            Ok((claimed, name, fate))
        });
        match judged {
            Ok((claimed, name, Fate::New)) => {
                by_sub.insert(&claimed.sub, &claimed.attempt);
                names.insert(name);
                verdicts.good.push((place, claimed));
            }
            Ok((_, _, Fate::Unchanged)) => verdicts.told.unchanged += 1,
            Err(refusal) => {
                verdicts.told.error_count += 1;
                if verdicts.told.errors.len() < ERRORS_MAX {
                    verdicts.told.errors.push(LineError { line: line.number, refusal });
                }
            }
        }
    }
    verdicts
}

enum Fate {
    New,
    Unchanged,
}

fn fate(
    Claimed { attempt, .. }: &Claimed,
    bounds: &Bounds,
    earlier: Option<&Attempt>,
    around: &Surroundings,
    is_name_new: bool,
) -> Result<Fate, Refusal> {
    let most = bounds.points.unwrap_or(SCORE_LIMIT - 1);
    if attempt.score > most {
        return Err(Refusal::invalid("score", format!("must be at most {most}")));
    }
    for (field, at) in [("started_at", attempt.started_at), ("ended_at", attempt.ended_at)] {
        if at.is_some_and(|at| at > bounds.now) {
            return Err(Refusal::invalid(field, "must not be in the future"));
        }
    }
    match earlier.or(around.session.as_ref()) {
        Some(stored) if stored == attempt => return Ok(Fate::Unchanged),
        Some(_) => return Err(Refusal::SessionExists),
        None if around.is_seated => return Err(Refusal::SessionExists),
        None => {}
    }
    if is_name_new || around.is_name_taken { Err(Refusal::UsernameTaken) } else { Ok(Fate::New) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quiz::Username;

    fn now() -> Timestamp {
        Timestamp::from_second(1_000_000).unwrap()
    }

    fn line(number: u32, sub: &str, name: &str, score: u32) -> Line {
        let username = Username::parse(name).unwrap();
        let attempt = Attempt::parse(&username, score, 5, None, None).unwrap();
        Line { number, content: Ok(Claimed { sub: sub.to_owned(), username, attempt }) }
    }

    fn with(line: Line, change: impl FnOnce(&mut Attempt)) -> Line {
        let mut claimed = line.content.unwrap();
        change(&mut claimed.attempt);
        Line { content: Ok(claimed), ..line }
    }

    /// The lines to store, how many are unchanged, and what is wrong with the others.
    fn judged(
        lines: &[Line],
        around: impl FnMut(usize) -> Surroundings,
    ) -> (Vec<usize>, u32, Vec<LineError>) {
        let Verdicts { good, told } = judge(lines, &Bounds { points: Some(100), now: now() }, around);
        assert_eq!(told.errors.len(), told.error_count as usize);
        (good.iter().map(|(place, _)| *place).collect(), told.unchanged, told.errors)
    }

    fn alone(line: Line, around: fn() -> Surroundings) -> Result<bool, Refusal> {
        let (good, unchanged, mut errors) = judged(&[line], |_| around());
        match errors.pop() {
            Some(error) => Err(error.refusal),
            None => Ok(good.len() == 1 && unchanged == 0),
        }
    }

    #[test]
    fn a_score_is_at_most_the_points_and_nothing_happens_in_the_future() {
        let none = Surroundings::default;
        assert_eq!(alone(line(1, "a", "ada", 100), none), Ok(true));
        let refused = alone(line(1, "a", "ada", 101), none);
        assert_eq!(refused, Err(Refusal::invalid("score", "must be at most 100")));
        let at = |second| Some(now() + jiff::SignedDuration::from_secs(second));
        assert_eq!(alone(with(line(1, "a", "ada", 1), |a| a.ended_at = at(0)), none), Ok(true));
        for line in [
            with(line(1, "a", "ada", 1), |a| a.ended_at = at(1)),
            with(line(1, "a", "ada", 1), |a| a.started_at = at(1)),
        ] {
            assert!(matches!(alone(line, none), Err(Refusal::Invalid { .. })));
        }
        let lines = [line(1, "a", "ada", SCORE_LIMIT - 1), line(2, "b", "bob", SCORE_LIMIT)];
        let free = judge(&lines, &Bounds { points: None, now: now() }, |_| none());
        assert_eq!((free.good.len(), free.told.error_count), (1, 1));
    }

    #[test]
    fn what_is_stored_already_is_unchanged_and_anything_else_of_the_user_an_error() {
        let stored = || Surroundings {
            session: line(0, "a", "ada", 50).content.map(|claimed| claimed.attempt).ok(),
            is_seated: true,
            is_name_taken: true,
        };
        assert_eq!(alone(line(1, "a", "ada", 50), stored), Ok(false));
        assert_eq!(alone(line(1, "a", "ada", 51), stored), Err(Refusal::SessionExists));
        assert_eq!(alone(line(1, "a", "Ada", 50), stored), Err(Refusal::SessionExists));
        let seated = || Surroundings { is_seated: true, is_name_taken: true, ..Surroundings::default() };
        assert_eq!(alone(line(1, "a", "ada", 50), seated), Err(Refusal::SessionExists));
        let taken = || Surroundings { is_name_taken: true, ..Surroundings::default() };
        assert_eq!(alone(line(1, "a", "ada", 50), taken), Err(Refusal::UsernameTaken));
    }

    #[test]
    fn each_line_is_judged_after_those_before_it() {
        let unreadable = Line { number: 5, content: Err(Refusal::Unreadable("no number".to_owned())) };
        let lines = [
            line(1, "a", "ada", 10),
            line(2, "a", "ada", 10),
            line(3, "a", "ada", 11),
            line(4, "b", "ADA", 10),
            unreadable,
            line(6, "b", "bob", 10),
        ];
        let (good, unchanged, errors) = judged(&lines, |_| Surroundings::default());
        assert_eq!((good, unchanged), (vec![0, 5], 1));
        let expected = [
            (3, Refusal::SessionExists),
            (4, Refusal::UsernameTaken),
            (5, Refusal::Unreadable("no number".to_owned())),
        ];
        assert_eq!(errors, expected.map(|(line, refusal)| LineError { line, refusal }));
    }

    #[test]
    fn only_the_first_hundred_errors_are_told_and_all_are_counted() {
        let lines: Vec<_> = (1..=250).map(|number| line(number, "a", "ada", 1000)).collect();
        let told = judge(&lines, &Bounds { points: Some(1), now: now() }, |_| Surroundings::default()).told;
        assert_eq!((told.errors.len(), told.error_count), (100, 250));
        assert_eq!(told.errors[99].line, 100);
    }
}
