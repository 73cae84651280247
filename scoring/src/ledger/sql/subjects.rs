//! Subjects, and the board that each has: sums over the sessions of its users.

use services::telemetry::Causes;
use sqlx::Row as _;

use super::{Columns as _, Row, Session, Store, rankings::changed_row, session::json};
use crate::{
    activity::Event,
    board::{BoardId, Change, Phase},
    ids::UserId,
    ledger::{Effect, Result},
    quiz::{Quiz, Subject},
    refusal::Refusal,
    sessions::NamedSubject,
};

/// The phase of every board of a subject.
pub(super) const PHASE: Phase = Phase { status: None, run: 0 };

/// How many users one statement sums up.
const SLICE: usize = 1000;

/// Makes a subject, or names it anew.
pub(super) async fn put(store: &Store, subject: &NamedSubject) -> Result<()> {
    let mut session = store.write().await?;
    let upsert = sqlx::query(
        "INSERT INTO subjects (subject, name) VALUES ($1, $2)
         ON CONFLICT (subject) DO UPDATE SET name = excluded.name",
    );
    session.execute(upsert.bind(&subject.code).bind(&subject.name)).await?;
    let counter = sqlx::query("INSERT INTO subject_counters (subject) VALUES ($1) ON CONFLICT DO NOTHING");
    session.execute(counter.bind(&subject.code)).await?;
    session.commit().await
}

/// Lists subjects by code.
pub(super) async fn list(session: &mut Session, codes: &[Subject]) -> Result<Vec<NamedSubject>> {
    let select = sqlx::query(concat!(
        "SELECT subject, name FROM subjects WHERE $2 OR subject IN (",
        texts!("$1"),
        ") ORDER BY subject"
    ));
    let texts: Vec<String> = codes.iter().map(Subject::to_string).collect();
    let read = |row: &Row| Ok(NamedSubject { code: row.try_get("subject")?, name: row.try_get("name")? });
    session.all(select.bind(json(&texts)).bind(codes.is_empty()), read).await
}

/// Refuses a subject that does not exist.
pub(super) async fn must_exist(session: &mut Session, subject: &Subject) -> Result<()> {
    let select = sqlx::query("SELECT subject FROM subjects WHERE subject = $1");
    session.optional(select.bind(subject)).await?.map(drop).ok_or(Refusal::SubjectNotFound.into())
}

/// What a change of sessions did to the board of their subject.
pub(super) struct Recount {
    pub(super) effect: Effect,
    /// What is to be told of it.
    pub(super) event: Option<Event>,
    /// Whether somebody's total is as great as a board can rank.
    pub(super) is_full: bool,
}

impl Recount {
    /// Nothing.
    pub(super) const NONE: Self = Self { effect: Effect::None, event: None, is_full: false };
}

/// Sums up again the sessions of these users, after sessions of a quiz have come or gone. Takes
/// the lock of the subject's counter.
pub(super) async fn recount(
    store: &Store,
    session: &mut Session,
    quiz: &Quiz,
    users: &[UserId],
) -> Result<Recount> {
    let (Some(subject), false) = (&quiz.plan.subject, users.is_empty()) else { return Ok(Recount::NONE) };
    let now = session.now(&store.clock).await?;
    let lock = sqlx::query(
        "UPDATE subject_counters SET last_seq = last_seq + $2, moved_at = $3 WHERE subject = $1
         RETURNING last_seq, (SELECT epoch FROM epoch) AS epoch",
    );
    let moved = session.one(lock.bind(subject).bind(users.len() as i64).bind(now)).await?;
    let (to, epoch) = (moved.version("last_seq")?, moved.version("epoch")?);
    let from = to - users.len() as u64;
    let board = BoardId::Subject(subject.clone());
    let mut rows = Vec::with_capacity(users.len());
    for (before, slice) in (from..).step_by(SLICE).zip(users.chunks(SLICE)) {
        let sum = sqlx::query(concat!(
            "WITH touched(user_id) AS (",
            texts!("$2"),
            "), placed AS (
                 SELECT t.user_id, s.username, s.score, s.duration_ms,
                     row_number() OVER (PARTITION BY t.user_id ORDER BY s.at DESC, s.session_id DESC) AS place
                 FROM touched t LEFT JOIN sessions s ON s.user_id = t.user_id AND s.subject = $1
             )
             INSERT INTO subject_scores
                 (subject, user_id, username, quiz_count, total, best, duration_ms, seq)
             SELECT $1, user_id, coalesce(max(CASE WHEN place = 1 THEN username END), ''),
                 count(score), coalesce(sum(score), 0), coalesce(max(score), 0),
                 coalesce(sum(duration_ms), 0), $3 + row_number() OVER (ORDER BY user_id)
             FROM placed GROUP BY user_id
             ON CONFLICT (subject, user_id) DO UPDATE SET username = excluded.username,
                 quiz_count = excluded.quiz_count, total = excluded.total, best = excluded.best,
                 duration_ms = excluded.duration_ms, seq = excluded.seq
             RETURNING user_id AS member, username, quiz_count, duration_ms, key, seq,
                 quiz_count = 0 AS removed"
        ));
        let texts: Vec<String> = slice.iter().map(UserId::to_string).collect();
        let sum = sum.bind(subject).bind(json(&texts)).bind(before.cast_signed());
        rows.extend(session.all(sum, |row| changed_row(&board, row)).await?);
    }
    let is_full = rows.iter().any(|row| row.key.is_some_and(|key| key.total() == u32::MAX));
    let effect = Effect::of(Change { board, epoch, from, to, phase: PHASE, rows, causes: Causes::default() });
    let event = Event::SubjectChanged { subject: subject.clone(), quiz_id: quiz.id, version: to };
    Ok(Recount { effect, event: Some(event), is_full })
}
