//! The rankings as the ledger knows them, each read at one moment.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use services::telemetry::Causes;
use sqlx::Row as _;

use super::{
    Columns as _, LEDGER_CALL, LEDGER_LONG_CALL, Row, Session, Store,
    counter::{phase, version},
    session::json,
    subjects,
};
use crate::{
    board::{
        BoardId, Change, ChangedRow, Member, Phase, Row as RankedRow, Snapshot, SnapshotRow, Version, View,
        Window, offset_around,
    },
    ledger::{CHANGE_ROWS_MAX, Effect, Error, Rankings, Result},
    ranking::{Key, ranks},
    refusal::Refusal,
    sessions::{Sums, UserLabel},
};

/// A statement on the rows of a board, which stand in a view of its kind; its name is $1.
macro_rules! on_rows {
    ($board:expr, $before:literal, $($after:expr),+) => {
        match $board {
            BoardId::Quiz(_) => sqlx::query(concat!($before, " quiz_rows ", $($after),+)),
            BoardId::Subject(_) => sqlx::query(concat!($before, " subject_rows ", $($after),+)),
        }
        .bind($board.to_string())
    };
}

#[async_trait]
impl Rankings for Store {
    async fn snapshot(&self, board: &BoardId) -> Result<Snapshot> {
        let mut session = self.read(LEDGER_LONG_CALL).await?;
        let head = Head::of(&mut session, board).await?;
        let select = on_rows!(
            board,
            "SELECT member, username, quiz_count, duration_ms, key FROM",
            "WHERE board = $1 AND NOT removed"
        );
        let rows = session
            .all(select, |row| {
                Ok(SnapshotRow { member: member(board, row)?, key: key(row)?, label: label(board, row)? })
            })
            .await?;
        Ok(Snapshot { board: board.clone(), version: head.version, phase: head.phase, rows })
    }

    async fn changed_since(&self, board: &BoardId, seq: u64) -> Result<Effect> {
        let mut session = self.read(LEDGER_LONG_CALL).await?;
        let head = Head::of(&mut session, board).await?;
        if seq >= head.version.seq {
            return Ok(Effect::None);
        }
        if seq < head.reset_seq {
            return Ok(Effect::Reset(board.clone()));
        }
        let select = on_rows!(
            board,
            "SELECT member, username, quiz_count, duration_ms, key, seq, removed FROM",
            "WHERE board = $1 AND seq > $2 LIMIT $3"
        );
        let select = select.bind(seq.cast_signed()).bind(CHANGE_ROWS_MAX as i64 + 1);
        let rows = session.all(select, |row| changed_row(board, row)).await?;
        Ok(Effect::of(Change {
            board: board.clone(),
            epoch: head.version.epoch,
            from: seq,
            to: head.version.seq,
            phase: head.phase,
            rows,
            causes: Causes::default(),
        }))
    }

    async fn view(&self, board: &BoardId, window: Window, members: &[Member]) -> Result<View> {
        let mut session = self.read(LEDGER_LONG_CALL).await?;
        let head = Head::of(&mut session, board).await?;
        let rows = match window {
            Window::Page { offset, limit } => page(&mut session, board, offset, limit).await?,
            Window::Around { member, limit } => match place(&mut session, board, member).await? {
                Some(before) => {
                    let offset = offset_around(before, limit, head.total);
                    page(&mut session, board, offset, limit).await?
                }
                None => Vec::new(),
            },
        };
        let standings = standings(&mut session, board, members).await?;
        let Head { version, phase, total, .. } = head;
        Ok(View { version, phase, total, rows, standings })
    }

    async fn version(&self, board: &BoardId) -> Result<Version> {
        let mut session = Session::plain(&self.readers, LEDGER_CALL).await?;
        Ok(Head::of(&mut session, board).await?.version)
    }

    async fn active(&self, since: Timestamp) -> Result<Vec<(BoardId, Version)>> {
        let mut session = Session::plain(&self.readers, LEDGER_CALL).await?;
        let quizzes = sqlx::query(
            "SELECT c.quiz_id, c.last_seq, e.epoch FROM quiz_counters c CROSS JOIN epoch e
             WHERE c.status = 'started'
             UNION ALL
             SELECT c.quiz_id, c.last_seq, e.epoch FROM quiz_counters c CROSS JOIN epoch e
             WHERE c.status <> 'started' AND c.moved_at >= $1",
        );
        let mut active = session
            .all(quizzes.bind(since.as_millisecond()), |row| {
                Ok((BoardId::Quiz(row.try_get("quiz_id")?), version(row)?))
            })
            .await?;
        let subjects = sqlx::query(
            "SELECT s.subject, s.last_seq, e.epoch FROM subject_counters s CROSS JOIN epoch e
             WHERE s.moved_at >= $1",
        );
        let changed = session
            .all(subjects.bind(since.as_millisecond()), |row| {
                Ok((BoardId::Subject(row.try_get("subject")?), version(row)?))
            })
            .await?;
        active.extend(changed);
        Ok(active)
    }
}

/// Where a board stands, beside its rows.
struct Head {
    version: Version,
    phase: Phase,
    total: u32,
    reset_seq: u64,
}

impl Head {
    async fn of(session: &mut Session, board: &BoardId) -> Result<Self> {
        match board {
            BoardId::Quiz(quiz) => {
                let select = sqlx::query(
                    "SELECT c.run, c.status, c.seats, c.last_seq, c.reset_seq, e.epoch
                     FROM quiz_counters c CROSS JOIN epoch e WHERE c.quiz_id = $1",
                );
                let row = session.optional(select.bind(quiz)).await?.ok_or(Refusal::QuizNotFound)?;
                Ok(Self {
                    version: version(&row)?,
                    phase: phase(&row)?,
                    total: row.whole("seats")?,
                    reset_seq: row.version("reset_seq")?,
                })
            }
            BoardId::Subject(subject) => {
                let select = sqlx::query(
                    "SELECT s.last_seq, e.epoch,
                         (SELECT CAST(count(*) AS INTEGER) FROM subject_scores u
                          WHERE u.subject = s.subject AND u.quiz_count > 0) AS users
                     FROM subject_counters s CROSS JOIN epoch e WHERE s.subject = $1",
                );
                let row = session.optional(select.bind(subject)).await?.ok_or(Refusal::SubjectNotFound)?;
                let total = row.whole("users")?;
                Ok(Self { version: version(&row)?, phase: subjects::PHASE, total, reset_seq: 0 })
            }
        }
    }
}

/// Reads the rows after the first `offset`. The best that are needed are sorted and those above
/// them counted; nobody sorts the whole board.
async fn page(session: &mut Session, board: &BoardId, offset: u32, limit: u32) -> Result<Vec<RankedRow>> {
    let select = on_rows!(
        board,
        "SELECT member, username, quiz_count, duration_ms, key FROM",
        "WHERE board = $1 AND NOT removed ORDER BY key DESC, member LIMIT $2 OFFSET $3"
    );
    let select = select.bind(i64::from(limit)).bind(i64::from(offset));
    let mut rows = session.all(select, |row| ranked_row(board, row, 0)).await?;
    let Some(best) = rows.first() else { return Ok(rows) };
    let first = if offset == 0 { 1 } else { 1 + rows_before(session, board, best.key, "").await? };
    let keys: Vec<Key> = rows.iter().map(|row| row.key).collect();
    for (row, rank) in rows.iter_mut().zip(ranks(first, offset, keys)) {
        row.rank = rank;
    }
    Ok(rows)
}

/// Counts the rows before the place of this key and member; none has an empty name.
async fn rows_before(session: &mut Session, board: &BoardId, key: Key, member: &str) -> Result<u32> {
    let count = on_rows!(
        board,
        "SELECT CAST(count(*) AS INTEGER) AS place FROM",
        "WHERE board = $1 AND NOT removed AND (key > $2 OR (key = $2 AND member < $3))"
    );
    session.one(count.bind(key.number().cast_signed()).bind(member)).await?.whole("place")
}

/// Counts the rows before a member's, if it has one.
async fn place(session: &mut Session, board: &BoardId, member: Member) -> Result<Option<u32>> {
    let select = on_rows!(board, "SELECT key FROM", "WHERE board = $1 AND member = $2 AND NOT removed");
    let member = member.to_string();
    let Some(row) = session.optional(select.bind(&member)).await? else { return Ok(None) };
    rows_before(session, board, key(&row)?, &member).await.map(Some)
}

/// Reads members' own rows with their ranks, in the order asked.
async fn standings(
    session: &mut Session,
    board: &BoardId,
    members: &[Member],
) -> Result<Vec<Option<RankedRow>>> {
    let asked = json(&members.iter().map(Member::to_string).collect::<Vec<_>>());
    let present = on_rows!(
        board,
        "SELECT 1 FROM",
        "WHERE board = $1 AND NOT removed AND member IN (",
        texts!("$2"),
        ") LIMIT 1"
    );
    // A ranking costs a sort of the whole board, which nobody shall cause who is not on it.
    if members.is_empty() || session.optional(present.bind(&asked)).await?.is_none() {
        return Ok(vec![None; members.len()]);
    }
    let select = on_rows!(
        board,
        "SELECT member, username, quiz_count, duration_ms, key, rank
         FROM (SELECT member, username, quiz_count, duration_ms, key,
                   CAST(rank() OVER (ORDER BY key DESC) AS INTEGER) AS rank
               FROM",
        "WHERE board = $1 AND NOT removed) AS ranked WHERE member IN (",
        texts!("$2"),
        ")"
    );
    let found = session.all(select.bind(asked), |row| ranked_row(board, row, row.whole("rank")?)).await?;
    let found: HashMap<Member, RankedRow> = found.into_iter().map(|row| (row.member, row)).collect();
    Ok(members.iter().map(|member| found.get(member).cloned()).collect())
}

fn ranked_row(board: &BoardId, row: &Row, rank: u32) -> Result<RankedRow> {
    Ok(RankedRow { member: member(board, row)?, rank, key: key(row)?, label: label(board, row)? })
}

/// Reads a row of a board, perhaps a removed one, with the version of its last change.
pub(super) fn changed_row(board: &BoardId, row: &Row) -> Result<ChangedRow> {
    let key = if row.try_get("removed")? { None } else { Some(key(row)?) };
    Ok(ChangedRow { member: member(board, row)?, key, label: label(board, row)?, seq: row.version("seq")? })
}

fn member(board: &BoardId, row: &Row) -> Result<Member> {
    Ok(match board {
        BoardId::Quiz(_) => Member::Participant(row.try_get("member")?),
        BoardId::Subject(_) => Member::User(row.try_get("member")?),
    })
}

fn label(board: &BoardId, row: &Row) -> Result<std::sync::Arc<str>> {
    match board {
        BoardId::Quiz(_) => row.username(),
        BoardId::Subject(_) => {
            let label = UserLabel { sums: sums(row)?, username: row.try_get("username")? };
            Ok(label.to_string().into())
        }
    }
}

/// What a user's sessions come to.
pub(super) fn sums(row: &Row) -> Result<Sums> {
    Ok(Sums { quiz_count: row.whole("quiz_count")?, duration_ms: row.version("duration_ms")? })
}

/// Where a row ranks.
pub(super) fn key(row: &Row) -> Result<Key> {
    let number = row.version("key")?;
    if number >> 53 == 0 {
        Ok(Key::from_number(number))
    } else {
        Err(Error::nonsense(format_args!("the key {number}")))
    }
}
