//! A frame of the quiz socket, read from its bytes.
//!
//! A thousand sockets show the same frame within one tick, and differ only in its end. So the
//! part before the end is parsed once and shared.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex},
};

use serde::Deserialize;

/// The part of a frame that everybody sees.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Frame {
    /// A greater epoch replaces what was known from a lower one.
    pub epoch: u64,
    /// Grows with every change within an epoch.
    pub version: u64,
    /// The life of the quiz.
    pub status: Status,
    /// How many seats the whole board has.
    #[serde(rename = "total_participants")]
    pub total: u32,
    /// The first rows, best first.
    #[serde(rename = "leaderboard")]
    pub rows: Vec<Row>,
}

/// Where a quiz is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nobody can answer yet.
    #[default]
    Pending,
    /// Answers count.
    Started,
    /// The ranking stands.
    Ended,
}

/// One ranked row.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Row {
    /// Whose.
    #[serde(rename = "participant_id")]
    pub participant: String,
    /// The name to show.
    pub username: String,
    /// Points in this run.
    pub score: u32,
    /// 1 + the number of rows above.
    pub rank: u32,
}

/// A viewer's own place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct You {
    /// Points in this run.
    pub score: u32,
    /// 1 + the number of rows above.
    pub rank: u32,
    /// The version it was read at, which may be lower than the frame's.
    pub version: u64,
}

/// The bytes are not a frame.
#[derive(Debug, thiserror::Error)]
#[error("not a frame: {text}")]
pub struct Unreadable {
    text: String,
    #[source]
    source: serde_json::Error,
}

/// Reads frames, each different one once.
#[derive(Debug, Default)]
pub struct Frames {
    hasher: RandomState,
    known: Mutex<HashMap<u64, Arc<Frame>>>,
}

/// How many frames are remembered; beyond, all are forgotten and read again.
const KNOWN_MAX: usize = 1024;

/// The end of a frame is shorter than this.
const END_BYTES: usize = 160;

/// The part of a frame that differs from socket to socket.
#[derive(Default, Deserialize)]
struct End {
    #[serde(default)]
    stale: bool,
    you: Option<You>,
}

impl Frames {
    /// Reads a frame: the shared part, whether it is marked as stale, and the viewer's place.
    ///
    /// # Errors
    /// If the text is no frame of a quiz socket.
    ///
    /// # Panics
    /// If another reader has.
    pub fn read(&self, text: &str) -> Result<(Arc<Frame>, bool, Option<You>), Unreadable> {
        let (shared, end) = split(text);
        let unreadable = |source| Unreadable { text: text.to_owned(), source };
        let end: End = match end {
            "" => End::default(),
            members => serde_json::from_str(&format!("{{{members}")).map_err(unreadable)?,
        };
        let key = self.hasher.hash_one(shared);
        let mut known = self.known.lock().expect("no reader has panicked");
        if let Some(frame) = known.get(&key) {
            return Ok((frame.clone(), end.stale, end.you));
        }
        let closed = if shared.len() == text.len() { "" } else { "}" };
        let frame: Arc<Frame> =
            Arc::new(serde_json::from_str(&format!("{shared}{closed}")).map_err(unreadable)?);
        if known.len() == KNOWN_MAX {
            known.clear();
        }
        known.insert(key, frame.clone());
        Ok((frame, end.stale, end.you))
    }
}

/// Cuts the text before its first member that differs from socket to socket. The names cannot
/// stand inside a JSON string, whose quotes are escaped.
fn split(text: &str) -> (&str, &str) {
    let from = text.floor_char_boundary(text.len().saturating_sub(END_BYTES));
    let cut = [r#","stale":"#, r#","you":"#].iter().filter_map(|name| text[from..].find(name)).min();
    match cut {
        Some(cut) => (&text[..from + cut], &text[from + cut + 1..]),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED: &str = concat!(
        r#"{"quiz_id":"quiz_a1b2c3d4e5f6","leaderboard":["#,
        r#"{"participant_id":"p_1234567890ab","username":"\",\"you\":ü","score":50,"rank":1}],"#,
        r#""total_participants":2,"timestamp":"2026-02-02T10:15:00.123Z","#,
        r#""version":17,"epoch":1790000000,"status":"started""#,
    );
    const YOU: &str = r#","you":{"participant_id":"p_0987654321yx","score":30,"rank":2,"version":16}}"#;

    #[test]
    fn a_frame_is_read_with_its_end() {
        let (frame, stale, you) = Frames::default().read(&format!("{SHARED},\"stale\":true{YOU}")).unwrap();
        assert_eq!((frame.epoch, frame.version, frame.total), (1_790_000_000, 17, 2));
        assert_eq!(frame.status, Status::Started);
        let (participant, username) = ("p_1234567890ab".to_owned(), r#"","you":ü"#.to_owned());
        assert_eq!(frame.rows, [Row { participant, username, score: 50, rank: 1 }]);
        assert!(stale);
        assert_eq!(you, Some(You { score: 30, rank: 2, version: 16 }));
    }

    #[test]
    fn what_differs_only_in_its_end_is_one_frame() {
        let frames = Frames::default();
        let (plain, stale, you) = frames.read(&format!("{SHARED}}}")).unwrap();
        assert_eq!((stale, you), (false, None));
        let (first, ..) = frames.read(&format!("{SHARED}{YOU}")).unwrap();
        let (second, ..) = frames.read(&format!("{SHARED},\"stale\":true}}")).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(plain, first);
    }

    #[test]
    fn whatever_is_no_frame_is_unreadable() {
        for text in ["", "{}", "[]", "{\"version\":1}", &SHARED[..90], &format!("{SHARED},\"you\":7}}")] {
            assert!(Frames::default().read(text).is_err(), "{text}");
        }
    }
}
