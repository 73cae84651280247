//! What one viewer sees: only frames, never back, never empty, whatever the ledger says.

use super::Violation;
use crate::history::{History, Sighting, Viewer};

pub(super) fn broken(history: &History) -> Vec<Violation> {
    history.viewers.iter().flat_map(of_viewer).collect()
}

fn of_viewer(viewer: &Viewer) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut newest = (0, 0);
    let mut rows_seen = false;
    for socket in &viewer.sockets {
        found.extend(
            socket
                .unreadable
                .iter()
                .map(|what| Violation::Unreadable { viewer: viewer.participant.clone(), what: what.clone() }),
        );
        let (mut last, mut last_own) = (None, (0, 0));
        for Sighting { at, frame, you, .. } in &socket.sightings {
            let version = (frame.epoch, frame.version);
            let back = |from: (u64, u64), to: u64, of| Violation::WentBack {
                viewer: viewer.participant.clone(),
                at: *at,
                from: from.1,
                to,
                of,
            };
            match last {
                Some(last) if version < last => found.push(back(last, frame.version, "")),
                None if version < newest => found.push(Violation::OlderThanSeen {
                    viewer: viewer.participant.clone(),
                    at: *at,
                    from: newest.1,
                    to: frame.version,
                }),
                _ => {}
            }
            if let Some(you) = you {
                let own = (frame.epoch, you.version);
                if own < last_own {
                    found.push(back(last_own, you.version, " of the own place"));
                }
                last_own = own;
            }
            if frame.rows.is_empty() && rows_seen {
                found.push(Violation::Emptied {
                    viewer: viewer.participant.clone(),
                    at: *at,
                    version: frame.version,
                });
            }
            rows_seen |= !frame.rows.is_empty();
            last = Some(version);
            newest = newest.max(version);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::example::{Game, assert_broken};
    use super::*;

    #[test]
    fn a_socket_that_goes_back_is_caught() {
        let mut game = Game::good();
        game.history.viewers[0].sockets[0].sightings.swap(1, 2);
        assert_broken!(game, Violation::WentBack { .. });
    }

    #[test]
    fn a_greater_epoch_may_begin_with_a_lower_version() {
        let mut game = Game::good();
        for sighting in &mut game.history.viewers[0].sockets[0].sightings[..2] {
            Arc::make_mut(&mut sighting.frame).epoch -= 1;
            Arc::make_mut(&mut sighting.frame).version += 100;
        }
        game.history.viewers[0].sockets[0].sightings.iter_mut().for_each(|sighting| sighting.you = None);
        let found = of_viewer(&game.history.viewers[0]);
        assert_eq!(found, []);
    }

    #[test]
    fn a_new_socket_that_shows_an_older_board_is_caught() {
        let mut game = Game::good();
        let sockets = &mut game.history.viewers[1].sockets;
        let old = sockets[0].sightings[0].clone();
        sockets[1].sightings.insert(0, old);
        assert_broken!(game, Violation::OlderThanSeen { .. });
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
