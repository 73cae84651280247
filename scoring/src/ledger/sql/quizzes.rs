//! Quizzes and their questions.

use async_trait::async_trait;
use rand::RngExt as _;
use sqlx::Row as _;

use super::{
    Columns as _, LEDGER_CALL, Session, Store,
    counter::{Counter, Step, overdue_before},
    life, rows, subjects,
};
use crate::{
    ids::{QuestionId, QuizId},
    ledger::{Effect, Error, Moved, QuizFilter, Quizzes, Result},
    quiz::{Plan, QUESTIONS_MAX, Question, Quiz, Status},
    refusal::Refusal,
};

/// A statement that reads whole quizzes.
macro_rules! select_quizzes {
    ($rest:literal) => {
        concat!(
            "SELECT q.quiz_id, q.join_code, q.owner_id, q.title, q.description, q.subject, q.duration_s,
                 q.listed, q.self_report, q.created_at, q.ended_at, c.run, c.status, c.started_at, c.ends_at, c.seats,
                 (SELECT count(*) FROM questions n WHERE n.quiz_id = q.quiz_id) AS total_questions
             FROM quizzes q JOIN quiz_counters c ON c.quiz_id = q.quiz_id ",
            $rest
        )
    };
}

/// The condition that [`QuizFilter`] stands for, as $1, $2 and $3.
macro_rules! passes_filter {
    () => {
        "WHERE ($1 IS NULL OR q.owner_id = $1) AND ($2 IS NULL OR c.status = $2)
             AND (NOT $3 OR q.listed OR c.status <> 'pending') "
    };
}

#[async_trait]
impl Quizzes for Store {
    async fn create(&self, owner_id: &str, plan: &Plan) -> Result<Quiz> {
        let id = QuizId::random();
        for _ in 0..CODE_TRIES {
            let mut session = self.write().await?;
            if let Some(subject) = &plan.subject {
                subjects::must_exist(&mut session, subject).await?;
            }
            let now = session.now(&self.clock).await?;
            let insert = sqlx::query(
                "INSERT INTO quizzes (quiz_id, join_code, owner_id, title, description, subject,
                     duration_s, listed, self_report, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
            )
            .bind(id)
            .bind(random_code())
            .bind(owner_id)
            .bind(&plan.title)
            .bind(&plan.description)
            .bind(&plan.subject)
            .bind(i32::try_from(plan.duration.as_secs()).expect("a plan lasts at most 180 minutes"))
            .bind(plan.listed)
            .bind(plan.self_report)
            .bind(now);
            if session.execute(insert).await? == 0 {
                continue;
            }
            session.execute(sqlx::query("INSERT INTO quiz_counters (quiz_id) VALUES ($1)").bind(id)).await?;
            let quiz = read(&mut session, id).await?;
            session.commit().await?;
            return Ok(quiz);
        }
        Err(no_free_code())
    }

    async fn quiz(&self, id: QuizId) -> Result<Quiz> {
        let mut session = Session::plain(&self.readers, LEDGER_CALL).await?;
        read(&mut session, id).await
    }

    async fn quiz_by_code(&self, code: &str) -> Result<Quiz> {
        let mut session = Session::plain(&self.readers, LEDGER_CALL).await?;
        let select = sqlx::query(select_quizzes!("WHERE q.join_code = $1 AND q.ended_at IS NULL"));
        let row = session.optional(select.bind(code)).await?.ok_or(Refusal::QuizNotFound)?;
        rows::quiz(&row)
    }

    async fn list(&self, filter: &QuizFilter) -> Result<(Vec<Quiz>, u32)> {
        let mut session = self.read(LEDGER_CALL).await?;
        let count = sqlx::query(concat!(
            "SELECT count(*) AS total FROM quizzes q JOIN quiz_counters c ON c.quiz_id = q.quiz_id ",
            passes_filter!()
        ));
        let page = sqlx::query(concat!(
            select_quizzes!(""),
            passes_filter!(),
            "ORDER BY q.created_at DESC, q.quiz_id DESC LIMIT $4 OFFSET $5"
        ));
        let status = filter.status.map(Status::as_str);
        let count = count.bind(&filter.owner_id).bind(status).bind(filter.public_only);
        let total: i64 = session.one(count).await?.try_get("total")?;
        let page = page
            .bind(&filter.owner_id)
            .bind(status)
            .bind(filter.public_only)
            .bind(i64::from(filter.limit))
            .bind(i64::from(filter.offset));
        let quizzes = session.all(page, rows::quiz).await?;
        Ok((quizzes, u32::try_from(total).map_err(|_| Error::nonsense("too many quizzes"))?))
    }

    async fn add_question(&self, quiz: QuizId, question: &Question) -> Result<()> {
        let mut session = self.write().await?;
        lock_at_rest(&mut session, self, quiz).await?;
        let row = session
            .one(
                sqlx::query(
                    "SELECT CAST(count(*) AS INTEGER) AS questions, coalesce(max(position), 0) AS last
                     FROM questions WHERE quiz_id = $1",
                )
                .bind(quiz),
            )
            .await?;
        if row.whole("questions")? >= QUESTIONS_MAX {
            let problem = format!("a quiz has at most {QUESTIONS_MAX}");
            return Err(Refusal::invalid("questions", problem).into());
        }
        let insert = sqlx::query(
            "INSERT INTO questions (quiz_id, question_id, position, text, options, correct, points)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(quiz)
        .bind(question.id)
        .bind(row.try_get::<i32, _>("last")? + 1)
        .bind(&question.text)
        .bind(serde_json::to_string(&question.options).expect("texts are JSON"))
        .bind(i32::try_from(question.correct).expect("a question has at most 10 options"))
        .bind(i32::try_from(question.points).expect("a question is worth at most 100 points"));
        session.execute(insert).await?;
        session.commit().await
    }

    async fn questions(&self, quiz: QuizId) -> Result<(Quiz, Vec<Question>)> {
        let mut session = self.read(LEDGER_CALL).await?;
        let found = read(&mut session, quiz).await?;
        let select = sqlx::query(
            "SELECT question_id, text, options, correct, points FROM questions
             WHERE quiz_id = $1 ORDER BY position",
        );
        let questions = session.all(select.bind(quiz), rows::question).await?;
        Ok((found, questions))
    }

    async fn delete_question(&self, quiz: QuizId, question: QuestionId) -> Result<()> {
        let mut session = self.write().await?;
        lock_at_rest(&mut session, self, quiz).await?;
        let delete = sqlx::query("DELETE FROM questions WHERE quiz_id = $1 AND question_id = $2");
        if session.execute(delete.bind(quiz).bind(question)).await? == 0 {
            return Err(Refusal::QuestionNotFound.into());
        }
        session.commit().await
    }

    async fn start(&self, quiz: QuizId) -> Result<Moved> {
        life::start(self, quiz).await
    }

    async fn end(&self, quiz: QuizId) -> Result<Moved> {
        life::end(self, quiz).await
    }

    async fn end_overdue(&self, quiz: QuizId) -> Result<Option<Effect>> {
        life::end_overdue(self, quiz).await
    }

    async fn delete(&self, quiz: QuizId) -> Result<Effect> {
        life::delete(self, quiz).await
    }

    async fn overdue(&self) -> Result<Vec<QuizId>> {
        let mut session = Session::plain(&self.readers, LEDGER_CALL).await?;
        let now = session.now(&self.clock).await?;
        let select = sqlx::query(
            "SELECT quiz_id FROM quiz_counters WHERE status = 'started' AND ends_at < $1
             ORDER BY ends_at LIMIT 1000",
        );
        session.all(select.bind(overdue_before(now)), |row| Ok(row.try_get("quiz_id")?)).await
    }
}

/// Reads a quiz as the session sees it.
pub(super) async fn read(session: &mut Session, id: QuizId) -> Result<Quiz> {
    let select = sqlx::query(select_quizzes!("WHERE q.quiz_id = $1"));
    let row = session.optional(select.bind(id)).await?.ok_or(Refusal::QuizNotFound)?;
    rows::quiz(&row)
}

/// Locks a quiz that nobody is answering.
pub(super) async fn lock_at_rest(session: &mut Session, store: &Store, quiz: QuizId) -> Result<Counter> {
    let counter = Counter::lock(session, &store.clock, quiz, Step::NONE).await?;
    if counter.status == Status::Started { Err(Refusal::QuizActive.into()) } else { Ok(counter) }
}

/// How many join codes are tried before giving up. With one code in ten taken, one try in ten
/// fails, and one quiz in 10^20.
pub(super) const CODE_TRIES: u32 = 20;

pub(super) fn random_code() -> String {
    format!("{:06}", rand::rng().random_range(0..1_000_000))
}

pub(super) fn no_free_code() -> Error {
    Error::Failed(anyhow::anyhow!("found no free join code in {CODE_TRIES} tries"))
}
