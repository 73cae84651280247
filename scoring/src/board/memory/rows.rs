//! The rows of one board, by member and by place. Knows nothing of versions.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use super::sorted::SortedList;
use crate::{
    board::{Member, Row, SnapshotRow, Window, offset_around},
    ranking::{self, Key},
};

/// Rows that are found by member and read in order.
#[derive(Debug)]
pub(super) struct Rows {
    places: SortedList<Place>,
    by_member: HashMap<Member, (Key, Arc<str>)>,
}

/// Orders rows: greater keys first, equal ones by the bytes of the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    key: Reverse<Key>,
    member: Member,
}

impl Rows {
    /// Takes the rows of a snapshot.
    pub(super) fn new(rows: &[SnapshotRow]) -> Self {
        let places = rows.iter().map(|row| Place { key: Reverse(row.key), member: row.member }).collect();
        let by_member = rows.iter().map(|row| (row.member, (row.key, row.label.clone()))).collect();
        Self { places: SortedList::new(places), by_member }
    }

    /// How many rows there are.
    pub(super) fn total(&self) -> u32 {
        count(self.places.len())
    }

    /// Puts a row at its place, wherever it was before.
    pub(super) fn put(&mut self, member: Member, key: Key, label: Arc<str>) {
        if let Some((old, _)) = self.by_member.insert(member, (key, label)) {
            if old == key {
                return;
            }
            self.places.remove(&Place { key: Reverse(old), member });
        }
        self.places.insert(Place { key: Reverse(key), member });
    }

    /// Takes a row away, if it is there.
    pub(super) fn remove(&mut self, member: Member) {
        if let Some((key, _)) = self.by_member.remove(&member) {
            self.places.remove(&Place { key: Reverse(key), member });
        }
    }

    /// Reads the row of a member.
    pub(super) fn row(&self, member: Member) -> Option<Row> {
        let (key, label) = self.by_member.get(&member)?;
        Some(Row { member, rank: self.rank(*key), key: *key, label: label.clone() })
    }

    /// Reads the rows of a window.
    pub(super) fn window(&self, window: Window) -> Vec<Row> {
        let (offset, limit) = match window {
            Window::Page { offset, limit } => (offset, limit),
            Window::Around { member, limit } => match self.by_member.get(&member) {
                None => return Vec::new(),
                Some((key, _)) => {
                    let place = Place { key: Reverse(*key), member };
                    let above = count(self.places.count_while(|other| *other < place));
                    (offset_around(above, limit, self.total()), limit)
                }
            },
        };
        let places: Vec<_> = self.places.iter_from(offset as usize).take(limit as usize).collect();
        let first = places.first().map_or(1, |place| self.rank(place.key.0));
        let ranks = ranking::ranks(first, offset, places.iter().map(|place| place.key.0));
        let row = |(place, rank): (&&Place, u32)| Row {
            member: place.member,
            rank,
            key: place.key.0,
            label: self.by_member[&place.member].1.clone(),
        };
        places.iter().zip(ranks).map(row).collect()
    }

    fn rank(&self, key: Key) -> u32 {
        1 + count(self.places.count_while(|place| place.key.0 > key))
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).expect("a board has fewer than 2^32 rows")
}
