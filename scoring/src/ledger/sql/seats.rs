//! Who sits in a quiz.

use async_trait::async_trait;
use sqlx::Row as _;

use super::{
    Columns as _, LEDGER_CALL, Session, Store, activity,
    counter::{Counter, Step},
    quizzes, rows,
    subjects::recount,
};
use crate::{
    board::{Change, ChangedRow, Member},
    ids::{ParticipantId, QuizId, UserId},
    ledger::{Effect, Join, Joined, Result, Seats, User, Who},
    quiz::{CallId, GivenAnswer, Seat, Status, Username},
    ranking::{Key, TIME_MAX_MS},
    refusal::Refusal,
};

#[async_trait]
impl Seats for Store {
    async fn join(&self, quiz: QuizId, join: &Join) -> Result<Joined> {
        let user = match &join.user {
            Some(user) => Some(identify(self, user).await?),
            None => None,
        };
        let mut session = self.write().await?;
        let counter = Counter::lock(&mut session, &self.clock, quiz, Step::JOIN).await?;
        // A user's seat is found by the user; nobody gets it for having guessed the call.
        let call = if user.is_none() { join.join_id.as_ref().map(CallId::as_str) } else { None };
        if let Some(seat) = earlier_seat(&mut session, quiz, user, call, &join.username).await? {
            return Ok(Joined { seat, change: None });
        }
        if counter.status == Status::Ended || counter.is_past_end() {
            return Err(Refusal::QuizEnded.into());
        }
        counter.must_have_room()?;
        let participant = ParticipantId::random();
        let since_start = counter.started_at.map_or(0, |started_at| counter.now - started_at);
        let time_ms = u32::try_from(since_start.max(0)).map_or(TIME_MAX_MS, |ms| ms.min(TIME_MAX_MS));
        let insert = sqlx::query(
            "INSERT INTO participants (quiz_id, participant_id, username, folded, user_id, join_id, time_ms, seq)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        )
        .bind(quiz)
        .bind(participant)
        .bind(join.username.as_str())
        .bind(join.username.folded())
        .bind(user)
        .bind(call)
        .bind(time_ms.cast_signed())
        .bind(counter.version.seq.cast_signed());
        // Under the counter's lock nobody else can have taken the user's or the call's seat since.
        if session.execute(insert).await? == 0 {
            return Err(Refusal::UsernameTaken.into());
        }
        session.commit().await?;

        let username = join.username.as_str();
        let row = ChangedRow {
            member: Member::Participant(participant),
            key: Some(Key::of_seat(0, time_ms)),
            label: username.into(),
            seq: counter.version.seq,
        };
        let seat = Seat { id: participant, username: username.to_owned() };
        Ok(Joined { seat, change: Some(counter.change(vec![row])) })
    }

    async fn remove(&self, quiz: QuizId, participant: ParticipantId) -> Result<(Change, Effect)> {
        let mut session = self.write().await?;
        let counter = Counter::lock(&mut session, &self.clock, quiz, Step::REMOVAL).await?;
        let user = sqlx::query("SELECT user_id FROM participants WHERE quiz_id = $1 AND participant_id = $2");
        let user = session.optional(user.bind(quiz).bind(participant)).await?;
        let user: Option<UserId> = user.ok_or(Refusal::ParticipantNotFound)?.try_get("user_id")?;
        let update = sqlx::query(
            "UPDATE participants SET removed = TRUE, folded = NULL, user_id = NULL, join_id = NULL, seq = $3
             WHERE quiz_id = $1 AND participant_id = $2 AND NOT removed RETURNING username",
        );
        let update = update.bind(quiz).bind(participant).bind(counter.version.seq.cast_signed());
        let removed = session.optional(update).await?.ok_or(Refusal::ParticipantNotFound)?;
        let run = counter.seats_run().cast_signed();
        let standing =
            sqlx::query("DELETE FROM standings WHERE quiz_id = $1 AND run = $2 AND participant_id = $3");
        session.execute(standing.bind(quiz).bind(run).bind(participant)).await?;
        let made = sqlx::query("DELETE FROM sessions WHERE quiz_id = $1 AND user_id = $2 AND run = $3");
        let touched: Vec<UserId> = match session.execute(made.bind(quiz).bind(user).bind(run)).await? {
            0 => Vec::new(),
            _ => user.into_iter().collect(),
        };
        let found = quizzes::read(&mut session, quiz).await?;
        let recount = recount(self, &mut session, &found, &touched).await?;
        activity::tell(&mut session, &self.clock, [recount.event]).await?;
        session.commit().await?;
        let row = ChangedRow {
            member: Member::Participant(participant),
            key: None,
            label: removed.username()?,
            seq: counter.version.seq,
        };
        Ok((counter.change(vec![row]), recount.effect))
    }

    async fn answers(&self, quiz: QuizId, who: &Who) -> Result<Vec<GivenAnswer>> {
        let mut session = self.read(LEDGER_CALL).await?;
        let run = sqlx::query("SELECT run FROM quiz_counters WHERE quiz_id = $1").bind(quiz);
        let run: i32 = session.optional(run).await?.ok_or(Refusal::QuizNotFound)?.try_get("run")?;
        let participant = seat_of(&mut session, quiz, who).await?.ok_or(Refusal::NotAParticipant)?;
        let select = sqlx::query(
            "SELECT question_id, choice, correct, points, at FROM answers
             WHERE quiz_id = $1 AND run = $2 AND participant_id = $3 ORDER BY seq",
        );
        session.all(select.bind(quiz).bind(run).bind(participant), rows::given_answer).await
    }
}

/// The identifier of a person, given at first sight; committed by itself, before any quiz is
/// locked: the same person may be in somebody's long upload, and answers shall not wait for that.
async fn identify(store: &Store, user: &User) -> Result<UserId> {
    let mut session = Session::plain(&store.writers, LEDGER_CALL).await?;
    let select = sqlx::query("SELECT user_id FROM users WHERE issuer = $1 AND subject = $2");
    if let Some(row) = session.optional(select.bind(&user.issuer).bind(&user.subject)).await? {
        return Ok(row.try_get("user_id")?);
    }
    // The update returns the row also where another process was quicker.
    let upsert = sqlx::query(
        "INSERT INTO users (user_id, issuer, subject) VALUES ($1, $2, $3)
         ON CONFLICT (issuer, subject) DO UPDATE SET subject = excluded.subject RETURNING user_id",
    );
    let row = session.one(upsert.bind(UserId::random()).bind(&user.issuer).bind(&user.subject)).await?;
    Ok(row.try_get("user_id")?)
}

/// The seat that the same person, or an earlier try of the same call, has taken. The same call names
/// the same name: whoever guesses the call alone gets nobody's seat.
async fn earlier_seat(
    session: &mut Session,
    quiz: QuizId,
    user: Option<UserId>,
    call: Option<&str>,
    name: &Username,
) -> Result<Option<Seat>> {
    if user.is_none() && call.is_none() {
        return Ok(None);
    }
    let select = sqlx::query(
        "SELECT participant_id, username, folded FROM participants WHERE quiz_id = $1 AND user_id = $2
         UNION ALL
         SELECT participant_id, username, folded FROM participants WHERE quiz_id = $1 AND join_id = $3",
    );
    let Some(row) = session.optional(select.bind(quiz).bind(user).bind(call)).await? else { return Ok(None) };
    if user.is_none() && row.try_get::<String, _>("folded")? != name.folded() {
        return Err(Refusal::invalid("join_id", "was used for another name").into());
    }
    Ok(Some(Seat { id: row.try_get("participant_id")?, username: row.try_get("username")? }))
}

/// The seat that is meant, if it is there.
pub(super) async fn seat_of(session: &mut Session, quiz: QuizId, who: &Who) -> Result<Option<ParticipantId>> {
    let seat = match who {
        Who::Participant(participant) => sqlx::query(
            "SELECT participant_id FROM participants
             WHERE quiz_id = $1 AND participant_id = $2 AND NOT removed",
        )
        .bind(quiz)
        .bind(participant),
        Who::User(User { issuer, subject }) => sqlx::query(
            "SELECT p.participant_id FROM participants p JOIN users u ON u.user_id = p.user_id
             WHERE p.quiz_id = $1 AND u.issuer = $2 AND u.subject = $3",
        )
        .bind(quiz)
        .bind(issuer)
        .bind(subject),
    };
    Ok(session.optional(seat).await?.map(|row| row.try_get("participant_id")).transpose()?)
}
