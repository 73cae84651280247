//! The rankings as the ledger knows them, each read at one moment.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row as _;

use super::{
    CALL, Columns as _, LONG, Row, Session, Store,
    counter::{phase, version},
};
use crate::{
    board::{
        BoardId, Change, ChangedRow, Member, Phase, Row as RankedRow, Snapshot, SnapshotRow, Version, View,
        Window, offset_around,
    },
    ids::QuizId,
    ledger::{Effect, Rankings, Result},
    ranking::{Key, ranks},
    refusal::Refusal,
};

#[async_trait]
impl Rankings for Store {
    async fn snapshot(&self, board: &BoardId) -> Result<Snapshot> {
        let mut session = self.read(LONG).await?;
        let head = Head::of(&mut session, board).await?;
        let select = sqlx::query(
            "SELECT participant_id, username, score, time_ms FROM participants WHERE quiz_id = $1 AND NOT removed",
        );
        let rows = session
            .all(select.bind(head.quiz), |row| {
                Ok(SnapshotRow { member: row.member()?, key: row.key()?, label: row.username()? })
            })
            .await?;
        Ok(Snapshot { board: board.clone(), version: head.version, phase: head.phase, rows })
    }

    async fn changed_since(&self, board: &BoardId, seq: u64) -> Result<Effect> {
        let mut session = self.read(LONG).await?;
        let head = Head::of(&mut session, board).await?;
        if seq >= head.version.seq {
            return Ok(Effect::None);
        }
        if seq < head.reset_seq {
            return Ok(Effect::Reset(board.clone()));
        }
        let select = sqlx::query(
            "SELECT participant_id, username, score, time_ms, seq, removed FROM participants
             WHERE quiz_id = $1 AND seq > $2",
        );
        let rows = session.all(select.bind(head.quiz).bind(seq.cast_signed()), changed_row).await?;
        Ok(Effect::Changed(Change {
            board: board.clone(),
            epoch: head.version.epoch,
            from: seq,
            to: head.version.seq,
            phase: head.phase,
            rows,
        }))
    }

    async fn view(&self, board: &BoardId, window: Window, members: &[Member]) -> Result<View> {
        let mut session = self.read(LONG).await?;
        let head = Head::of(&mut session, board).await?;
        let rows = match window {
            Window::Page { offset, limit } => page(&mut session, head.quiz, offset, limit).await?,
            Window::Around { member, limit } => match place(&mut session, head.quiz, member).await? {
                Some(above) => {
                    let offset = offset_around(above, limit, head.total);
                    page(&mut session, head.quiz, offset, limit).await?
                }
                None => Vec::new(),
            },
        };
        let standings = standings(&mut session, head.quiz, members).await?;
        let Head { version, phase, total, .. } = head;
        Ok(View { version, phase, total, rows, standings })
    }

    async fn version(&self, board: &BoardId) -> Result<Version> {
        let mut session = Session::plain(&self.readers, CALL).await?;
        Ok(Head::of(&mut session, board).await?.version)
    }

    async fn active(&self, since: Timestamp) -> Result<Vec<(BoardId, Version)>> {
        let mut session = Session::plain(&self.readers, CALL).await?;
        let select = sqlx::query(
            "SELECT c.quiz_id, c.last_seq, e.epoch FROM quiz_counters c CROSS JOIN epoch e
             WHERE c.status = 'started'
             UNION ALL
             SELECT q.quiz_id, c.last_seq, e.epoch
             FROM quizzes q JOIN quiz_counters c ON c.quiz_id = q.quiz_id CROSS JOIN epoch e
             WHERE q.ended_at >= $1",
        );
        session
            .all(select.bind(since.as_millisecond()), |row| {
                Ok((BoardId::Quiz(row.try_get("quiz_id")?), version(row)?))
            })
            .await
    }
}

/// Where a board stands, beside its rows.
struct Head {
    quiz: QuizId,
    version: Version,
    phase: Phase,
    total: u32,
    reset_seq: u64,
}

impl Head {
    async fn of(session: &mut Session, board: &BoardId) -> Result<Self> {
        let BoardId::Quiz(quiz) = *board else { return Err(Refusal::SubjectNotFound.into()) };
        let select = sqlx::query(
            "SELECT c.run, c.status, c.seats, c.last_seq, c.reset_seq, e.epoch
             FROM quiz_counters c CROSS JOIN epoch e WHERE c.quiz_id = $1",
        );
        let row = session.optional(select.bind(quiz)).await?.ok_or(Refusal::QuizNotFound)?;
        Ok(Self {
            quiz,
            version: version(&row)?,
            phase: phase(&row)?,
            total: row.whole("seats")?,
            reset_seq: row.version("reset_seq")?,
        })
    }
}

fn changed_row(row: &Row) -> Result<ChangedRow> {
    let key = if row.try_get("removed")? { None } else { Some(row.key()?) };
    Ok(ChangedRow { member: row.member()?, key, label: row.username()?, seq: row.version("seq")? })
}

/// Reads the rows after the first `offset`. The best that are needed are sorted and those above
/// them counted; nobody sorts the whole board.
async fn page(session: &mut Session, quiz: QuizId, offset: u32, limit: u32) -> Result<Vec<RankedRow>> {
    let select = sqlx::query(
        "SELECT participant_id, username, score, time_ms FROM participants
         WHERE quiz_id = $1 AND NOT removed
         ORDER BY score DESC, time_ms, participant_id LIMIT $2 OFFSET $3",
    );
    let select = select.bind(quiz).bind(i64::from(limit)).bind(i64::from(offset));
    let mut rows = session.all(select, |row| ranked_row(row, 0)).await?;
    let Some(best) = rows.first() else { return Ok(rows) };
    let first = if offset == 0 { 1 } else { 1 + rows_before(session, quiz, best.key, "").await? };
    let keys: Vec<Key> = rows.iter().map(|row| row.key).collect();
    for (row, rank) in rows.iter_mut().zip(ranks(first, offset, keys)) {
        row.rank = rank;
    }
    Ok(rows)
}

/// Counts the rows before the place of this key and member; none has an empty name.
async fn rows_before(session: &mut Session, quiz: QuizId, key: Key, member: &str) -> Result<u32> {
    let count = sqlx::query(
        "SELECT CAST(count(*) AS INTEGER) AS place FROM participants
         WHERE quiz_id = $1 AND NOT removed AND (score > $2
             OR (score = $2 AND (time_ms < $3 OR (time_ms = $3 AND participant_id < $4))))",
    );
    let score = key.score().cast_signed();
    let count = count.bind(quiz).bind(score).bind(key.time_ms().cast_signed()).bind(member);
    session.one(count).await?.whole("place")
}

/// Counts the rows before a member's, if it has one.
async fn place(session: &mut Session, quiz: QuizId, member: Member) -> Result<Option<u32>> {
    let select = sqlx::query(
        "SELECT score, time_ms FROM participants WHERE quiz_id = $1 AND participant_id = $2 AND NOT removed",
    );
    let member = member.to_string();
    let Some(row) = session.optional(select.bind(quiz).bind(&member)).await? else { return Ok(None) };
    rows_before(session, quiz, row.key()?, &member).await.map(Some)
}

/// Reads members' own rows with their ranks, in the order asked.
async fn standings(
    session: &mut Session,
    quiz: QuizId,
    members: &[Member],
) -> Result<Vec<Option<RankedRow>>> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let select = sqlx::query(concat!(
        "SELECT participant_id, username, score, time_ms, rank
         FROM (SELECT participant_id, username, score, time_ms,
                   CAST(rank() OVER (ORDER BY score DESC, time_ms) AS INTEGER) AS rank
               FROM participants WHERE quiz_id = $1 AND NOT removed) AS ranked
         WHERE participant_id IN (",
        texts!("$2"),
        ")"
    ));
    let asked: Vec<String> = members.iter().map(Member::to_string).collect();
    let asked = serde_json::to_string(&asked).expect("texts are JSON");
    let found = session.all(select.bind(quiz).bind(asked), |row| ranked_row(row, row.whole("rank")?)).await?;
    let found: HashMap<Member, RankedRow> = found.into_iter().map(|row| (row.member, row)).collect();
    Ok(members.iter().map(|member| found.get(member).cloned()).collect())
}

fn ranked_row(row: &Row, rank: u32) -> Result<RankedRow> {
    Ok(RankedRow { member: row.member()?, rank, key: row.key()?, label: row.username()? })
}
