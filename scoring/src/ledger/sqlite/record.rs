//! The hot path on SQLite, in one transaction. It has neither arrays (JSON stands in for them)
//! nor statements that change two tables; in return nobody else writes meanwhile.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use sqlx::{Pool, Row as _};

use super::{
    BEGIN_WRITE, Db,
    sql::{Columns as _, LEDGER_CALL, Reach, Session, circumstances},
};
use crate::{
    clock::Clock,
    ids::{ParticipantId, QuizId},
    ledger::{
        NewAnswer, Result,
        batch::{Batch, Circumstances, Group, Scored},
    },
    quiz::CallId,
    ranking::{Key, TIME_MAX_MS},
};

/// Where batches are written: as everything else is.
pub(crate) struct Recorders(Pool<Db>);

impl Recorders {
    pub(super) fn new(writers: Pool<Db>) -> Self {
        Self(writers)
    }

    /// Begins a transaction that may record.
    pub(super) async fn begin(&self) -> Result<Session> {
        Session::begin(&self.0, BEGIN_WRITE, LEDGER_CALL).await
    }

    /// Makes a batch durable.
    pub(super) async fn end(&self, session: Session) -> Result<()> {
        session.commit().await
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

/// Counts what can be counted of the open rows.
pub(super) async fn insert(session: &mut Session, clock: &Clock, batch: &mut Batch<'_>) -> Result<Reach> {
    let mut quizzes = BTreeMap::new();
    for group in batch.groups() {
        if let Some(moved) = advance(session, clock, group).await? {
            quizzes.insert(moved.group.quiz, moved);
        }
    }
    let mut gains = insert_answers(session, batch.answers, &quizzes).await?;
    let mut seats: BTreeMap<QuizId, Vec<Scored>> = BTreeMap::new();
    for (seat, key, username) in add_gains(session, &gains).await? {
        let Gain { seqs, .. } = gains.remove(&seat).expect("a seat is changed once, for its gain");
        seats.entry(seat.0).or_default().push(Scored { seqs, key, username });
    }
    for (quiz, moved) in &quizzes {
        batch.moved(&moved.group, moved.epoch, moved.from, &seats.remove(quiz).unwrap_or_default());
    }
    Ok(Reach::All)
}

/// A started quiz that has moved by a group.
struct Moved {
    group: Group,
    from: u64,
    epoch: u64,
    started_at: i64,
    ends_at: i64,
    now: i64,
}

impl Moved {
    /// When an answer came, in ms since 1970.
    fn at(&self, answer: &NewAnswer) -> i64 {
        self.now - answer.waited_ms()
    }

    /// How long after the start an answer came, in ms.
    fn time_ms(&self, answer: &NewAnswer) -> i64 {
        (self.at(answer) - self.started_at).clamp(0, TIME_MAX_MS.into())
    }
}

/// Gives a quiz as many versions as the group has rows, if it is started in the group's run.
async fn advance(session: &mut Session, clock: &Clock, group: Group) -> Result<Option<Moved>> {
    let rows = group.rows.len() as u64;
    let update = sqlx::query(concat!(
        "UPDATE quiz_counters SET last_seq = last_seq + $3
         WHERE quiz_id = $1 AND run = $2 AND status = 'started'
         RETURNING last_seq, started_at, ends_at, (SELECT epoch FROM epoch) AS epoch, ",
        now!(),
        " AS now"
    ));
    let update = update.bind(group.quiz).bind(group.run).bind(rows.cast_signed());
    let Some(row) = session.optional(update).await? else { return Ok(None) };
    Ok(Some(Moved {
        group,
        from: row.version("last_seq")? - rows,
        epoch: row.version("epoch")?,
        started_at: row.try_get("started_at")?,
        ends_at: row.try_get("ends_at")?,
        now: row.try_get::<i64, _>("now")? + clock.offset_ms(),
    }))
}

type SeatId = (QuizId, ParticipantId);

/// What a seat gains by its new answers.
#[derive(Default)]
struct Gain {
    points: u32,
    correct: u32,
    /// Until the last answer that scored.
    time_ms: i64,
    seqs: Vec<u64>,
}

/// Inserts the answers that are in time, and sums up those that are new by seat.
async fn insert_answers(
    session: &mut Session,
    answers: &[NewAnswer],
    quizzes: &BTreeMap<QuizId, Moved>,
) -> Result<BTreeMap<SeatId, Gain>> {
    let mut rows = Vec::with_capacity(answers.len());
    for moved in quizzes.values() {
        for (seq, &row) in (moved.from + 1..).zip(&moved.group.rows) {
            let answer = &answers[row];
            let at = moved.at(answer);
            if at <= moved.ends_at {
                rows.push((
                    answer.quiz.to_string(),
                    answer.run,
                    answer.participant.to_string(),
                    answer.question.to_string(),
                    answer.submission_id.as_ref().map(CallId::as_str),
                    answer.choice,
                    answer.correct,
                    answer.points,
                    seq,
                    at,
                    moved.time_ms(answer),
                ));
            }
        }
    }
    // In the order given, so that of two answers to one question the first counts.
    let insert = sqlx::query(
        "INSERT INTO answers (quiz_id, run, participant_id, question_id, submission_id, choice, correct,
             points, seq, at, time_ms)
         SELECT a.value ->> 0, a.value ->> 1, a.value ->> 2, a.value ->> 3, a.value ->> 4, a.value ->> 5,
             a.value ->> 6, a.value ->> 7, a.value ->> 8, a.value ->> 9, a.value ->> 10
         FROM json_each($1) a CROSS JOIN participants p
         WHERE p.quiz_id = a.value ->> 0 AND p.participant_id = a.value ->> 2 AND NOT p.removed
             AND p.origin = 'join'
         ORDER BY a.key
         ON CONFLICT DO NOTHING RETURNING quiz_id, seq",
    );
    let insert = insert.bind(json(&rows));
    let mut new: Vec<(QuizId, u64)> =
        session.all(insert, |row| Ok((row.try_get("quiz_id")?, row.version("seq")?))).await?;
    new.sort_unstable();

    let mut gains: BTreeMap<_, Gain> = BTreeMap::new();
    for (quiz, seq) in new {
        let moved = &quizzes[&quiz];
        let place = usize::try_from(seq - moved.from - 1).expect("a place in the group");
        let answer = &answers[moved.group.rows[place]];
        let gain = gains.entry((quiz, answer.participant)).or_default();
        gain.points += answer.points;
        gain.correct += u32::from(answer.correct);
        gain.seqs.push(seq);
        if answer.points > 0 {
            gain.time_ms = gain.time_ms.max(moved.time_ms(answer));
        }
    }
    Ok(gains)
}

/// Adds the gains to their seats; gives the seats' keys and names.
async fn add_gains(
    session: &mut Session,
    gains: &BTreeMap<SeatId, Gain>,
) -> Result<Vec<(SeatId, Key, Arc<str>)>> {
    let gains: Vec<_> = gains
        .iter()
        .map(|((quiz, participant), gain)| {
            let (answered, last) = (gain.seqs.len(), gain.seqs.last());
            (
                quiz.to_string(),
                participant.to_string(),
                gain.points,
                answered,
                gain.correct,
                gain.time_ms,
                last,
            )
        })
        .collect();
    let update = sqlx::query(
        "UPDATE participants SET
             score = score + (g.value ->> 2),
             answered = answered + (g.value ->> 3),
             correct = correct + (g.value ->> 4),
             time_ms = CASE WHEN g.value ->> 2 = 0 THEN time_ms
                            WHEN score = 0 THEN g.value ->> 5
                            ELSE max(time_ms, g.value ->> 5) END,
             seq = g.value ->> 6
         FROM json_each($1) g
         WHERE quiz_id = g.value ->> 0 AND participant_id = g.value ->> 1
         RETURNING quiz_id, participant_id, username, score, time_ms",
    );
    session
        .all(update.bind(json(&gains)), |row| {
            let seat = (row.try_get("quiz_id")?, row.try_get("participant_id")?);
            Ok((seat, row.key()?, row.username()?))
        })
        .await
}

/// Looks up what stands around the rows that are still open.
pub(super) async fn look_up(
    session: &mut Session,
    clock: &Clock,
    batch: &Batch<'_>,
) -> Result<Vec<(usize, Circumstances)>> {
    let open: Vec<_> = batch
        .open()
        .into_iter()
        .map(|row| {
            let answer = &batch.answers[row];
            (
                row,
                answer.quiz.to_string(),
                answer.run,
                answer.participant.to_string(),
                answer.question.to_string(),
                answer.submission_id.as_ref().map(CallId::as_str),
                answer.waited_ms(),
            )
        })
        .collect();
    let select = sqlx::query(concat!(
        "SELECT a.value ->> 0 AS position, c.run, c.status, ",
        now!(),
        " + $2 - (a.value ->> 6) > c.ends_at AS is_late,
             p.score, p.seq, s.correct, s.points, s.submission_id = a.value ->> 5 AS is_same_call,
             EXISTS (SELECT 1 FROM answers r WHERE r.quiz_id = c.quiz_id AND r.run = c.run
                 AND r.participant_id = p.participant_id AND r.submission_id = a.value ->> 5) AS is_reused
         FROM json_each($1) a
         LEFT JOIN quiz_counters c ON c.quiz_id = a.value ->> 1
         LEFT JOIN participants p ON p.quiz_id = c.quiz_id AND p.participant_id = a.value ->> 3
             AND NOT p.removed AND p.origin = 'join'
         LEFT JOIN answers s ON s.quiz_id = c.quiz_id AND s.run = a.value ->> 2
             AND s.participant_id = p.participant_id AND s.question_id = a.value ->> 4"
    ));
    session.all(select.bind(json(&open)).bind(clock.offset_ms()), circumstances).await
}

fn json<T: Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).expect("texts and numbers are JSON")
}
