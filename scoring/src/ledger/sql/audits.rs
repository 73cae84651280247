//! Whether the totals of seats are what their answers add up to.

use async_trait::async_trait;
use sqlx::Row as _;

use super::{
    BEGIN_LONG, Columns as _, LEDGER_LONG_CALL, Row, Session, Store,
    counter::{Counter, Step},
};
use crate::{
    board::{ChangedRow, Member},
    ids::{ParticipantId, QuizId},
    ledger::{Audits, Discrepancy, Effect, Result, Totals},
    ranking::Key,
};

#[async_trait]
impl Audits for Store {
    async fn quiz_ids(&self, after: Option<QuizId>, limit: u32) -> Result<Vec<QuizId>> {
        let mut session = Session::plain(&self.readers, LEDGER_LONG_CALL).await?;
        let select = sqlx::query(
            "SELECT quiz_id FROM quiz_counters WHERE $1 IS NULL OR quiz_id > $1 ORDER BY quiz_id LIMIT $2",
        );
        let select = select.bind(after).bind(i64::from(limit));
        session.all(select, |row| Ok(row.try_get("quiz_id")?)).await
    }

    async fn audit(&self, quiz: QuizId) -> Result<Vec<Discrepancy>> {
        let mut session = self.read(LEDGER_LONG_CALL).await?;
        Ok(compare(&mut session, quiz).await?.into_iter().map(|(discrepancy, _)| discrepancy).collect())
    }

    async fn repair(&self, quiz: QuizId) -> Result<Effect> {
        let mut session = Session::begin(&self.writers, BEGIN_LONG, LEDGER_LONG_CALL).await?;
        let counter = Counter::lock(&mut session, &self.clock, quiz, Step::CHANGE).await?;
        let wrong = compare(&mut session, quiz).await?;
        if wrong.is_empty() {
            // Dropping the session takes the new version back.
            return Ok(Effect::None);
        }
        let mut rows = Vec::with_capacity(wrong.len());
        for (Discrepancy { participant, counted, .. }, label) in wrong {
            let update = sqlx::query(
                "UPDATE participants SET score = $3, time_ms = $4, answered = $5, correct = $6, seq = $7
                 WHERE quiz_id = $1 AND participant_id = $2",
            );
            let update = update.bind(quiz).bind(participant).bind(counted.score.cast_signed());
            let update = update.bind(counted.time_ms.cast_signed()).bind(counted.answered.cast_signed());
            let update = update.bind(counted.correct.cast_signed()).bind(counter.version.seq.cast_signed());
            session.execute(update).await?;
            rows.push(ChangedRow {
                member: Member::Participant(participant),
                key: Some(Key::of_seat(counted.score, counted.time_ms)),
                label,
                seq: counter.version.seq,
            });
        }
        session.commit().await?;
        Ok(Effect::Changed(counter.change(rows)))
    }

    async fn raise_epoch(&self) -> Result<u64> {
        let mut session = self.write().await?;
        let now = session.now(&self.clock).await?;
        let update = sqlx::query(
            "UPDATE epoch SET epoch = CASE WHEN $1 > epoch THEN $1 ELSE epoch + 1 END RETURNING epoch",
        );
        let epoch = session.one(update.bind(now / 1000)).await?.version("epoch")?;
        session.commit().await?;
        Ok(epoch)
    }
}

/// Adds up the answers of the present run and finds the seats that say something else. The time
/// of a seat without points is the moment of joining, which no answer tells. What an uploaded seat
/// has got is what its session says.
async fn compare(session: &mut Session, quiz: QuizId) -> Result<Vec<(Discrepancy, std::sync::Arc<str>)>> {
    let select = sqlx::query(
        "WITH counted AS (
             SELECT participant_id, CAST(sum(points) AS INTEGER) AS score,
                 CAST(max(CASE WHEN points > 0 THEN time_ms END) AS INTEGER) AS time_ms,
                 CAST(count(*) AS INTEGER) AS answered,
                 CAST(sum(CASE WHEN correct THEN 1 ELSE 0 END) AS INTEGER) AS correct
             FROM answers
             WHERE quiz_id = $1 AND run = (SELECT run FROM quiz_counters WHERE quiz_id = $1)
             GROUP BY participant_id
             UNION ALL
             SELECT participant_id, score, duration_ms, 0, 0 FROM sessions
             WHERE quiz_id = $1 AND origin = 'upload'
         ),
         compared AS (
             SELECT p.participant_id, p.username, p.score, p.time_ms, p.answered, p.correct,
                 coalesce(c.score, 0) AS counted_score,
                 coalesce(c.time_ms, CASE WHEN p.score = 0 THEN p.time_ms ELSE 0 END) AS counted_time_ms,
                 coalesce(c.answered, 0) AS counted_answered, coalesce(c.correct, 0) AS counted_correct
             FROM participants p LEFT JOIN counted c ON c.participant_id = p.participant_id
             WHERE p.quiz_id = $1 AND NOT p.removed
         )
         SELECT * FROM compared
         WHERE score <> counted_score OR time_ms <> counted_time_ms
             OR answered <> counted_answered OR correct <> counted_correct
         ORDER BY participant_id",
    );
    session
        .all(select.bind(quiz), |row| {
            let participant: ParticipantId = row.try_get("participant_id")?;
            let stored = totals(row, ["score", "time_ms", "answered", "correct"])?;
            let counted =
                totals(row, ["counted_score", "counted_time_ms", "counted_answered", "counted_correct"])?;
            Ok((Discrepancy { participant, stored, counted }, row.username()?))
        })
        .await
}

fn totals(row: &Row, [score, time_ms, answered, correct]: [&str; 4]) -> Result<Totals> {
    Ok(Totals {
        score: row.whole(score)?,
        time_ms: row.whole(time_ms)?,
        answered: row.whole(answered)?,
        correct: row.whole(correct)?,
    })
}
