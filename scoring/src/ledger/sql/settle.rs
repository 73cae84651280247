//! What follows the end of a run: its users' seats become their sessions of the quiz, some at a
//! time, by whoever comes along.

use jiff::Timestamp;
use sqlx::Row as _;

use super::{
    Columns as _, LEDGER_CALL, Row, Session, Store, activity,
    counter::{Counter, Step},
    quizzes, rows,
    session::json,
    subjects::recount,
};
use crate::{
    activity::Event,
    fail::{self, Place},
    ids::{ParticipantId, QuizId, SessionId, UserId},
    ledger::{Effect, Error, Result},
    quiz::{Quiz, Subject},
    refusal::Refusal,
};

/// How many seats are settled in one transaction.
const CHUNK: usize = 1000;

/// Names quizzes of which something is to be settled, first the one that ended first.
pub(super) async fn unsettled(store: &Store) -> Result<Vec<QuizId>> {
    let mut session = Session::plain(&store.readers, LEDGER_CALL).await?;
    let select = sqlx::query(
        "SELECT quiz_id FROM runs WHERE NOT is_settled
         GROUP BY quiz_id ORDER BY min(ended_at) LIMIT 1000",
    );
    session.all(select, |row| Ok(row.try_get("quiz_id")?)).await
}

/// Settles the next seats of a quiz's run that ended first; none if all are settled.
pub(super) async fn settle(store: &Store, quiz: QuizId) -> Result<Option<Effect>> {
    let mut session = store.write_long().await?;
    match Counter::lock(&mut session, &store.clock, quiz, Step::NONE).await {
        Ok(_) => {}
        Err(Error::Refused(Refusal::QuizNotFound)) => return Ok(None),
        Err(error) => return Err(error),
    }
    let Some(run) = Run::next(&mut session, quiz).await? else { return Ok(None) };
    let quiz = quizzes::read(&mut session, quiz).await?;
    let seats = seats(&mut session, &quiz, &run).await?;
    let touched = make_sessions(&mut session, &quiz, &run, &seats).await?;
    let is_settled = seats.len() < CHUNK;
    let last = seats.last().map_or_else(|| run.settled_to.clone(), ParticipantId::to_string);
    let update = sqlx::query(
        "UPDATE runs SET settled_to = $3, sessions = sessions + $4, is_settled = $5
         WHERE quiz_id = $1 AND run = $2",
    );
    let update = update.bind(quiz.id).bind(run.number).bind(last);
    let count = i32::try_from(touched.len()).expect("a chunk is small");
    session.execute(update.bind(count).bind(is_settled)).await?;

    let recount = recount(store, &mut session, &quiz, &touched).await?;
    let finished = if is_settled { came_in(&mut session, &quiz, &run).await? } else { None };
    activity::tell(&mut session, &store.clock, [recount.event, finished]).await?;
    fail::point(Place::Settling);
    session.commit().await?;
    Ok(Some(recount.effect))
}

/// A finished run of which seats remain.
struct Run {
    number: i32,
    started_at: Timestamp,
    ended_at: Timestamp,
    settled_to: String,
}

impl Run {
    async fn next(session: &mut Session, quiz: QuizId) -> Result<Option<Self>> {
        let select = sqlx::query(
            "SELECT run, started_at, ended_at, settled_to FROM runs
             WHERE quiz_id = $1 AND NOT is_settled ORDER BY run LIMIT 1",
        );
        let Some(row) = session.optional(select.bind(quiz)).await? else { return Ok(None) };
        Ok(Some(Self {
            number: row.try_get("run")?,
            started_at: rows::timestamp(row.try_get("started_at")?)?,
            ended_at: rows::timestamp(row.try_get("ended_at")?)?,
            settled_to: row.try_get("settled_to")?,
        }))
    }
}

/// The next seats that users have taken.
async fn seats(session: &mut Session, quiz: &Quiz, run: &Run) -> Result<Vec<ParticipantId>> {
    let select = sqlx::query(
        "SELECT participant_id FROM standings
         WHERE quiz_id = $1 AND run = $2 AND participant_id > $3
             AND user_id IS NOT NULL AND origin = 'join'
         ORDER BY participant_id LIMIT $4",
    );
    let select = select.bind(quiz.id).bind(run.number).bind(&run.settled_to).bind(CHUNK as i64);
    session.all(select, |row| Ok(row.try_get("participant_id")?)).await
}

/// Makes sessions of seats, unless a later run has made one. Gives the users that have one now.
async fn make_sessions(
    session: &mut Session,
    quiz: &Quiz,
    run: &Run,
    seats: &[ParticipantId],
) -> Result<Vec<UserId>> {
    let pairs: Vec<[String; 2]> =
        seats.iter().map(|seat| [seat.to_string(), SessionId::random().to_string()]).collect();
    let insert = sqlx::query(concat!(
        "INSERT INTO sessions (quiz_id, user_id, session_id, participant_id, subject, run, origin,
             username, score, duration_ms, started_at, ended_at, at)
         SELECT s.quiz_id, s.user_id, l.value ->> 1, s.participant_id, $4, s.run, 'join',
             s.username, s.score, s.time_ms, $5, $6, $6
         FROM (",
        rows!("$1"),
        ") AS l CROSS JOIN standings s
         WHERE s.quiz_id = $2 AND s.run = $3 AND s.participant_id = l.value ->> 0
         ON CONFLICT (quiz_id, user_id) DO UPDATE SET session_id = excluded.session_id,
             participant_id = excluded.participant_id, run = excluded.run, origin = excluded.origin, username = excluded.username,
             score = excluded.score, duration_ms = excluded.duration_ms,
             started_at = excluded.started_at, ended_at = excluded.ended_at, at = excluded.at
             WHERE sessions.run < excluded.run
         RETURNING user_id"
    ));
    let insert = insert
        .bind(json(&pairs))
        .bind(quiz.id)
        .bind(run.number)
        .bind(&quiz.plan.subject)
        .bind(run.started_at.as_millisecond())
        .bind(run.ended_at.as_millisecond());
    session.all(insert, |row| Ok(row.try_get("user_id")?)).await
}

/// What is told once all are settled: how many sessions came of the run, and its best.
async fn came_in(session: &mut Session, quiz: &Quiz, run: &Run) -> Result<Option<Event>> {
    let select = sqlx::query(
        "SELECT s.session_id, s.user_id, s.username, s.score, s.duration_ms, r.sessions
         FROM runs r JOIN sessions s ON s.quiz_id = r.quiz_id AND s.run = r.run AND s.origin = 'join'
         WHERE r.quiz_id = $1 AND r.run = $2 ORDER BY s.score DESC, s.duration_ms, s.user_id LIMIT 1",
    );
    let Some(row) = session.optional(select.bind(quiz.id).bind(run.number)).await? else { return Ok(None) };
    let event = |row: &Row| -> Result<Event> {
        Ok(Event::SessionsUploaded {
            session_id: row.try_get("session_id")?,
            user_id: row.try_get("user_id")?,
            username: row.try_get("username")?,
            quiz_id: quiz.id,
            subject: quiz.plan.subject.as_ref().map(Subject::to_string).unwrap_or_default(),
            score: row.whole("score")?,
            duration_ms: row.whole("duration_ms")?,
            count: row.whole("sessions")?,
        })
    };
    event(&row).map(Some)
}
