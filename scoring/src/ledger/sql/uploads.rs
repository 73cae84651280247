//! Finished attempts from elsewhere, stored as seats and sessions in one transaction.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row as _;

use super::{
    Columns as _, Row, Session, Store, activity,
    counter::{Counter, Step},
    quizzes, rows,
    session::json,
    subjects::recount,
};
use crate::{
    activity::Event,
    board::{ChangedRow, Member},
    ids::{ParticipantId, SessionId, UserId},
    ledger::{
        Effect, Error, Result, Upload, Uploaded,
        verdicts::{Bounds, Surroundings, judge},
    },
    quiz::{Quiz, Status, Subject},
    refusal::Refusal,
    sessions::{Claimed, Line},
};

/// How many lines go into one statement.
const SLICE: usize = 2000;

/// The user of a line, whose `sub` stands first in it: looked up one by one, since a planner who
/// takes the table for small would rather read all users of the issuer and join them.
macro_rules! user_of {
    ($issuer:literal) => {
        concat!(
            "(SELECT u.user_id FROM users u WHERE u.issuer = ",
            $issuer,
            " AND u.subject = l.value ->> 0)"
        )
    };
}

/// Stores an upload, or tells what is wrong with it.
pub(super) async fn upload(store: &Store, upload: &Upload) -> Result<Uploaded> {
    let mut session = store.write_long().await?;
    let counter = Counter::lock(&mut session, &store.clock, upload.quiz, Step::NONE).await?;
    let quiz = quizzes::read(&mut session, upload.quiz).await?;
    let bounds = Bounds { points: points(&mut session, &quiz).await?, now: rows::timestamp(counter.now)? };
    let mut around = surroundings(&mut session, upload).await?;
    let verdicts = judge(&upload.lines, &bounds, |place| around.remove(&place).unwrap_or_default());
    let mut told = verdicts.told;
    let is_refused = told.error_count > 0 && !upload.partial;
    // Dropping the session lets go of the lock.
    if is_refused || verdicts.good.is_empty() {
        return Ok(told);
    }

    let step = Step::arrivals(verdicts.good.len());
    let counter = Counter::lock(&mut session, &store.clock, upload.quiz, step).await?;
    counter.must_have_room()?;
    let arrivals: Vec<_> = (counter.from + 1..)
        .zip(&verdicts.good)
        .map(|(seq, (_, claimed))| Arrival::of(claimed, seq))
        .collect();
    let mut users = HashMap::with_capacity(arrivals.len());
    for slice in arrivals.chunks(SLICE) {
        users.extend(store_slice(&mut session, &counter, &quiz, &upload.issuer, slice).await?);
    }
    let touched: Vec<UserId> = users.values().copied().collect();
    let recount = recount(store, &mut session, &quiz, &touched).await?;
    if recount.is_full {
        return Err(Refusal::invalid("score", "a user's total in a subject must be below 4294967295").into());
    }
    let first = &arrivals[0];
    let uploaded = Event::SessionsUploaded {
        session_id: first.session,
        user_id: *users.get(&first.session).ok_or_else(|| Error::nonsense("a session of nobody"))?,
        username: first.claimed.attempt.username.clone(),
        quiz_id: quiz.id,
        subject: quiz.plan.subject.as_ref().map(Subject::to_string).unwrap_or_default(),
        score: first.claimed.attempt.score,
        duration_ms: first.claimed.attempt.duration_ms,
        count: u32::try_from(arrivals.len()).expect("an upload is bounded"),
    };
    activity::tell(&mut session, &store.clock, [Some(uploaded), recount.event]).await?;
    session.commit().await?;

    let changed = arrivals.iter().map(Arrival::changed_row).collect();
    told.inserted = u32::try_from(arrivals.len()).expect("an upload is bounded");
    told.effects = vec![Effect::of(counter.change(changed)), recount.effect];
    Ok(told)
}

/// The sum of the points of a quiz that has questions.
async fn points(session: &mut Session, quiz: &Quiz) -> Result<Option<u32>> {
    let select = sqlx::query(
        "SELECT CAST(coalesce(sum(points), 0) AS INTEGER) AS points FROM questions WHERE quiz_id = $1",
    );
    let points = session.one(select.bind(quiz.id)).await?.whole("points")?;
    Ok((quiz.total_questions > 0).then_some(points))
}

/// Looks up what is there already, by the places of the lines.
async fn surroundings(session: &mut Session, upload: &Upload) -> Result<HashMap<usize, Surroundings>> {
    let mut found = HashMap::new();
    let asked: Vec<(&str, String, usize)> = upload
        .lines
        .iter()
        .enumerate()
        .filter_map(|(place, Line { content, .. })| {
            let claimed = content.as_ref().ok()?;
            Some((claimed.sub.as_str(), claimed.username.folded(), place))
        })
        .collect();
    for slice in asked.chunks(SLICE) {
        let select = sqlx::query(concat!(
            "SELECT CAST(l.value ->> 2 AS INTEGER) AS place,
                 s.username, s.score, s.duration_ms, s.started_at, s.ended_at,
                 p.participant_id IS NOT NULL AS is_seated, n.participant_id IS NOT NULL AS is_name_taken
             FROM (SELECT l.value, ",
            user_of!("$2"),
            " AS user_id FROM (",
            rows!("$1"),
            ") AS l) AS l
             LEFT JOIN sessions s ON s.quiz_id = $3 AND s.user_id = l.user_id
             LEFT JOIN participants p ON p.quiz_id = $3 AND p.user_id = l.user_id
             LEFT JOIN participants n ON n.quiz_id = $3 AND n.folded = l.value ->> 1
             WHERE s.user_id IS NOT NULL OR p.user_id IS NOT NULL OR n.folded IS NOT NULL"
        ));
        let select = select.bind(json(slice)).bind(&upload.issuer).bind(upload.quiz);
        found.extend(session.all(select, surrounding).await?);
    }
    Ok(found)
}

fn surrounding(row: &Row) -> Result<(usize, Surroundings)> {
    let has_session = row.try_get::<Option<&str>, _>("username")?.is_some();
    let around = Surroundings {
        session: if has_session { Some(rows::attempt(row)?) } else { None },
        is_seated: row.try_get("is_seated")?,
        is_name_taken: row.try_get("is_name_taken")?,
    };
    Ok((row.whole("place")? as usize, around))
}

/// A good line with the identifiers that it gets.
struct Arrival<'a> {
    claimed: &'a Claimed,
    /// Its user's, unless that user is known.
    user: UserId,
    participant: ParticipantId,
    session: SessionId,
    seq: u64,
}

impl<'a> Arrival<'a> {
    fn of(claimed: &'a Claimed, seq: u64) -> Self {
        let (user, participant, session) = (UserId::random(), ParticipantId::random(), SessionId::random());
        Self { claimed, user, participant, session, seq }
    }

    /// What the statements of [`store_slice`] know by number.
    fn columns(&self) -> impl Serialize {
        let Claimed { sub, username, attempt } = self.claimed;
        (
            sub,
            username.as_str(),
            username.folded(),
            attempt.score,
            attempt.duration_ms,
            attempt.started_at.map(Timestamp::as_millisecond),
            attempt.ended_at.map(Timestamp::as_millisecond),
            self.user.to_string(),
            self.participant.to_string(),
            self.session.to_string(),
            self.seq,
        )
    }

    fn changed_row(&self) -> ChangedRow {
        ChangedRow {
            member: Member::Participant(self.participant),
            key: Some(self.claimed.attempt.key()),
            label: self.claimed.username.as_str().into(),
            seq: self.seq,
        }
    }
}

/// Stores users, seats and sessions, and in a quiz that has ended also the seats' standings.
/// Gives the sessions' users.
async fn store_slice(
    session: &mut Session,
    counter: &Counter,
    quiz: &Quiz,
    issuer: &str,
    slice: &[Arrival<'_>],
) -> Result<Vec<(SessionId, UserId)>> {
    let arrivals = json(&slice.iter().map(Arrival::columns).collect::<Vec<_>>());
    // In one order everywhere, so that two uploads do not wait for each other's users.
    let users = sqlx::query(concat!(
        "INSERT INTO users (user_id, issuer, subject)
         SELECT l.value ->> 7, $2, l.value ->> 0 FROM (",
        rows!("$1"),
        ") AS l WHERE TRUE ORDER BY l.value ->> 0 ON CONFLICT DO NOTHING"
    ));
    session.execute(users.bind(&arrivals).bind(issuer)).await?;
    let seats = sqlx::query(concat!(
        "INSERT INTO participants
             (quiz_id, participant_id, username, folded, user_id, origin, score, time_ms, seq)
         SELECT $2, l.value ->> 8, l.value ->> 1, l.value ->> 2, ",
        user_of!("$3"),
        ", 'upload',
             CAST(l.value ->> 3 AS INTEGER), CAST(l.value ->> 4 AS INTEGER), CAST(l.value ->> 10 AS BIGINT)
         FROM (",
        rows!("$1"),
        ") AS l"
    ));
    session.execute(seats.bind(&arrivals).bind(quiz.id).bind(issuer)).await?;
    let run = counter.seats_run().cast_signed();
    let sessions = sqlx::query(concat!(
        "INSERT INTO sessions (quiz_id, user_id, session_id, participant_id, subject, run, origin,
             username, score, duration_ms, started_at, ended_at, at)
         SELECT $2, ",
        user_of!("$3"),
        ", l.value ->> 9, l.value ->> 8, $4, $5, 'upload', l.value ->> 1,
             CAST(l.value ->> 3 AS INTEGER), CAST(l.value ->> 4 AS INTEGER),
             CAST(l.value ->> 5 AS BIGINT), CAST(l.value ->> 6 AS BIGINT),
             coalesce(CAST(l.value ->> 6 AS BIGINT), $6)
         FROM (",
        rows!("$1"),
        ") AS l RETURNING session_id, user_id"
    ));
    let sessions = sessions.bind(&arrivals).bind(quiz.id).bind(issuer).bind(&quiz.plan.subject);
    let read = |row: &Row| Ok((row.try_get("session_id")?, row.try_get("user_id")?));
    let users = session.all(sessions.bind(run).bind(counter.now), read).await?;
    if counter.status == Status::Ended {
        let standings = sqlx::query(concat!(
            "INSERT INTO standings (quiz_id, run, participant_id, user_id, username, origin, score, time_ms,
                 answered, correct)
             SELECT p.quiz_id, $3, p.participant_id, p.user_id, p.username, p.origin, p.score, p.time_ms,
                 p.answered, p.correct
             FROM (",
            rows!("$1"),
            ") AS l CROSS JOIN participants p WHERE p.quiz_id = $2 AND p.participant_id = l.value ->> 8"
        ));
        session.execute(standings.bind(&arrivals).bind(quiz.id).bind(run)).await?;
    }
    Ok(users)
}
