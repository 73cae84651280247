//! The steps of a quiz's life: started, ended, deleted.

use sqlx::Row as _;

use super::{
    Session, Store, activity,
    counter::{Counter, Step},
    quizzes::{CODE_TRIES, lock_at_rest, no_free_code, random_code, read},
    subjects::recount,
};
use crate::{
    board::{BoardId, Phase},
    fail::{self, Place},
    ids::{QuizId, UserId},
    ledger::{Effect, Moved, Result},
    quiz::Status,
    refusal::Refusal,
};

/// Starts a pending or ended quiz as a new run.
pub(super) async fn start(store: &Store, quiz: QuizId) -> Result<Moved> {
    let mut code = None;
    for _ in 0..CODE_TRIES {
        match start_under(store, quiz, code.as_deref()).await {
            // Another quiz has the code by now.
            Err(error) if error.is_duplicate() => code = Some(random_code()),
            other => return other,
        }
    }
    Err(no_free_code())
}

/// Starts a quiz under a join code, or the one that it had.
async fn start_under(store: &Store, quiz: QuizId, code: Option<&str>) -> Result<Moved> {
    let mut session = store.write_long().await?;
    let mut counter = Counter::lock(&mut session, &store.clock, quiz, Step::CHANGE).await?;
    if counter.status == Status::Started {
        return Err(Refusal::QuizActive.into());
    }
    let before = read(&mut session, quiz).await?;
    if before.total_questions == 0 {
        return Err(Refusal::NoQuestions.into());
    }
    let open = sqlx::query("UPDATE quizzes SET join_code = $2, ended_at = NULL WHERE quiz_id = $1");
    session.execute(open.bind(quiz).bind(code.unwrap_or(&before.join_code))).await?;

    let starts_anew = counter.status == Status::Ended;
    let ends_at = counter.now + i64::try_from(before.plan.duration.as_millis()).expect("at most hours");
    let run = sqlx::query(
        "UPDATE quiz_counters SET status = 'started', run = run + 1, started_at = $2, ends_at = $3,
             reset_seq = CASE WHEN $4 THEN last_seq ELSE reset_seq END
         WHERE quiz_id = $1",
    );
    session.execute(run.bind(quiz).bind(counter.now).bind(ends_at).bind(starts_anew)).await?;
    if starts_anew {
        // Uploaded seats belong to the run in which they arrived.
        let leave = sqlx::query(
            "UPDATE participants SET removed = TRUE, folded = NULL, user_id = NULL, seq = $2
             WHERE quiz_id = $1 AND origin = 'upload' AND NOT removed",
        );
        let left = session.execute(leave.bind(quiz).bind(counter.version.seq.cast_signed())).await?;
        let seats = sqlx::query("UPDATE quiz_counters SET seats = seats - $2 WHERE quiz_id = $1");
        session.execute(seats.bind(quiz).bind(i32::try_from(left).expect("at most a million"))).await?;
        let reset = sqlx::query(
            "UPDATE participants SET score = 0, time_ms = 0, answered = 0, correct = 0, seq = $2
             WHERE quiz_id = $1 AND NOT removed",
        );
        session.execute(reset.bind(quiz).bind(counter.version.seq.cast_signed())).await?;
    }
    let started = read(&mut session, quiz).await?;
    session.commit().await?;

    counter.phase = Phase { status: Some(started.status), run: started.run };
    let effect = if starts_anew {
        Effect::Reset(BoardId::Quiz(quiz))
    } else {
        Effect::Changed(counter.change(Vec::new()))
    };
    Ok(Moved { quiz: started, effect })
}

/// Ends a started quiz; an ended one stays as it is.
pub(super) async fn end(store: &Store, quiz: QuizId) -> Result<Moved> {
    let mut session = store.write_long().await?;
    let counter = Counter::lock(&mut session, &store.clock, quiz, Step::CHANGE).await?;
    match counter.status {
        Status::Pending => Err(Refusal::QuizNotStarted.into()),
        // Dropping the session takes the new version back.
        Status::Ended => Ok(Moved { quiz: read(&mut session, quiz).await?, effect: Effect::None }),
        Status::Started => finish(session, counter).await,
    }
}

/// Ends a started quiz that is overdue: whoever found it so may find it in another run by now.
pub(super) async fn end_overdue(store: &Store, quiz: QuizId) -> Result<Option<Effect>> {
    let mut session = store.write_long().await?;
    let counter = Counter::lock(&mut session, &store.clock, quiz, Step::CHANGE).await?;
    if counter.status != Status::Started || !counter.is_overdue() {
        // Dropping the session takes the new version back.
        return Ok(None);
    }
    Ok(Some(finish(session, counter).await?.effect))
}

/// Ends the started quiz of a counter that is locked.
async fn finish(mut session: Session, mut counter: Counter) -> Result<Moved> {
    let quiz = counter.quiz;
    let ended_at = counter.ends_at.map_or(counter.now, |ends_at| ends_at.min(counter.now));
    session
        .execute(sqlx::query("UPDATE quiz_counters SET status = 'ended' WHERE quiz_id = $1").bind(quiz))
        .await?;
    let update = sqlx::query("UPDATE quizzes SET ended_at = $2 WHERE quiz_id = $1");
    session.execute(update.bind(quiz).bind(ended_at)).await?;
    let run = counter.phase.run.cast_signed();
    let finished =
        sqlx::query("INSERT INTO runs (quiz_id, run, started_at, ended_at) VALUES ($1, $2, $3, $4)");
    session.execute(finished.bind(quiz).bind(run).bind(counter.started_at).bind(ended_at)).await?;
    let standings = sqlx::query(
        "INSERT INTO standings (quiz_id, run, participant_id, user_id, username, origin, score, time_ms,
             answered, correct)
         SELECT quiz_id, $2, participant_id, user_id, username, origin, score, time_ms, answered, correct
         FROM participants WHERE quiz_id = $1 AND NOT removed",
    );
    session.execute(standings.bind(quiz).bind(run)).await?;
    let ended = read(&mut session, quiz).await?;
    fail::point(Place::Ending);
    session.commit().await?;
    fail::point(Place::Ended);
    counter.phase.status = Some(Status::Ended);
    Ok(Moved { quiz: ended, effect: Effect::Changed(counter.change(Vec::new())) })
}

/// Deletes a quiz with all that belongs to it.
pub(super) async fn delete(store: &Store, quiz: QuizId) -> Result<Effect> {
    let mut session = store.write_long().await?;
    lock_at_rest(&mut session, store, quiz).await?;
    let deleted = read(&mut session, quiz).await?;
    let sessions = sqlx::query("DELETE FROM sessions WHERE quiz_id = $1 RETURNING user_id");
    let touched: Vec<UserId> = session.all(sessions.bind(quiz), |row| Ok(row.try_get("user_id")?)).await?;
    for delete in [
        "DELETE FROM answers WHERE quiz_id = $1",
        "DELETE FROM standings WHERE quiz_id = $1",
        "DELETE FROM participants WHERE quiz_id = $1",
        // What is left refers to it, and goes with it.
        "DELETE FROM quizzes WHERE quiz_id = $1",
    ] {
        session.execute(sqlx::query(delete).bind(quiz)).await?;
    }
    let recount = recount(store, &mut session, &deleted, &touched).await?;
    activity::tell(&mut session, &store.clock, [recount.event]).await?;
    session.commit().await?;
    Ok(recount.effect)
}
