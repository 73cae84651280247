//! Settling: once all is quiet, everybody sees the same final board within the time named.

use super::{Promises, Violation};
use crate::{
    history::{History, Moment, Row, Sighting, Viewer},
    truth::{Board, Ledger},
};

pub(super) fn broken(
    history: &History,
    ledger: &Ledger,
    board: &Board,
    promises: Promises,
) -> Vec<Violation> {
    history
        .viewers
        .iter()
        .filter_map(|viewer| {
            let name = || viewer.participant.clone();
            match settled_at(viewer, ledger, board) {
                Err(what) => Some(Violation::NeverSettled { viewer: name(), what }),
                Ok(at) => at
                    .checked_sub(promises.quiet_from)
                    .filter(|after| *after > promises.settled_within)
                    .map(|after| Violation::SettledLate { viewer: name(), after }),
            }
        })
        .collect()
}

/// When a viewer began to see the final board for good, or what was wrong with it in the end.
fn settled_at(viewer: &Viewer, ledger: &Ledger, board: &Board) -> Result<Moment, String> {
    if !viewer.is_following() {
        return Err("its last socket is closed".to_owned());
    }
    let place = board.rows.iter().find(|row| row.participant == viewer.participant);
    let newest = viewer.sockets.last().map_or(&[][..], |socket| &socket.sightings);
    let unsettled = |sighting: &&Sighting| wrong(sighting, ledger, board, place).is_some();
    match newest.iter().rev().take_while(|sighting| !unsettled(sighting)).last() {
        Some(first) => Ok(first.at),
        None => Err(newest
            .last()
            .and_then(|last| wrong(last, ledger, board, place))
            .unwrap_or_else(|| "its last socket showed nothing".to_owned())),
    }
}

/// When a viewer began to see the final board for good; none if it did not.
#[must_use]
pub fn settled(viewer: &Viewer, ledger: &Ledger, board: &Board) -> Option<Moment> {
    settled_at(viewer, ledger, board).ok()
}

fn wrong(sighting: &Sighting, ledger: &Ledger, board: &Board, place: Option<&Row>) -> Option<String> {
    let Sighting { frame, stale, you, .. } = sighting;
    if (frame.epoch, frame.version) != (ledger.epoch, ledger.last_seq) {
        return Some(format!("version {} instead of {}", frame.version, ledger.last_seq));
    }
    if frame.status != ledger.status {
        return Some(format!("the quiz was shown as {:?} instead of {:?}", frame.status, ledger.status));
    }
    if *stale {
        return Some("it was marked as stale".to_owned());
    }
    if !board.rows.starts_with(&frame.rows) || (frame.rows.is_empty() && !board.rows.is_empty()) {
        return Some("other rows than those of the board".to_owned());
    }
    if you.map(|you| (you.score, you.rank)) != place.map(|row| (row.score, row.rank)) {
        return Some(format!("the own place was {you:?} instead of {place:?}"));
    }
    None
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::super::example::{Game, assert_broken, ms};
    use super::*;
    use crate::history::{Closed, Status};

    /// The last thing that the first viewer saw.
    fn last(game: &mut Game) -> &mut Sighting {
        game.history.viewers[0].sockets[0].sightings.last_mut().unwrap()
    }

    #[test]
    fn a_viewer_who_ends_on_an_older_board_is_caught() {
        let mut game = Game::good();
        game.history.viewers[0].sockets[0].sightings.pop();
        assert_broken!(game, Violation::NeverSettled { .. });
        let mut game = Game::good();
        Arc::make_mut(&mut last(&mut game).frame).version = 8;
        assert_broken!(game, Violation::NeverSettled { .. } | Violation::Contradiction { .. });
    }

    #[test]
    fn a_final_frame_without_rows_is_caught() {
        let mut game = Game::good();
        Arc::make_mut(&mut last(&mut game).frame).rows.clear();
        assert_broken!(
            game,
            Violation::NeverSettled { .. }
                | Violation::Emptied { .. }
                | Violation::Contradiction { .. }
                | Violation::NotTheLedger { .. }
        );
    }

    #[test]
    fn a_viewer_who_does_not_see_that_the_quiz_has_ended_is_caught() {
        let mut game = Game::good();
        Arc::make_mut(&mut last(&mut game).frame).status = Status::Started;
        assert_broken!(game, Violation::NeverSettled { .. } | Violation::Contradiction { .. });
    }

    #[test]
    fn a_viewer_whose_board_stays_stale_is_caught() {
        let mut game = Game::good();
        last(&mut game).stale = true;
        assert_broken!(game, Violation::NeverSettled { .. });
    }

    #[test]
    fn a_viewer_whose_own_place_stays_behind_is_caught() {
        let mut game = Game::good();
        let sightings = &mut game.history.viewers[0].sockets[0].sightings;
        sightings.last_mut().unwrap().you = sightings[1].you;
        assert_broken!(game, Violation::NeverSettled { .. } | Violation::WentBack { .. });
    }

    #[test]
    fn a_viewer_whose_socket_is_closed_in_the_end_is_caught() {
        let mut game = Game::good();
        game.history.viewers[0].sockets[0].closed = Some(Closed { at: ms(150), code: None });
        assert_broken!(game, Violation::NeverSettled { .. });
    }

    #[test]
    fn a_viewer_who_sees_the_final_board_too_late_is_caught() {
        let mut game = Game::good();
        last(&mut game).at =
            game.promises.quiet_from + game.promises.settled_within + Duration::from_millis(1);
        assert_broken!(game, Violation::SettledLate { .. });
    }

    #[test]
    fn a_viewer_is_settled_from_the_first_sight_of_what_stays() {
        let mut game = Game::good();
        let first = last(&mut game).clone();
        let late = game.promises.quiet_from + game.promises.settled_within * 2;
        game.history.viewers[0].sockets[0].sightings.push(Sighting { at: late, ..first });
        assert_eq!(game.check(), []);
    }

    #[test]
    fn a_final_frame_with_other_rows_than_the_board_is_caught() {
        let mut game = Game::good();
        Arc::make_mut(&mut last(&mut game).frame).rows[0].rank = 2;
        assert_broken!(
            game,
            Violation::NeverSettled { .. } | Violation::Misranked { .. } | Violation::Contradiction { .. }
        );
    }
}
