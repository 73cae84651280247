//! One state of a subject's board, as JSON.

use proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{seconds::Seconds, timestamp};

/// One state of a subject's board: its users, ranked by the sums over their sessions.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "subject": "BIO", "subject_name": "Biology",
    "leaderboard": [{
        "user_id": "u_1234567890ab", "username": "ada", "total_score": 340, "quiz_count": 4,
        "average_score": 85.0, "total_duration_seconds": 1290, "average_duration_seconds": 323, "rank": 1,
    }],
    "total_users": 1, "timestamp": "2026-02-02T10:15:00.123Z", "version": 9, "epoch": 1_790_000_000,
}))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SubjectBoard<'a> {
    subject: &'a str,
    subject_name: &'a str,
    leaderboard: Vec<Row<'a>>,
    total_users: u32,
    timestamp: Option<String>,
    version: u64,
    epoch: u64,
}

/// One ranked row of a subject: sums over a user's sessions.
#[derive(Serialize, ToSchema)]
#[schema(as = SubjectRow)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "SubjectRow"))]
struct Row<'a> {
    user_id: &'a str,
    username: &'a str,
    total_score: u32,
    quiz_count: u32,
    average_score: f64,
    total_duration_seconds: Seconds,
    average_duration_seconds: Seconds,
    rank: u32,
}

impl<'a> SubjectBoard<'a> {
    /// Takes over what scoring tells of a subject.
    pub(crate) fn new(board: &'a v1::Leaderboard, name: &'a str) -> Self {
        Self {
            subject: match &board.board {
                Some(v1::leaderboard::Board::Subject(code)) => code,
                Some(v1::leaderboard::Board::QuizId(_)) | None => "",
            },
            subject_name: name,
            leaderboard: board.entries.iter().filter_map(Row::of).collect(),
            total_users: board.total,
            timestamp: timestamp::rfc3339(board.timestamp.as_ref()),
            version: board.version,
            epoch: board.epoch,
        }
    }
}

impl<'a> Row<'a> {
    fn of(entry: &'a v1::Entry) -> Option<Self> {
        match &entry.id {
            Some(v1::entry::Id::UserId(user_id)) => Some(Self {
                user_id,
                username: &entry.username,
                total_score: entry.score,
                quiz_count: entry.quiz_count,
                average_score: f64::from(entry.score) / f64::from(entry.quiz_count.max(1)),
                total_duration_seconds: entry.total_duration.into(),
                average_duration_seconds: entry.time.into(),
                rank: entry.rank,
            }),
            Some(v1::entry::Id::ParticipantId(_)) | None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subjects_board_has_the_bytes_of_the_contract() {
        let duration = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
        let board = v1::Leaderboard {
            board: Some(v1::leaderboard::Board::Subject("BIO".to_owned())),
            entries: vec![v1::Entry {
                id: Some(v1::entry::Id::UserId("u_1234567890ab".to_owned())),
                username: "ada".to_owned(),
                score: 340,
                time: duration(323),
                rank: 1,
                quiz_count: 4,
                total_duration: duration(1290),
            }],
            total: 1,
            version: 9,
            epoch: 1_790_000_000,
            status: v1::QuizStatus::Unspecified.into(),
            timestamp: Some(prost_types::Timestamp { seconds: 1_770_027_300, nanos: 123_000_000 }),
        };
        assert_eq!(
            serde_json::to_string(&SubjectBoard::new(&board, "Biology")).unwrap(),
            concat!(
                r#"{"subject":"BIO","subject_name":"Biology","leaderboard":[{"user_id":"u_1234567890ab","#,
                r#""username":"ada","total_score":340,"quiz_count":4,"average_score":85.0,"#,
                r#""total_duration_seconds":1290,"average_duration_seconds":323,"rank":1}],"#,
                r#""total_users":1,"timestamp":"2026-02-02T10:15:00.123Z","version":9,"epoch":1790000000}"#,
            )
        );
    }
}
