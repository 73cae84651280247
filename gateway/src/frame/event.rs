//! What users hear on their socket of things that happen, as text.

use bytes::Bytes;
use proto::v1;
use serde::Serialize;

use super::SubjectBoard;
use crate::{seconds::Seconds, timestamp};

/// A subject's board has changed, or sessions came in.
#[derive(Serialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ActivityEvent"))]
pub(crate) enum Event<'a> {
    LeaderboardUpdated(SubjectUpdate<'a>),
    QuizSessionUploaded(Uploaded<'a>),
}

/// One state of a subject's board, its first hundred rows.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SubjectUpdate<'a> {
    #[serde(flatten)]
    board: SubjectBoard<'a>,
    /// The quiz that caused the change, if that is known.
    quiz_id: Option<&'a str>,
}

/// A finished attempt; with a count above 1 the first of an upload or of an ended quiz.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "UploadedSession"))]
pub(crate) struct Uploaded<'a> {
    session_id: &'a str,
    user_id: &'a str,
    username: &'a str,
    quiz_id: &'a str,
    subject: Option<&'a str>,
    score: u32,
    duration_seconds: Seconds,
    timestamp: Option<String>,
    count: u32,
}

/// `leaderboard_updated`: a subject's board has changed, because of a quiz if that is known.
pub(crate) fn leaderboard_updated(board: &v1::Leaderboard, name: &str, cause: Option<&str>) -> Bytes {
    let board = SubjectBoard::new(board, name);
    text(&Event::LeaderboardUpdated(SubjectUpdate { board, quiz_id: cause }))
}

/// `quiz_session_uploaded`: sessions came in.
pub(crate) fn quiz_session_uploaded(
    uploaded: &v1::SessionsUploaded,
    at: Option<&prost_types::Timestamp>,
) -> Bytes {
    text(&Event::QuizSessionUploaded(Uploaded {
        session_id: &uploaded.session_id,
        user_id: &uploaded.user_id,
        username: &uploaded.username,
        quiz_id: &uploaded.quiz_id,
        subject: Some(&*uploaded.subject).filter(|subject| !subject.is_empty()),
        score: uploaded.score,
        duration_seconds: uploaded.duration.into(),
        timestamp: timestamp::rfc3339(at),
        count: uploaded.count,
    }))
}

fn text(event: &Event<'_>) -> Bytes {
    serde_json::to_vec(event).expect("strings and numbers always encode").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_the_shape_of_the_contract() {
        let at = prost_types::Timestamp { seconds: 1_770_027_300, nanos: 123_000_000 };
        let uploaded = v1::SessionsUploaded {
            session_id: "session_1234567890ab".to_owned(),
            user_id: "u_1234567890ab".to_owned(),
            username: "ada".to_owned(),
            quiz_id: "quiz_a1b2c3d4e5f6".to_owned(),
            subject: String::new(),
            score: 90,
            duration: Some(prost_types::Duration { seconds: 312, nanos: 0 }),
            count: 1,
        };
        assert_eq!(
            quiz_session_uploaded(&uploaded, Some(&at)),
            concat!(
                r#"{"type":"quiz_session_uploaded","data":{"session_id":"session_1234567890ab","#,
                r#""user_id":"u_1234567890ab","username":"ada","quiz_id":"quiz_a1b2c3d4e5f6","#,
                r#""subject":null,"score":90,"duration_seconds":312,"#,
                r#""timestamp":"2026-02-02T10:15:00.123Z","count":1}}"#,
            )
        );
        let board = v1::Leaderboard {
            board: Some(v1::leaderboard::Board::Subject("BIO".to_owned())),
            version: 9,
            epoch: 1,
            timestamp: Some(at),
            ..v1::Leaderboard::default()
        };
        for (cause, json) in [(Some("quiz_a"), r#""quiz_a""#), (None, "null")] {
            let expected = concat!(
                r#"{"type":"leaderboard_updated","data":{"subject":"BIO","subject_name":"Biology","#,
                r#""leaderboard":[],"total_users":0,"timestamp":"2026-02-02T10:15:00.123Z","version":9,"#,
                r#""epoch":1,"quiz_id":"#,
            );
            assert_eq!(leaderboard_updated(&board, "Biology", cause), format!("{expected}{json}}}}}"));
        }
    }
}
