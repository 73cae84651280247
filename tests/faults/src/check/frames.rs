//! Frames: each shows what the ledger held at its version, the same to everybody.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    Violation,
    rows::{misnamed, misranked, names},
};
use crate::{
    history::{Frame, History, Row, Sighting, Status, Viewer},
    truth::{Ledger, Recount},
};

pub(super) fn broken(history: &History, ledger: &Ledger, recount: &Recount<'_>) -> Vec<Violation> {
    let (frames, mut found) = different(history);
    let names = names(history, ledger);
    for frame in frames.values() {
        let version = frame.version;
        // Of another epoch nobody knows the times any more.
        let time = |row: &Row| {
            (frame.epoch == ledger.epoch).then(|| recount.time(&row.participant, version)).flatten()
        };
        found.extend(misranked(&frame.rows, time).map(|what| Violation::Misranked { version, what }));
        found.extend(misnamed(&frame.rows, &names).map(|what| Violation::Misnamed { version, what }));
    }
    let of_ledger: Vec<&Frame> =
        frames.values().filter(|frame| frame.epoch == ledger.epoch).map(AsRef::as_ref).collect();
    found.extend(of_ledger.iter().filter_map(|frame| {
        untrue(frame, recount, ledger, &names)
            .map(|what| Violation::NotTheLedger { version: frame.version, what })
    }));
    found.extend(history.viewers.iter().flat_map(|viewer| untrue_places(viewer, ledger, recount)));
    found.extend(backwards_in_a_run(&of_ledger, ledger));
    found
}

/// Frames by epoch and version.
type Versions = BTreeMap<(u64, u64), Arc<Frame>>;

/// One frame of each version that was seen, and where two of one version are not the same.
fn different(history: &History) -> (Versions, Vec<Violation>) {
    let mut frames = Versions::new();
    let mut found = Vec::new();
    for Sighting { frame, .. } in history.viewers.iter().flat_map(Viewer::sightings) {
        let known = frames.entry((frame.epoch, frame.version)).or_insert_with(|| frame.clone());
        if Arc::ptr_eq(known, frame) || known == frame {
            continue;
        }
        let pairs = known.rows.iter().zip(&frame.rows).find(|(one, other)| one != other);
        found.push(Violation::Contradiction {
            version: frame.version,
            what: pairs.map_or_else(
                || {
                    format!(
                        "{} of {} rows and {} of {}",
                        known.rows.len(),
                        known.total,
                        frame.rows.len(),
                        frame.total
                    )
                },
                |(one, other)| format!("{one:?} and {other:?}"),
            ),
        });
    }
    (frames, found)
}

fn untrue(
    frame: &Frame,
    recount: &Recount<'_>,
    ledger: &Ledger,
    names: &HashMap<&str, &str>,
) -> Option<String> {
    if frame.version > ledger.last_seq {
        return Some(format!("the ledger ends at {}", ledger.last_seq));
    }
    if let Some(row) = frame.rows.iter().find(|row| !names.contains_key(row.participant.as_str())) {
        return Some(format!("{row:?}, and nobody has this seat"));
    }
    let score = |row: &Row| recount.score(&row.participant, frame.version);
    if let Some(row) = frame.rows.iter().find(|row| row.score != score(row)) {
        return Some(format!("{row:?}, but its answers sum up to {}", score(row)));
    }
    if frame.rows.len() != frame.total as usize && !LIMITS.contains(&frame.rows.len()) {
        return Some(format!("{} rows of {}", frame.rows.len(), frame.total));
    }
    // Seats that had not yet joined have no points: only a row with points can be missed.
    let greatest = recount.scores_at(frame.version);
    let shown = frame.rows.iter().map(|row| row.score);
    let missed = greatest.iter().zip(shown).find(|(score, shown)| *score > shown);
    missed.map(|(score, shown)| format!("a row with {score} is missing where {shown} stands"))
}

/// How many rows a frame may have if the board has more.
const LIMITS: [usize; 3] = [10, 100, 1000];

fn untrue_places(viewer: &Viewer, ledger: &Ledger, recount: &Recount<'_>) -> Vec<Violation> {
    let mut last = None;
    let places = viewer.sightings().filter(|sighting| sighting.frame.epoch == ledger.epoch);
    let changed = places.filter_map(|sighting| sighting.you).filter(|you| last.replace(*you) != Some(*you));
    changed
        .filter_map(|you| {
            let score = recount.score(&viewer.participant, you.version);
            (you.score != score).then(|| Violation::NotTheLedger {
                version: you.version,
                what: format!("{} was told {}, not {score}", viewer.participant, you.score),
            })
        })
        .collect()
}

/// Scores that fell and ends that were taken back, among frames in the order of their versions.
fn backwards_in_a_run(frames: &[&Frame], ledger: &Ledger) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut scores: HashMap<&str, (u32, u32)> = HashMap::new();
    let mut ended = None;
    for frame in frames {
        let run = ledger.run_at(frame.version);
        for row in &frame.rows {
            let seen = scores.insert(&row.participant, (run, row.score));
            if let Some((_, from)) = seen.filter(|(before, from)| *before == run && *from > row.score) {
                found.push(Violation::Fell {
                    participant: row.participant.clone(),
                    from,
                    to: row.score,
                    version: frame.version,
                });
            }
        }
        match frame.status {
            Status::Ended => ended = Some(run),
            Status::Pending | Status::Started if ended == Some(run) => {
                found.push(Violation::Revived { version: frame.version });
            }
            Status::Pending | Status::Started => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::example::{Game, assert_broken, row};
    use super::*;

    /// Changes the n-th frame of the first viewer's only socket.
    fn change(game: &mut Game, n: usize, change: impl FnOnce(&mut Frame)) {
        change(Arc::make_mut(&mut game.history.viewers[0].sockets[0].sightings[n].frame));
    }

    #[test]
    fn one_version_shown_in_two_ways_is_caught() {
        let mut game = Game::good();
        change(&mut game, 2, |frame| frame.total = 4);
        assert_broken!(game, Violation::Contradiction { .. } | Violation::NotTheLedger { .. });
    }

    #[test]
    fn a_score_that_falls_within_a_run_is_caught() {
        let mut game = Game::good();
        change(&mut game, 3, |frame| frame.rows[0].score = 5);
        assert_broken!(
            game,
            Violation::Fell { .. } | Violation::NotTheLedger { .. } | Violation::Misranked { .. }
        );
    }

    #[test]
    fn scores_may_fall_when_a_new_run_begins() {
        let mut game = Game::good();
        game.ledger.runs.insert(8, 2);
        game.ledger.answers.iter_mut().for_each(|row| row.points = 0);
        let recount = Recount::of(&game.ledger);
        let frames = |version, score| Frame {
            version,
            rows: vec![row("p_a", score, 1)],
            ..(*game.history.viewers[0].sockets[0].sightings[0].frame).clone()
        };
        let (one, other) = (frames(7, 10), frames(8, 0));
        assert_eq!(backwards_in_a_run(&[&one, &other], &game.ledger), []);
        assert_eq!(recount.score("p_a", 8), 0);
    }

    #[test]
    fn a_frame_ahead_of_its_version_is_caught() {
        let mut game = Game::good();
        change(&mut game, 3, |frame| frame.rows[1].score = 12);
        assert_broken!(game, Violation::NotTheLedger { .. } | Violation::Fell { .. });
    }

    #[test]
    fn a_frame_of_a_version_that_was_never_reached_is_caught() {
        let mut game = Game::good();
        let mut sighting = game.history.viewers[0].sockets[0].sightings[4].clone();
        Arc::make_mut(&mut sighting.frame).version += 1;
        game.history.viewers[0].sockets[0].sightings.push(sighting);
        assert_broken!(game, Violation::NotTheLedger { .. } | Violation::NeverSettled { .. });
    }

    #[test]
    fn a_frame_without_a_seat_that_has_points_is_caught() {
        let mut game = Game::good();
        change(&mut game, 3, |frame| {
            frame.rows.remove(1);
            frame.rows[1].rank = 2;
            frame.total = 2;
        });
        assert_broken!(game, Violation::NotTheLedger { .. });
    }

    #[test]
    fn a_frame_with_fewer_rows_than_it_should_have_is_caught() {
        let mut game = Game::good();
        change(&mut game, 3, |frame| drop(frame.rows.pop()));
        assert_broken!(game, Violation::NotTheLedger { .. });
    }

    #[test]
    fn a_wrong_own_place_is_caught() {
        let mut game = Game::good();
        game.history.viewers[0].sockets[0].sightings[1].you.as_mut().unwrap().score = 3;
        assert_broken!(game, Violation::NotTheLedger { .. });
    }

    #[test]
    fn a_run_that_goes_on_after_it_was_shown_as_ended_is_caught() {
        let mut game = Game::good();
        change(&mut game, 1, |frame| frame.status = Status::Ended);
        assert_broken!(game, Violation::Revived { .. } | Violation::Contradiction { .. });
    }

    #[test]
    fn a_frame_with_a_seat_that_nobody_has_is_caught() {
        let mut game = Game::good();
        change(&mut game, 3, |frame| frame.rows[2].participant = "p_x".to_owned());
        assert_broken!(game, Violation::NotTheLedger { .. });
    }
}
