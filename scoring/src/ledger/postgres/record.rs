//! The hot path on Postgres: a batch is one statement, and so one round trip and one transaction.
//!
//! The statement locks the counters in the order of their quizzes, so that no two batches wait for
//! each other. What it must see fresh it reads from the rows that it has locked: otherwise it sees
//! the tables as they were before it waited for the lock. Hence unique indexes decide what is
//! there already, and a second statement tells why a row was not counted. (A seat that is removed
//! while its answer waits leaves that answer in the log, where nobody counts it.)

use std::{
    collections::HashMap,
    ops::{Deref, DerefMut},
    sync::{Mutex, MutexGuard, PoisonError},
};

use services::telemetry::limit_reached;
use sqlx::{Pool, Row as _, postgres::PgArguments, query::Query};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{
    Db,
    sql::{Columns as _, LEDGER_CALL, Reach, Row, Session, circumstances},
};
use crate::{
    clock::Clock,
    config::bounds::{POSTGRES_CONNECTS, POSTGRES_KEPT},
    ids::QuizId,
    ledger::{
        NewAnswer, Result,
        batch::{Batch, Circumstances, Group, Scored},
    },
    quiz::CallId,
};

/// Where batches are written.
///
/// A connection that has done well is kept for the next batch. The pool would bring it to rest
/// first, by two round trips, and the next batch would go to another server process meanwhile.
///
/// Batches under way are no more than there are connections: one that is kept has no place in the
/// pool, where a lane beyond them would look for one in vain.
pub(crate) struct Recorders {
    pool: Pool<Db>,
    turns: Semaphore,
    kept: Mutex<Vec<Session>>,
}

/// A connection for one batch, and the turn at having one.
pub(crate) struct Recording<'a> {
    session: Session,
    _turn: SemaphorePermit<'a>,
}

impl Recorders {
    pub(super) fn new(pool: Pool<Db>) -> Self {
        let turns = Semaphore::new(pool.options().get_max_connections() as usize);
        Self { pool, turns, kept: Mutex::default() }
    }

    /// Takes a connection: each statement commits by itself.
    pub(super) async fn begin(&self) -> Result<Recording<'_>> {
        let Ok(Ok(turn)) = timeout(POSTGRES_CONNECTS, self.turns.acquire()).await else {
            limit_reached("ledger.connection");
            return Err(sqlx::Error::PoolTimedOut.into());
        };
        let kept = self.kept().pop().and_then(|session| session.again(POSTGRES_KEPT, LEDGER_CALL));
        let session = match kept {
            Some(session) => session,
            None => Session::plain(&self.pool, LEDGER_CALL).await?,
        };
        Ok(Recording { session, _turn: turn })
    }

    /// Keeps a connection whose batch is durable.
    #[expect(clippy::unused_async, reason = "as with SQLite")]
    pub(super) async fn end(&self, recording: Recording<'_>) -> Result<()> {
        self.kept().push(recording.session);
        Ok(())
    }

    pub(super) async fn close(&self) {
        self.kept().clear();
        self.pool.close().await;
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Session>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Recording<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for Recording<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}

// One row per quiz that moved, and one per seat whose answers count, told apart by `place`: joined
// they would be a nested loop over the whole batch. `seqs` tells the caller which of its rows were
// new, since RETURNING cannot name columns of what was inserted from. `due` stands alone so that
// both halves of a seat's key come from one side of the join: on small tables the planner takes
// half a key for as good as the whole.
macro_rules! insert {
    ($lock:literal) => {
        concat!(
            "WITH named AS MATERIALIZED (
    SELECT quiz_id, run, size, place::int
    FROM unnest($1::text[], $2::int[], $3::int[]) WITH ORDINALITY n (quiz_id, run, size, place)
),
locked AS MATERIALIZED (
    SELECT quiz_id, run, status FROM quiz_counters
    WHERE quiz_id = ANY ($1::text[]) ORDER BY quiz_id ",
            $lock,
            "
),
moved AS (
    UPDATE quiz_counters c SET last_seq = c.last_seq + n.size
    FROM locked l JOIN named n ON n.quiz_id = l.quiz_id AND n.run = l.run
    WHERE l.status = 'started' AND c.quiz_id = l.quiz_id AND c.quiz_id = ANY ($1::text[])
    RETURNING n.place, c.quiz_id, c.run, c.last_seq - n.size AS base, c.started_at, c.ends_at, ",
            now!(),
            " + $4 AS now
),
due AS MATERIALIZED (
    SELECT m.quiz_id, m.run, a.participant_id, a.question_id, a.submission_id, a.choice, a.correct,
        a.points, m.base + a.ordinal AS seq, m.now - a.waited AS at,
        least(greatest(m.now - a.waited - m.started_at, 0), 2147483647) AS time_ms
    FROM moved m
    JOIN unnest($5::int[], $6::int[], $7::text[], $8::text[], $9::text[], $10::int[], $11::bool[],
            $12::int[], $13::bigint[])
        a (place, ordinal, participant_id, question_id, submission_id, choice, correct, points, waited)
        ON a.place = m.place
    WHERE m.now - a.waited <= m.ends_at
),
inserted AS (
    INSERT INTO answers (quiz_id, run, participant_id, question_id, submission_id, choice, correct,
        points, seq, at, time_ms)
    SELECT d.* FROM due d
    JOIN participants p
        ON p.quiz_id = d.quiz_id AND p.participant_id = d.participant_id AND NOT p.removed
            AND p.origin = 'join'
    ORDER BY d.quiz_id, d.seq
    ON CONFLICT DO NOTHING
    RETURNING quiz_id, participant_id, seq, points, correct, time_ms
),
gained AS (
    SELECT quiz_id, participant_id, array_agg(seq ORDER BY seq) AS seqs, max(seq) AS seq,
        sum(points)::int AS points, count(*)::int AS answered,
        (count(*) FILTER (WHERE correct))::int AS correct,
        max(time_ms) FILTER (WHERE points > 0) AS time_ms
    FROM inserted GROUP BY quiz_id, participant_id
),
scored AS (
    UPDATE participants p SET score = p.score + g.points, answered = p.answered + g.answered,
        correct = p.correct + g.correct, seq = g.seq,
        time_ms = CASE WHEN g.points = 0 THEN p.time_ms
                       WHEN p.score = 0 THEN g.time_ms
                       ELSE greatest(p.time_ms, g.time_ms) END
    FROM gained g
    WHERE p.quiz_id = g.quiz_id AND p.participant_id = g.participant_id AND NOT p.removed
    RETURNING p.quiz_id, g.seqs, p.score, p.time_ms, p.username
)
SELECT quiz_id, place, base, (SELECT epoch FROM epoch) AS epoch, NULL::bigint[] AS seqs,
    NULL::int AS score, NULL::int AS time_ms, NULL::text AS username FROM moved
UNION ALL
SELECT quiz_id, NULL, NULL, NULL, seqs, score, time_ms, username FROM scored"
        )
    };
}
pub(super) const INSERT: &str = insert!("FOR UPDATE");
/// The same for the quizzes that nobody holds.
const INSERT_FREE: &str = insert!("FOR UPDATE SKIP LOCKED");

// One row per open row of the batch.
pub(super) const LOOK_UP: &str = concat!(
    "SELECT a.position, c.run, c.status, ",
    now!(),
    " + $1 - a.waited > c.ends_at AS is_late,
    p.score, p.seq, s.correct, s.points, s.submission_id = a.submission_id AS is_same_call,
    EXISTS (SELECT 1 FROM answers r WHERE r.quiz_id = a.quiz_id AND r.run = a.run
        AND r.participant_id = a.participant_id AND r.submission_id = a.submission_id) AS is_reused
FROM unnest($2::int[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::bigint[])
    a (position, quiz_id, run, participant_id, question_id, submission_id, waited)
LEFT JOIN quiz_counters c ON c.quiz_id = a.quiz_id
LEFT JOIN participants p ON p.quiz_id = a.quiz_id AND p.participant_id = a.participant_id AND NOT p.removed
    AND p.origin = 'join'
LEFT JOIN answers s ON s.quiz_id = a.quiz_id AND s.run = a.run
    AND s.participant_id = a.participant_id AND s.question_id = a.question_id"
);

/// Counts what can be counted of the open rows.
pub(super) async fn insert(session: &mut Session, clock: &Clock, batch: &mut Batch<'_>) -> Result<Reach> {
    let groups = batch.groups();
    let (rows, reach) = match session.all(inserting(INSERT, clock, batch, &groups), told).await {
        Err(error) if error.is_held() => {
            limit_reached("ledger.held");
            (session.all(inserting(INSERT_FREE, clock, batch, &groups), told).await?, Reach::Free)
        }
        rows => (rows?, Reach::All),
    };
    let mut moved = Vec::new();
    let mut seats: HashMap<QuizId, Vec<Scored>> = HashMap::new();
    for row in rows {
        match row {
            Told::Moved { place, from, epoch } => moved.push((place, from, epoch)),
            Told::Scored(quiz, scored) => seats.entry(quiz).or_default().push(scored),
        }
    }
    for (place, from, epoch) in moved {
        let group = &groups[place - 1];
        batch.moved(group, epoch, from, &seats.remove(&group.quiz).unwrap_or_default());
    }
    Ok(reach)
}

/// A statement of the kind of [`INSERT`] with the open rows.
fn inserting(
    statement: &'static str,
    clock: &Clock,
    batch: &Batch<'_>,
    groups: &[Group],
) -> Query<'static, Db, PgArguments> {
    let answers: Vec<&NewAnswer> =
        groups.iter().flat_map(|group| &group.rows).map(|&row| &batch.answers[row]).collect();
    let place = (1..).zip(groups).flat_map(|(place, group)| group.rows.iter().map(move |_| place));
    let ordinal = groups.iter().flat_map(|group| (1..).take(group.rows.len()));
    sqlx::query(statement)
        .bind(column(groups, |group| group.quiz))
        .bind(column(groups, |group| group.run.cast_signed()))
        .bind(column(groups, |group| i32::try_from(group.rows.len()).expect("a batch is small")))
        .bind(clock.offset_ms())
        .bind(place.collect::<Vec<i32>>())
        .bind(ordinal.collect::<Vec<i32>>())
        .bind(column(&answers, |answer| answer.participant))
        .bind(column(&answers, |answer| answer.question))
        .bind(column(&answers, |answer| answer.submission_id.as_ref().map(CallId::as_str)))
        .bind(column(&answers, |answer| answer.choice.cast_signed()))
        .bind(column(&answers, |answer| answer.correct))
        .bind(column(&answers, |answer| answer.points.cast_signed()))
        .bind(column(&answers, |answer| answer.waited_ms()))
}

/// What a row of [`INSERT`] tells.
enum Told {
    Moved { place: usize, from: u64, epoch: u64 },
    Scored(QuizId, Scored),
}

fn told(row: &Row) -> Result<Told> {
    if row.try_get::<Option<i32>, _>("place")?.is_some() {
        let place = row.whole("place")? as usize;
        return Ok(Told::Moved { place, from: row.version("base")?, epoch: row.version("epoch")? });
    }
    let seqs: Vec<i64> = row.try_get("seqs")?;
    let seqs = seqs.into_iter().map(i64::cast_unsigned).collect();
    let scored = Scored { seqs, key: row.key()?, username: row.username()? };
    Ok(Told::Scored(row.try_get("quiz_id")?, scored))
}

/// Looks up what stands around the rows that are still open.
pub(super) async fn look_up(
    session: &mut Session,
    clock: &Clock,
    batch: &Batch<'_>,
) -> Result<Vec<(usize, Circumstances)>> {
    let open = batch.open();
    let answers: Vec<&NewAnswer> = open.iter().map(|&row| &batch.answers[row]).collect();
    let query = sqlx::query(LOOK_UP)
        .bind(clock.offset_ms())
        .bind(column(&open, |&row| i32::try_from(row).expect("a batch is small")))
        .bind(column(&answers, |answer| answer.quiz))
        .bind(column(&answers, |answer| answer.run.cast_signed()))
        .bind(column(&answers, |answer| answer.participant))
        .bind(column(&answers, |answer| answer.question))
        .bind(column(&answers, |answer| answer.submission_id.as_ref().map(CallId::as_str)))
        .bind(column(&answers, |answer| answer.waited_ms()));
    session.all(query, circumstances).await
}

fn column<'a, T, C>(rows: &'a [T], of: impl Fn(&'a T) -> C) -> Vec<C> {
    rows.iter().map(of).collect()
}
