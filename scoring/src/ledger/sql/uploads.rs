//! Finished attempts from elsewhere, stored as seats and sessions in one transaction.

use std::{collections::HashMap, mem::take};

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

/// Stores an upload, or tells what is wrong with it.
pub(super) async fn upload(store: &Store, upload: &Upload) -> Result<Uploaded> {
    let mut session = store.write_long().await?;
    let counter = Counter::lock(&mut session, &store.clock, upload.quiz, Step::NONE).await?;
    let quiz = quizzes::read(&mut session, upload.quiz).await?;
    let bounds = Bounds { points: points(&mut session, &quiz).await?, now: rows::timestamp(counter.now)? };
    let mut found = surroundings(&mut session, upload).await?;
    let around = |place| found.get_mut(&place).map(|found| take(&mut found.around)).unwrap_or_default();
    let verdicts = judge(&upload.lines, &bounds, around);
    let mut told = verdicts.told;
    let is_refused = told.error_count > 0 && !upload.partial;
    // Dropping the session lets go of the lock.
    if is_refused || verdicts.good.is_empty() {
        return Ok(told);
    }

    let step = Step::arrivals(verdicts.good.len());
    let counter = Counter::lock(&mut session, &store.clock, upload.quiz, step).await?;
    counter.must_have_room()?;
    let known = |place| found.get(&place).and_then(|found| found.user);
    let mut arrivals: Vec<_> = (counter.from + 1..)
        .zip(&verdicts.good)
        .map(|(seq, (place, claimed))| Arrival::of(claimed, known(*place), seq))
        .collect();
    identify(&mut session, &upload.issuer, &mut arrivals).await?;
    for slice in arrivals.chunks(SLICE) {
        store_slice(&mut session, &counter, &quiz, slice).await?;
    }
    let touched: Vec<UserId> = arrivals.iter().map(|arrival| arrival.user).collect();
    let recount = recount(store, &mut session, &quiz, &touched).await?;
    if recount.is_full {
        return Err(Refusal::invalid("score", "a user's total in a subject must be below 4294967295").into());
    }
    let first = &arrivals[0];
    let uploaded = Event::SessionsUploaded {
        session_id: first.session,
        user_id: first.user,
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

/// What is there already of a line's user and name.
struct Found {
    user: Option<UserId>,
    around: Surroundings,
}

/// Looks up what is there already, by the places of the lines. Users are looked up one by one, since
/// a planner who takes the table for small would rather read all of the issuer and join them.
async fn surroundings(session: &mut Session, upload: &Upload) -> Result<HashMap<usize, Found>> {
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
            "SELECT CAST(l.value ->> 2 AS INTEGER) AS place, l.user_id,
                 s.username, s.score, s.duration_ms, s.started_at, s.ended_at,
                 p.participant_id IS NOT NULL AS is_seated, n.participant_id IS NOT NULL AS is_name_taken
             FROM (SELECT l.value,
                       (SELECT u.user_id FROM users u WHERE u.issuer = $2 AND u.subject = l.value ->> 0)
                           AS user_id
                   FROM (",
            rows!("$1"),
            ") AS l) AS l
             LEFT JOIN sessions s ON s.quiz_id = $3 AND s.user_id = l.user_id
             LEFT JOIN participants p ON p.quiz_id = $3 AND p.user_id = l.user_id
             LEFT JOIN participants n ON n.quiz_id = $3 AND n.folded = l.value ->> 1
             WHERE l.user_id IS NOT NULL OR n.folded IS NOT NULL"
        ));
        let select = select.bind(json(slice)).bind(&upload.issuer).bind(upload.quiz);
        found.extend(session.all(select, found_of).await?);
    }
    Ok(found)
}

fn found_of(row: &Row) -> Result<(usize, Found)> {
    let has_session = row.try_get::<Option<&str>, _>("username")?.is_some();
    let around = Surroundings {
        session: if has_session { Some(rows::attempt(row)?) } else { None },
        is_seated: row.try_get("is_seated")?,
        is_name_taken: row.try_get("is_name_taken")?,
    };
    Ok((row.whole("place")? as usize, Found { user: row.try_get("user_id")?, around }))
}

/// A good line with the identifiers that it gets.
struct Arrival<'a> {
    claimed: &'a Claimed,
    user: UserId,
    /// Whether the user was there before anybody looked.
    is_known: bool,
    participant: ParticipantId,
    session: SessionId,
    seq: u64,
}

impl<'a> Arrival<'a> {
    fn of(claimed: &'a Claimed, known: Option<UserId>, seq: u64) -> Self {
        let (participant, session) = (ParticipantId::random(), SessionId::random());
        let user = known.unwrap_or_else(UserId::random);
        Self { claimed, user, is_known: known.is_some(), participant, session, seq }
    }

    /// What the statements of [`store_slice`] know by number.
    fn columns(&self) -> impl Serialize {
        let Claimed { username, attempt, .. } = self.claimed;
        (
            self.participant.to_string(),
            self.user.to_string(),
            self.session.to_string(),
            username.as_str(),
            username.folded(),
            attempt.score,
            attempt.duration_ms,
            attempt.started_at.map(Timestamp::as_millisecond),
            attempt.ended_at.map(Timestamp::as_millisecond),
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

/// Makes users of those who are none yet, unless somebody else does meanwhile.
async fn identify(session: &mut Session, issuer: &str, arrivals: &mut [Arrival<'_>]) -> Result<()> {
    let mut unknown: HashMap<&str, &mut UserId> = arrivals
        .iter_mut()
        .filter(|arrival| !arrival.is_known)
        .map(|arrival| (arrival.claimed.sub.as_str(), &mut arrival.user))
        .collect();
    let mut users: Vec<(&str, String)> = unknown.iter().map(|(sub, user)| (*sub, user.to_string())).collect();
    // In one order everywhere, so that two uploads do not wait for each other's users.
    users.sort_unstable();
    for slice in users.chunks(SLICE) {
        // The update returns the row also where another process was quicker.
        let upsert = sqlx::query(concat!(
            "INSERT INTO users (user_id, issuer, subject)
             SELECT l.value ->> 1, $2, l.value ->> 0 FROM (",
            rows!("$1"),
            ") AS l WHERE TRUE
             ON CONFLICT (issuer, subject) DO UPDATE SET subject = excluded.subject
             RETURNING subject, user_id"
        ));
        let read = |row: &Row| Ok((row.try_get("subject")?, row.try_get("user_id")?));
        let made: Vec<(String, UserId)> = session.all(upsert.bind(json(slice)).bind(issuer), read).await?;
        for (sub, made) in made {
            **unknown.get_mut(&*sub).ok_or_else(|| Error::nonsense("a user of nobody"))? = made;
        }
    }
    Ok(())
}

/// Stores seats and sessions, and in a quiz that has ended also the seats' standings.
async fn store_slice(
    session: &mut Session,
    counter: &Counter,
    quiz: &Quiz,
    slice: &[Arrival<'_>],
) -> Result<()> {
    let arrivals = json(&slice.iter().map(Arrival::columns).collect::<Vec<_>>());
    let seats = sqlx::query(concat!(
        "INSERT INTO participants
             (quiz_id, participant_id, username, folded, user_id, origin, score, time_ms, seq)
         SELECT $2, l.value ->> 0, l.value ->> 3, l.value ->> 4, l.value ->> 1, 'upload',
             CAST(l.value ->> 5 AS INTEGER), CAST(l.value ->> 6 AS INTEGER), CAST(l.value ->> 9 AS BIGINT)
         FROM (",
        rows!("$1"),
        ") AS l"
    ));
    session.execute(seats.bind(&arrivals).bind(quiz.id)).await?;
    let run = counter.seats_run().cast_signed();
    let sessions = sqlx::query(concat!(
        "INSERT INTO sessions (quiz_id, user_id, session_id, participant_id, subject, run, origin,
             username, score, duration_ms, started_at, ended_at, at)
         SELECT $2, l.value ->> 1, l.value ->> 2, l.value ->> 0, $3, $4, 'upload', l.value ->> 3,
             CAST(l.value ->> 5 AS INTEGER), CAST(l.value ->> 6 AS INTEGER),
             CAST(l.value ->> 7 AS BIGINT), CAST(l.value ->> 8 AS BIGINT),
             coalesce(CAST(l.value ->> 8 AS BIGINT), $5)
         FROM (",
        rows!("$1"),
        ") AS l"
    ));
    let sessions = sessions.bind(&arrivals).bind(quiz.id).bind(&quiz.plan.subject);
    session.execute(sessions.bind(run).bind(counter.now)).await?;
    if counter.status == Status::Ended {
        let standings = sqlx::query(concat!(
            "INSERT INTO standings (quiz_id, run, participant_id, user_id, username, origin, score, time_ms,
                 answered, correct)
             SELECT p.quiz_id, $3, p.participant_id, p.user_id, p.username, p.origin, p.score, p.time_ms,
                 p.answered, p.correct
             FROM (",
            rows!("$1"),
            ") AS l CROSS JOIN participants p WHERE p.quiz_id = $2 AND p.participant_id = l.value ->> 0"
        ));
        session.execute(standings.bind(&arrivals).bind(quiz.id).bind(run)).await?;
    }
    Ok(())
}
