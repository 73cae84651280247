//! How boards are named and written in Redis: keys, channels, notices, numbers. Talks to no server.

use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use services::telemetry::Cause;

use crate::{
    board::{BoardId, Change, Member, Phase},
    ranking::Key,
};

/// The keys of a board. The braces make them share a slot.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    stem: String,
}

impl Keys {
    pub(super) fn of(board: &BoardId) -> Self {
        let kind = match board {
            BoardId::Quiz(_) => "lb",
            BoardId::Subject(_) => "sb",
        };
        Self { stem: format!("{kind}:{{{board}}}") }
    }

    /// Places, labels, and what the board says of itself.
    pub(super) fn board(&self) -> [String; 3] {
        ["z", "n", "m"].map(|name| format!("{}:{name}", self.stem))
    }

    /// Places and labels that are loaded under a claim, and its lock.
    pub(super) fn shadow(&self, token: &str) -> [String; 3] {
        [format!("{}:z:{token}", self.stem), format!("{}:n:{token}", self.stem), self.lock()]
    }

    /// Who rebuilds the board.
    pub(super) fn lock(&self) -> String {
        format!("{}:lock", self.stem)
    }
}

/// Where it is told that there is news across quizzes.
pub(super) const NEWS: &str = "activity:updates";

/// Where changes of a board are told.
pub(super) fn channel(board: &BoardId) -> String {
    match board {
        BoardId::Quiz(id) => format!("quiz:updates:{id}"),
        BoardId::Subject(code) => format!("subject:updates:{code}"),
    }
}

/// What is told of a change of a quiz: its last row that still ranks, and how many changed.
/// Of a subject, and of more than rows, only the version; version 0 is a board that is gone.
///
/// Where telemetry is exported, also what led to it: a span as W3C Trace Context writes it, and when
/// it was acknowledged, in ms since 1970.
#[derive(Debug, Serialize)]
pub(super) struct Notice {
    #[serde(skip_serializing_if = "Option::is_none")]
    participant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u32>,
    version: u64,
    changed: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_ms: Option<u128>,
}

/// What a reader of notices takes from one: the rest it reads from the board.
#[derive(Debug, Deserialize)]
struct Led {
    version: u64,
    #[serde(default)]
    traceparent: String,
    acknowledged_ms: Option<u64>,
}

/// Reads from a notice which change led to it, and what led to that.
pub(super) fn led_by(notice: &[u8]) -> Option<(u64, Cause)> {
    let Led { version, traceparent, acknowledged_ms } = serde_json::from_slice(notice).ok()?;
    let at = UNIX_EPOCH.checked_add(Duration::from_millis(acknowledged_ms?))?;
    Some((version, Cause::told(&traceparent, at)))
}

impl Notice {
    pub(super) fn of(change: &Change) -> Self {
        let seats = change.rows.iter().filter(|row| matches!(row.member, Member::Participant(_)));
        let last = seats.filter_map(|row| Some((row.seq, row.member, row.key?))).max_by_key(|row| row.0);
        let cause = change.causes.only();
        Self {
            participant_id: last.map(|(_, member, _)| member.to_string()),
            score: last.map(|(_, _, key)| key.score()),
            version: change.to,
            changed: change.rows.len(),
            traceparent: cause.as_ref().map(Cause::traceparent),
            acknowledged_ms: cause
                .map(|cause| cause.at().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()),
        }
    }

    /// That all rows are others now.
    pub(super) fn of_whole(version: u64, rows: usize) -> Self {
        Self {
            participant_id: None,
            score: None,
            version,
            changed: rows,
            traceparent: None,
            acknowledged_ms: None,
        }
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}

/// Writes a key as the number that the sorted set holds.
pub(super) fn place(key: Key) -> String {
    format!("-{}", key.number())
}

/// Reads a number back from the sorted set, however it is written: `-1e+15` too.
pub(super) fn key(place: &str) -> Option<Key> {
    let number: f64 = place.parse().ok()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    (-9_007_199_254_740_992.0..=0.0).contains(&number).then(|| Key::from_number(-number as u64))
}

/// Writes a duration in ms.
pub(super) fn ms(duration: Duration) -> String {
    duration.as_millis().to_string()
}

/// Writes the status of a phase; a subject has none.
pub(super) fn status(phase: Phase) -> &'static str {
    phase.status.map_or("", crate::quiz::Status::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::contract::{a_quiz, change};

    #[test]
    fn keys_of_a_board_share_a_slot_and_the_channel_has_no_braces() {
        let quiz = BoardId::Quiz("quiz_a1b2c3d4e5f6".parse().unwrap());
        let subject = BoardId::Subject("BIO".parse().unwrap());
        assert_eq!(
            Keys::of(&quiz).board(),
            ["lb:{quiz_a1b2c3d4e5f6}:z", "lb:{quiz_a1b2c3d4e5f6}:n", "lb:{quiz_a1b2c3d4e5f6}:m"]
        );
        assert_eq!(Keys::of(&subject).shadow("t"), ["sb:{BIO}:z:t", "sb:{BIO}:n:t", "sb:{BIO}:lock"]);
        assert_eq!(channel(&quiz), "quiz:updates:quiz_a1b2c3d4e5f6");
        assert_eq!(channel(&subject), "subject:updates:BIO");
    }

    #[test]
    fn a_notice_names_the_last_row_that_ranks() {
        let notice = |rows: &[_]| Notice::of(&change(&a_quiz(), 14, rows)).to_json();
        assert_eq!(
            notice(&[(1, Some(50)), (2, Some(60)), (3, None)]),
            r#"{"participant_id":"p_000000000002","score":60,"version":17,"changed":3}"#
        );
        assert_eq!(notice(&[]), r#"{"version":15,"changed":0}"#);
        assert_eq!(notice(&[(3, None)]), r#"{"version":15,"changed":1}"#);
    }

    #[test]
    fn a_notice_tells_what_led_to_it_if_that_is_known() {
        let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let cause = Cause::told(traceparent, UNIX_EPOCH + Duration::from_millis(1_790_000_000_123));
        let mut change = change(&a_quiz(), 14, &[]);
        change.causes = Some(cause.clone()).into();
        let notice = Notice::of(&change).to_json();
        assert_eq!(
            notice,
            format!(
                r#"{{"version":15,"changed":0,"traceparent":"{traceparent}","acknowledged_ms":1790000000123}}"#
            )
        );
        assert_eq!(led_by(notice.as_bytes()), Some((15, cause)));
        for other in ["", r#"{"version":15,"changed":0}"#, r#"{"version":15,"acknowledged_ms":-1}"#] {
            assert_eq!(led_by(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn places_read_back_however_they_are_written() {
        for number in [0, 1, (1 << 53) - 1] {
            assert_eq!(key(&place(Key::from_number(number))), Some(Key::from_number(number)));
        }
        assert_eq!(key("-1e+15"), Some(Key::from_number(1_000_000_000_000_000)));
        for wrong in ["", "1", "-1e16", "nan", "-inf"] {
            assert_eq!(key(wrong), None, "{wrong}");
        }
    }
}
