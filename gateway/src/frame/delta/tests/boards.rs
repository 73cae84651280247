//! Boards that come about as those of quizzes do, or in any other way.

use std::collections::{BTreeMap, HashSet};

use proptest::{collection::vec, prelude::*};
use proto::v1;

/// A board with these rows, each as (participant, username, score, rank).
pub(super) fn board(version: u64, rows: &[(&str, &str, u32, u32)]) -> v1::Leaderboard {
    let entry = |(id, username, score, rank): &(&str, &str, u32, u32)| v1::Entry {
        id: Some(v1::entry::Id::ParticipantId((*id).to_owned())),
        username: (*username).to_owned(),
        score: *score,
        rank: *rank,
        ..v1::Entry::default()
    };
    v1::Leaderboard {
        board: Some(v1::leaderboard::Board::QuizId("quiz_a1b2c3d4e5f6".to_owned())),
        entries: rows.iter().map(entry).collect(),
        total: rows.len() as u32,
        version,
        epoch: 1_790_000_000,
        status: v1::QuizStatus::Started.into(),
        timestamp: Some(prost_types::Timestamp { seconds: 1_770_027_300 + version as i64, nanos: 0 }),
    }
}

/// Any rows, ranked by the rule or not.
pub(super) fn any_board(version: u64) -> impl Strategy<Value = v1::Leaderboard> {
    let row = (0..12_u32, 0..2_u32, 0..4_u32, any::<bool>(), 0..20_u32);
    vec(row, 0..10).prop_map(move |rows| {
        let (mut seen, mut ranked, mut rank) = (HashSet::new(), Vec::new(), 1);
        for (id, name, score, is_tied, beside_the_rule) in rows {
            if seen.insert(id) {
                let at = ranked.len() as u32 + 1;
                rank = if beside_the_rule == 0 {
                    at + 1
                } else if is_tied {
                    rank
                } else {
                    at
                };
                ranked.push((format!("p_{id}"), format!("name {name}"), score, rank));
            }
        }
        let rows = ranked.iter().map(|(id, name, score, rank)| (&**id, &**name, *score, *rank));
        board(version, &rows.collect::<Vec<_>>())
    })
}

/// What happens to a quiz between two states.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// Somebody who is or comes in stands at a score, reached at a time.
    Score {
        seat: u32,
        score: u32,
        time: u32,
    },
    Rename(u32),
    Remove(u32),
    /// All begin again, and are told apart by nothing.
    Restart,
    End,
    Restore,
}

/// Anything, most often a score.
pub(super) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        20 => (0..14_u32, 0..9_u32, 0..4_u32)
            .prop_map(|(seat, score, time)| Event::Score { seat, score, time }),
        2 => (0..14_u32).prop_map(Event::Rename),
        4 => (0..14_u32).prop_map(Event::Remove),
        1 => Just(Event::Restart),
        1 => Just(Event::End),
        1 => Just(Event::Restore),
    ]
}

/// A quiz, and how many rows of its board are shown.
pub(super) struct Quiz {
    seats: BTreeMap<u32, (u32, u32, u32)>,
    version: u64,
    epoch: u64,
    status: v1::QuizStatus,
}

const SHOWN_ROWS: usize = 8;

impl Quiz {
    /// Begins without anybody.
    pub(super) fn start() -> Self {
        Self { seats: BTreeMap::new(), version: 0, epoch: 1, status: v1::QuizStatus::Started }
    }

    /// Lets something happen.
    pub(super) fn happens(&mut self, event: &Event) {
        match *event {
            Event::Score { seat, score, time } => {
                let (now, at, _) = self.seats.entry(seat).or_default();
                (*now, *at) = (score, time);
            }
            Event::Rename(seat) => {
                if let Some((_, _, names)) = self.seats.get_mut(&seat) {
                    *names += 1;
                }
            }
            Event::Remove(seat) => _ = self.seats.remove(&seat),
            Event::Restart => {
                self.status = v1::QuizStatus::Started;
                self.seats.values_mut().for_each(|(score, time, _)| (*score, *time) = (0, 0));
            }
            Event::End => self.status = v1::QuizStatus::Ended,
            Event::Restore => (self.epoch, self.version) = (self.epoch + 1, self.version / 2),
        }
        self.version += 1;
    }

    /// What of it is shown.
    pub(super) fn board(&self) -> v1::Leaderboard {
        let mut seats: Vec<_> =
            self.seats.iter().map(|(seat, (score, time, names))| (*score, *time, *seat, *names)).collect();
        seats.sort_by_key(|(score, time, seat, _)| (std::cmp::Reverse(*score), *time, *seat));
        let mut rows: Vec<(String, String, u32, u32)> = Vec::new();
        for (at, (score, time, seat, names)) in seats.iter().enumerate().take(SHOWN_ROWS) {
            let is_tied = at > 0 && (seats[at - 1].0, seats[at - 1].1) == (*score, *time);
            let rank = if is_tied { rows[at - 1].3 } else { at as u32 + 1 };
            rows.push((format!("p_{seat:012}"), format!("\"{seat}\" the {names}."), *score, rank));
        }
        let rows: Vec<_> =
            rows.iter().map(|(id, name, score, rank)| (&**id, &**name, *score, *rank)).collect();
        v1::Leaderboard {
            total: seats.len() as u32,
            epoch: self.epoch,
            status: self.status.into(),
            ..board(self.version, &rows)
        }
    }
}
