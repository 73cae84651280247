//! The exact bytes that browsers see of a board: encoded once per change, shared by every socket.
//!
//! A frame is one JSON object. All but its end is the same for everybody, or for everybody who has
//! the same state already and takes what changed since; the end says whether the frame is stale and
//! where the reader itself stands. This file knows no socket.

mod delta;
mod event;
mod form;
mod subject;

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use self::delta::Deltas;
#[cfg(test)]
pub(crate) use self::event::Event;
pub(crate) use self::{
    event::{leaderboard_updated, quiz_session_uploaded},
    form::{Form, Part},
    subject::SubjectBoard,
};

use crate::{
    ids::ParticipantId,
    news::News,
    standing::{Place, Standing, Version},
    timestamp,
};

/// One state of a quiz's board, ready to be written.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    version: Version,
    /// The JSON object without its end.
    shared: Bytes,
    /// The same as what changed; only if somebody takes that.
    deltas: Option<Arc<Deltas>>,
    places: Arc<HashMap<ParticipantId, Place>>,
    reach: Reach,
    /// How many states of the board were shown before.
    ordinal: u64,
    /// What led to it, while it is news.
    pub(crate) news: Option<Arc<News>>,
}

/// Whether scoring still answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Live,
    Stale,
}

impl Frame {
    /// Encodes one state of a quiz's board.
    pub(crate) fn encode(board: &v1::Leaderboard) -> Self {
        let rows = rows(board);
        let places = rows.iter().filter_map(Row::place).collect();
        let mut shared = serde_json::to_vec(&Shared {
            quiz_id: quiz_id(board),
            leaderboard: rows,
            total_participants: board.total,
            timestamp: timestamp::rfc3339(board.timestamp.as_ref()),
            version: board.version,
            epoch: board.epoch,
            status: board.status().into(),
        })
        .expect("strings and numbers always encode");
        shared.pop();
        Self {
            version: Version { epoch: board.epoch, number: board.version },
            shared: shared.into(),
            deltas: None,
            places: Arc::new(places),
            reach: Reach::Live,
            ordinal: 0,
            news: None,
        }
    }

    /// Which state this is.
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// This state as the one that follows another.
    pub(crate) fn after(self, shown: &Self) -> Self {
        Self { ordinal: shown.ordinal + 1, ..self }
    }

    /// The same state, also as what changed since itself and since the one that it comes after.
    pub(crate) fn with_deltas(self, board: v1::Leaderboard, shown: Option<&Self>) -> Self {
        let before = shown.filter(|shown| shown.ordinal + 1 == self.ordinal);
        let before = before.and_then(|shown| shown.deltas.as_deref());
        let deltas = Deltas::encode(board, before, self.shared.len());
        Self { deltas: Some(Arc::new(deltas)), ..self }
    }

    /// How many states of its board were shown before; the same while it is stale.
    pub(crate) fn ordinal(&self) -> u64 {
        self.ordinal
    }

    /// How many states between another one and this were not shown.
    pub(crate) fn skipped_since(&self, shown: &Self) -> u64 {
        self.ordinal.saturating_sub(shown.ordinal + 1)
    }

    /// The same state while scoring is out of reach.
    pub(crate) fn stale(&self) -> Self {
        Self { reach: Reach::Stale, news: None, ..self.clone() }
    }

    /// The same state once scoring is back.
    pub(crate) fn live(&self) -> Self {
        Self { reach: Reach::Live, news: None, ..self.clone() }
    }

    /// Whether scoring was out of reach.
    pub(crate) fn is_stale(&self) -> bool {
        self.reach == Reach::Stale
    }

    /// Where a participant stands, if it is among the rows.
    pub(crate) fn place(&self, participant: ParticipantId) -> Option<Place> {
        self.places.get(&participant).copied()
    }

    /// The part for readers who take deltas and had the state with this ordinal last, or for all
    /// others.
    pub(crate) fn part(&self, had: Option<u64>) -> Part<'_> {
        let delta =
            self.deltas.as_ref().zip(had).and_then(|(deltas, had)| match self.ordinal.checked_sub(had) {
                Some(0) => deltas.again.as_ref(),
                Some(1) => deltas.forward.as_ref(),
                Some(_) | None => None,
            });
        delta.map_or(Part::Whole(&self.shared), Part::Delta)
    }

    /// Appends the end for one reader; behind a part it completes the object.
    pub(crate) fn write_end(&self, participant: ParticipantId, standing: &Standing, out: &mut Vec<u8>) {
        let you = standing.place.map(|Place { score, rank }| You {
            participant_id: participant,
            score,
            rank,
            version: standing.version.number,
        });
        self.end(you, out);
    }

    fn end(&self, you: Option<You>, out: &mut Vec<u8>) {
        let brace = out.len();
        let end = End { stale: self.is_stale().then_some(true), you };
        serde_json::to_writer(&mut *out, &end).expect("strings and numbers always encode");
        // The end goes on where the shared part stopped, so a comma takes the place of its brace.
        if out[brace + 1] == b'}' {
            out.remove(brace);
        } else {
            out[brace] = b',';
        }
    }

    /// The object for one reader.
    pub(crate) fn for_seat(
        &self,
        part: Part<'_>,
        participant: ParticipantId,
        standing: &Standing,
    ) -> Vec<u8> {
        let mut text = beginning(part);
        self.write_end(participant, standing, &mut text);
        text
    }

    /// The object for nobody in particular.
    pub(crate) fn for_anyone(&self, part: Part<'_>) -> Vec<u8> {
        let mut text = beginning(part);
        self.end(None, &mut text);
        text
    }

    /// The whole object for nobody in particular.
    pub(crate) fn whole(&self) -> Vec<u8> {
        self.for_anyone(Part::Whole(&self.shared))
    }
}

fn beginning(part: Part<'_>) -> Vec<u8> {
    let mut text = Vec::with_capacity(part.bytes().len() + END_BYTES);
    text.extend_from_slice(part.bytes());
    text
}

fn quiz_id(board: &v1::Leaderboard) -> &str {
    match &board.board {
        Some(v1::leaderboard::Board::QuizId(quiz_id)) => quiz_id,
        Some(v1::leaderboard::Board::Subject(_)) | None => "",
    }
}

fn rows(board: &v1::Leaderboard) -> Vec<Row<'_>> {
    board.entries.iter().filter_map(Row::of).collect()
}

/// Where a quiz is in its life.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "QuizStatus"))]
pub(crate) enum Status {
    Pending,
    Started,
    Ended,
    /// Scoring always says which; this is for the wire, where nothing is mandatory.
    #[cfg_attr(test, ts(skip))]
    Unknown,
}

impl From<v1::QuizStatus> for Status {
    fn from(status: v1::QuizStatus) -> Self {
        match status {
            v1::QuizStatus::Unspecified => Self::Unknown,
            v1::QuizStatus::Pending => Self::Pending,
            v1::QuizStatus::Started => Self::Started,
            v1::QuizStatus::Ended => Self::Ended,
        }
    }
}

/// Enough for the end of a frame, so that it is allocated once.
const END_BYTES: usize = 128;

/// The part that everybody gets; its members keep this order.
///
/// Versions grow with every change and compare within one epoch; a greater epoch replaces what one
/// has.
#[derive(Serialize, ToSchema)]
#[schema(as = QuizBoard, example = json!({
    "quiz_id": "quiz_a1b2c3d4e5f6",
    "leaderboard": [{"participant_id": "p_1234567890ab", "username": "alice_dev", "score": 50, "rank": 1}],
    "total_participants": 2, "timestamp": "2026-02-02T10:15:00.123Z", "version": 17, "epoch": 1_790_000_000,
    "status": "started",
}))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Shared<'a> {
    quiz_id: &'a str,
    leaderboard: Vec<Row<'a>>,
    total_participants: u32,
    /// When scoring read this state.
    timestamp: Option<String>,
    version: u64,
    epoch: u64,
    status: Status,
}

/// The part that is one reader's own.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
struct End {
    /// Present while scoring is out of reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<bool>,
    /// Only on a participant's own socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    you: Option<You>,
}

/// One ranked row of a quiz.
#[derive(Serialize, ToSchema)]
#[schema(as = QuizRow)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "QuizRow"))]
struct Row<'a> {
    participant_id: &'a str,
    username: &'a str,
    score: u32,
    rank: u32,
}

impl<'a> Row<'a> {
    fn of(entry: &'a v1::Entry) -> Option<Self> {
        match &entry.id {
            Some(v1::entry::Id::ParticipantId(participant_id)) => {
                Some(Self { participant_id, username: &entry.username, score: entry.score, rank: entry.rank })
            }
            Some(v1::entry::Id::UserId(_)) | None => None,
        }
    }

    fn place(&self) -> Option<(ParticipantId, Place)> {
        let participant = self.participant_id.parse().ok()?;
        Some((participant, Place { score: self.score, rank: self.rank }))
    }
}

/// Where the reader stands, also outside the rows; may lag them by a second.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
struct You {
    #[serde(serialize_with = "written")]
    #[cfg_attr(test, ts(type = "string"))]
    participant_id: ParticipantId,
    score: u32,
    rank: u32,
    version: u64,
}

/// One state of a quiz's board: the whole object, as its readers may rely on it.
#[cfg(test)]
#[derive(ts_rs::TS)]
#[expect(dead_code, reason = "only its shape is of interest")]
pub(crate) struct QuizFrame {
    #[ts(flatten)]
    shared: Shared<'static>,
    #[ts(flatten)]
    end: End,
}

/// What changed from one state of a quiz's board to another, as readers may rely on it.
#[cfg(test)]
#[derive(ts_rs::TS)]
#[expect(dead_code, reason = "only its shape is of interest")]
pub(crate) struct QuizDelta {
    #[ts(flatten)]
    delta: delta::Delta<'static>,
    #[ts(flatten)]
    end: End,
}

fn written<S: serde::Serializer>(id: &ParticipantId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED: &str = concat!(
        r#"{"quiz_id":"quiz_a1b2c3d4e5f6","leaderboard":["#,
        r#"{"participant_id":"p_1234567890ab","username":"alice \"dev\"","score":50,"rank":1},"#,
        r#"{"participant_id":"p_0987654321yx","username":"böb","score":30,"rank":2}],"#,
        r#""total_participants":3,"timestamp":"2026-02-02T10:15:00.123Z","#,
        r#""version":17,"epoch":1790000000,"status":"started""#,
    );

    fn frame() -> Frame {
        let entry = |id: &str, username: &str, score, rank| v1::Entry {
            id: Some(v1::entry::Id::ParticipantId(id.to_owned())),
            username: username.to_owned(),
            score,
            rank,
            ..v1::Entry::default()
        };
        Frame::encode(&v1::Leaderboard {
            board: Some(v1::leaderboard::Board::QuizId("quiz_a1b2c3d4e5f6".to_owned())),
            entries: vec![
                entry("p_1234567890ab", "alice \"dev\"", 50, 1),
                entry("p_0987654321yx", "böb", 30, 2),
            ],
            total: 3,
            version: 17,
            epoch: 1_790_000_000,
            status: v1::QuizStatus::Started.into(),
            timestamp: Some(prost_types::Timestamp { seconds: 1_770_027_300, nanos: 123_456_789 }),
        })
    }

    fn seat(text: &str) -> ParticipantId {
        text.parse().unwrap()
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_frame_has_exactly_the_bytes_of_the_contract() {
        assert_eq!(text(frame().whole()), format!("{SHARED}}}"));
    }

    #[test]
    fn a_reader_finds_its_own_standing_at_the_end_of_the_same_bytes() {
        let alice = seat("p_1234567890ab");
        let standing = Standing { version: frame().version(), place: frame().place(alice) };
        let you = r#","you":{"participant_id":"p_1234567890ab","score":50,"rank":1,"version":17}}"#;
        assert_eq!(text(frame().for_seat(frame().part(None), alice, &standing)), format!("{SHARED}{you}"));
    }

    #[test]
    fn a_reader_without_a_seat_gets_no_standing() {
        let carol = seat("p_000000000000");
        assert_eq!(
            text(frame().for_seat(frame().part(None), carol, &Standing::default())),
            format!("{SHARED}}}")
        );
    }

    #[test]
    fn a_stale_frame_says_so_before_the_standing_and_no_more_once_it_is_live() {
        let stale = frame().stale();
        assert_eq!(text(stale.whole()), format!("{SHARED},\"stale\":true}}"));
        let bob = seat("p_0987654321yx");
        let standing = Standing { version: stale.version(), place: stale.place(bob) };
        let you =
            r#","stale":true,"you":{"participant_id":"p_0987654321yx","score":30,"rank":2,"version":17}}"#;
        assert_eq!(text(stale.for_seat(stale.part(None), bob, &standing)), format!("{SHARED}{you}"));
        assert_eq!(stale.live().whole(), frame().whole());
    }
}
