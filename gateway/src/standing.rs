//! Where participants stand, and at which state of their board that was.

use std::collections::HashMap;

use proto::v1::GetStandingsResponse;

use crate::ids::ParticipantId;

/// Which state of a board this is; ordered by epoch, then by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Version {
    /// A greater epoch replaces everything known from a lower one.
    pub(crate) epoch: u64,
    /// Grows with every change within one epoch.
    pub(crate) number: u64,
}

/// Where one participant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) score: u32,
    pub(crate) rank: u32,
}

/// Where one participant stood at one version; without a place it had no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Standing {
    pub(crate) version: Version,
    pub(crate) place: Option<Place>,
}

/// Where several participants stood at one version; who is absent had no seat.
#[derive(Debug)]
pub(crate) struct Standings {
    pub(crate) version: Version,
    pub(crate) places: HashMap<ParticipantId, Place>,
}

impl Standings {
    /// Where one of them stood.
    pub(crate) fn of(&self, participant: ParticipantId) -> Standing {
        Standing { version: self.version, place: self.places.get(&participant).copied() }
    }
}

impl From<GetStandingsResponse> for Standings {
    fn from(reply: GetStandingsResponse) -> Self {
        let places = reply.standings.iter().filter_map(|standing| {
            let participant = standing.participant_id.parse().ok()?;
            Some((participant, Place { score: standing.score, rank: standing.rank }))
        });
        Self { version: Version { epoch: reply.epoch, number: reply.version }, places: places.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_epoch_first() {
        let version = |epoch, number| Version { epoch, number };
        assert!(version(2, 1) > version(1, 9));
        assert!(version(1, 2) > version(1, 1));
    }
}
