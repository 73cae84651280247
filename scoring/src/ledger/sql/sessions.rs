//! Sessions and subjects as callers see them; what changes them stands beside this file.

use async_trait::async_trait;
use sqlx::Row as _;
use tokio::sync::mpsc;

use super::{
    LEDGER_CALL, Row, Session as Connection, Store, performance, results, rows, seats::seat_of, settle,
    subjects, uploads,
};
use crate::{
    board::{BoardId, Member},
    ids::{ParticipantId, QuizId, UserId},
    ledger::{Effect, Error, Result, Sessions, SessionsOf, Upload, Uploaded, User, Who},
    quiz::Subject,
    refusal::Refusal,
    sessions::{AnswerCounts, NamedSubject, QuizPerformance, ResultRow, Session, SubjectPerformance},
};

#[async_trait]
impl Sessions for Store {
    async fn put_subject(&self, subject: &NamedSubject) -> Result<()> {
        subjects::put(self, subject).await
    }

    async fn subjects(&self, codes: &[Subject]) -> Result<Vec<NamedSubject>> {
        let mut connection = Connection::plain(&self.readers, LEDGER_CALL).await?;
        subjects::list(&mut connection, codes).await
    }

    async fn upload(&self, upload: &Upload) -> Result<Uploaded> {
        uploads::upload(self, upload).await
    }

    async fn unsettled(&self) -> Result<Vec<QuizId>> {
        settle::unsettled(self).await
    }

    async fn settle(&self, quiz: QuizId) -> Result<Option<Effect>> {
        settle::settle(self, quiz).await
    }

    async fn sessions(&self, of: &SessionsOf, limit: u32, offset: u32) -> Result<(Vec<Session>, u32)> {
        let mut connection = self.read(LEDGER_CALL).await?;
        let (count, page) = match of {
            SessionsOf::Quiz(quiz) => (
                sqlx::query("SELECT count(*) AS total FROM sessions WHERE quiz_id = $1").bind(*quiz),
                sqlx::query(
                    "SELECT * FROM sessions WHERE quiz_id = $1
                     ORDER BY at DESC, session_id DESC LIMIT $2 OFFSET $3",
                )
                .bind(*quiz),
            ),
            SessionsOf::User(user) => {
                let Some(user) = user_id(&mut connection, user).await? else { return Ok((Vec::new(), 0)) };
                (
                    sqlx::query("SELECT count(*) AS total FROM sessions WHERE user_id = $1").bind(user),
                    sqlx::query(
                        "SELECT * FROM sessions WHERE user_id = $1
                         ORDER BY at DESC, session_id DESC LIMIT $2 OFFSET $3",
                    )
                    .bind(user),
                )
            }
        };
        let total: i64 = connection.one(count).await?.try_get("total")?;
        let page = page.bind(i64::from(limit)).bind(i64::from(offset));
        let sessions = connection.all(page, session).await?;
        Ok((sessions, u32::try_from(total).map_err(|_| Error::nonsense("too many sessions"))?))
    }

    async fn results(&self, quiz: QuizId, run: Option<u32>, to: mpsc::Sender<Vec<ResultRow>>) -> Result<()> {
        results::send(self, quiz, run, &to).await
    }

    async fn member(&self, board: &BoardId, user: &User) -> Result<Option<Member>> {
        let mut connection = Connection::plain(&self.readers, LEDGER_CALL).await?;
        Ok(match board {
            BoardId::Quiz(quiz) => {
                seat_of(&mut connection, *quiz, &Who::User(user.clone())).await?.map(Member::Participant)
            }
            BoardId::Subject(_) => user_id(&mut connection, user).await?.map(Member::User),
        })
    }

    async fn answer_counts(&self, quiz: QuizId, who: &Who) -> Result<(ParticipantId, AnswerCounts)> {
        let mut connection = self.read(LEDGER_CALL).await?;
        let exists = sqlx::query("SELECT quiz_id FROM quiz_counters WHERE quiz_id = $1");
        connection.optional(exists.bind(quiz)).await?.ok_or(Refusal::QuizNotFound)?;
        let seat = seat_of(&mut connection, quiz, who).await?.ok_or(Refusal::NotAParticipant)?;
        let select = sqlx::query(
            "SELECT answered, correct FROM participants WHERE quiz_id = $1 AND participant_id = $2",
        );
        Ok((seat, rows::answer_counts(&connection.one(select.bind(quiz).bind(seat)).await?)?))
    }

    async fn performance(&self, user: &User) -> Result<(Vec<QuizPerformance>, Vec<SubjectPerformance>)> {
        let mut connection = self.read(LEDGER_CALL).await?;
        let Some(user) = user_id(&mut connection, user).await? else { return Ok((Vec::new(), Vec::new())) };
        let quizzes = performance::in_quizzes(&mut connection, user).await?;
        Ok((quizzes, performance::in_subjects(&mut connection, user).await?))
    }
}

/// The identifier of a person that was seen before.
async fn user_id(connection: &mut Connection, user: &User) -> Result<Option<UserId>> {
    let select = sqlx::query("SELECT user_id FROM users WHERE issuer = $1 AND subject = $2");
    let row = connection.optional(select.bind(&user.issuer).bind(&user.subject)).await?;
    Ok(row.map(|row| row.try_get("user_id")).transpose()?)
}

fn session(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.try_get("session_id")?,
        quiz: row.try_get("quiz_id")?,
        subject: row.try_get("subject")?,
        user: row.try_get("user_id")?,
        attempt: rows::attempt(row)?,
        origin: rows::origin(row)?,
    })
}
