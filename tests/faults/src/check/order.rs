//! What one viewer sees: only frames, never back, never empty, whatever the ledger says.
//!
//! A new socket may begin a little behind the one before, at another gateway: a page drops what is
//! older than what it shows. It may not stay behind.

use std::time::Duration;

use super::Violation;
use crate::history::{History, Sighting, Socket, Viewer};

pub(super) fn broken(history: &History, behind_at_most: Duration) -> Vec<Violation> {
    history.viewers.iter().flat_map(|viewer| of_viewer(viewer, behind_at_most)).collect()
}

fn of_viewer(viewer: &Viewer, behind_at_most: Duration) -> Vec<Violation> {
    let name = || viewer.participant.clone();
    let mut found = emptied(viewer);
    let mut newest = (0, 0);
    for socket in &viewer.sockets {
        let unreadable = socket.unreadable.iter();
        found.extend(unreadable.map(|what| Violation::Unreadable { viewer: name(), what: what.clone() }));
        found.extend(went_back(viewer, socket));
        found.extend(stayed_behind(socket, newest, behind_at_most).map(|first| Violation::StayedBehind {
            viewer: name(),
            at: first.at,
            from: newest.1,
            to: first.frame.version,
        }));
        newest = socket.sightings.iter().map(version).fold(newest, Ord::max);
    }
    found
}

fn version(sighting: &Sighting) -> (u64, u64) {
    (sighting.frame.epoch, sighting.frame.version)
}

fn emptied(viewer: &Viewer) -> Vec<Violation> {
    let with_rows = viewer.sightings().skip_while(|sighting| sighting.frame.rows.is_empty());
    let empty = with_rows.filter(|sighting| sighting.frame.rows.is_empty());
    empty
        .map(|sighting| Violation::Emptied {
            viewer: viewer.participant.clone(),
            at: sighting.at,
            version: sighting.frame.version,
        })
        .collect()
}

/// Where a frame, or the viewer's own place in it, is older than the one before.
fn went_back(viewer: &Viewer, socket: &Socket) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut last_own = (0, 0);
    for (before, sighting) in
        std::iter::once(None).chain(socket.sightings.iter().map(Some)).zip(&socket.sightings)
    {
        let mut back = |from: (u64, u64), to: (u64, u64), of| {
            if to < from {
                let viewer = viewer.participant.clone();
                found.push(Violation::WentBack { viewer, at: sighting.at, from: from.1, to: to.1, of });
            }
        };
        back(before.map_or((0, 0), version), version(sighting), "");
        if let Some(you) = sighting.you {
            let own = (sighting.frame.epoch, you.version);
            back(last_own, own, " of the own place");
            last_own = own;
        }
    }
    found
}

/// The first frame of a socket that was older than what had been seen before and stayed so for long.
fn stayed_behind(socket: &Socket, newest: (u64, u64), behind_at_most: Duration) -> Option<&Sighting> {
    let first = socket.sightings.first().filter(|first| version(first) < newest)?;
    let caught_up = socket.sightings.iter().find(|sighting| version(sighting) >= newest).map(|up| up.at);
    let end = caught_up.or(socket.closed.as_ref().map(|closed| closed.at));
    end.is_none_or(|end| end - first.at > behind_at_most).then_some(first)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::example::{Game, assert_broken, ms};
    use super::*;

    #[test]
    fn a_socket_that_goes_back_is_caught() {
        let mut game = Game::good();
        let sightings = &mut game.history.viewers[0].sockets[0].sightings;
        sightings.swap(1, 2);
        sightings[..3].iter_mut().for_each(|sighting| sighting.you = None);
        assert_broken!(game, Violation::WentBack { of: "", .. });
    }

    #[test]
    fn a_greater_epoch_may_begin_with_a_lower_version() {
        let mut game = Game::good();
        for sighting in &mut game.history.viewers[0].sockets[0].sightings[..2] {
            Arc::make_mut(&mut sighting.frame).epoch -= 1;
            Arc::make_mut(&mut sighting.frame).version += 100;
        }
        game.history.viewers[0].sockets[0].sightings.iter_mut().for_each(|sighting| sighting.you = None);
        assert_eq!(of_viewer(&game.history.viewers[0], ms(0)), []);
    }

    #[test]
    fn a_new_socket_that_stays_behind_what_was_seen_before_is_caught() {
        let mut game = Game::good();
        let allowed = game.promises.behind_at_most;
        let sockets = &mut game.history.viewers[1].sockets;
        let mut old = sockets[0].sightings[0].clone();
        old.at = sockets[1].sightings[0].at - allowed;
        sockets[1].sightings.insert(0, old);
        assert_eq!(game.check(), []);
        game.history.viewers[1].sockets[1].sightings[0].at -= ms(1);
        assert_broken!(game, Violation::StayedBehind { .. });
    }

    #[test]
    fn an_own_place_that_goes_back_is_caught() {
        let mut game = Game::good();
        let sightings = &mut game.history.viewers[0].sockets[0].sightings;
        sightings[3].you = sightings[1].you;
        assert_broken!(game, Violation::WentBack { of: " of the own place", .. });
    }

    #[test]
    fn what_is_no_frame_is_caught() {
        let mut game = Game::good();
        game.history.viewers[1].sockets[0].unreadable = Some("{}".to_owned());
        assert_broken!(game, Violation::Unreadable { .. });
    }

    #[test]
    fn an_empty_board_after_rows_is_caught() {
        let mut game = Game::good();
        let sighting = &mut game.history.viewers[0].sockets[0].sightings[2];
        Arc::make_mut(&mut sighting.frame).rows.clear();
        assert_broken!(
            game,
            Violation::Emptied { .. } | Violation::Contradiction { .. } | Violation::NotTheLedger { .. }
        );
    }
}
