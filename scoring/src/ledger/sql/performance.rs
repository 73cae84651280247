//! How a user did: in the runs that its sessions come from, and in their subjects.

use sqlx::Row as _;

use super::{
    Columns as _, Row, Session,
    rankings::{key, sums},
    rows,
};
use crate::{
    ids::UserId,
    ledger::Result,
    sessions::{NamedSubject, QuizPerformance, SubjectPerformance},
};

/// How many quizzes are told.
const QUIZZES_MAX: i64 = 1000;

/// Of each session, its seat among those of its run: where the run has not ended, among those
/// there are.
pub(super) async fn in_quizzes(session: &mut Session, user: UserId) -> Result<Vec<QuizPerformance>> {
    let select = sqlx::query(
        "SELECT s.quiz_id, q.title, s.subject, s.participant_id, s.username, s.key, s.answered, s.correct,
             CAST(1 + CASE WHEN s.has_ended
                 THEN (SELECT count(*) FROM standings b
                       WHERE b.quiz_id = s.quiz_id AND b.run = s.run AND b.key > s.key)
                 ELSE (SELECT count(*) FROM quiz_rows b
                       WHERE b.board = s.quiz_id AND b.key > s.key AND NOT b.removed)
                 END AS INTEGER) AS rank,
             CAST(CASE WHEN c.run <= s.run THEN c.seats
                 ELSE (SELECT count(*) FROM standings b WHERE b.quiz_id = s.quiz_id AND b.run = s.run)
                 END AS INTEGER) AS total
         FROM (SELECT s.quiz_id, s.session_id, s.at, s.subject, s.run, s.participant_id, s.username,
                   coalesce(t.key, p.key) AS key, t.key IS NOT NULL AS has_ended,
                   coalesce(t.answered, 0) AS answered, coalesce(t.correct, 0) AS correct
               FROM sessions s
               LEFT JOIN standings t
                   ON t.quiz_id = s.quiz_id AND t.run = s.run AND t.participant_id = s.participant_id
               LEFT JOIN quiz_rows p ON p.board = s.quiz_id AND p.member = s.participant_id
               WHERE s.user_id = $1 ORDER BY s.at DESC, s.session_id DESC LIMIT $2) AS s
         JOIN quizzes q ON q.quiz_id = s.quiz_id JOIN quiz_counters c ON c.quiz_id = s.quiz_id
         ORDER BY s.at DESC, s.session_id DESC",
    );
    let read = |row: &Row| {
        Ok(QuizPerformance {
            quiz: row.try_get("quiz_id")?,
            title: row.try_get("title")?,
            subject: row.try_get("subject")?,
            participant: row.try_get("participant_id")?,
            username: row.username()?,
            key: key(row)?,
            rank: row.whole("rank")?,
            total: row.whole("total")?,
            answers: rows::answer_counts(row)?,
        })
    };
    session.all(select.bind(user).bind(QUIZZES_MAX), read).await
}

pub(super) async fn in_subjects(session: &mut Session, user: UserId) -> Result<Vec<SubjectPerformance>> {
    let select = sqlx::query(
        "SELECT u.subject, n.name, u.key, u.quiz_count, u.duration_ms, u.best,
             (SELECT CAST(1 + count(*) AS INTEGER) FROM subject_rows b
              WHERE b.board = u.subject AND b.key > u.key AND NOT b.removed) AS rank,
             (SELECT CAST(count(*) AS INTEGER) FROM subject_rows b
              WHERE b.board = u.subject AND NOT b.removed) AS total
         FROM subject_scores u JOIN subjects n ON n.subject = u.subject
         WHERE u.user_id = $1 AND u.quiz_count <> 0 ORDER BY u.subject",
    );
    let read = |row: &Row| {
        Ok(SubjectPerformance {
            subject: NamedSubject { code: row.try_get("subject")?, name: row.try_get("name")? },
            key: key(row)?,
            rank: row.whole("rank")?,
            total: row.whole("total")?,
            sums: sums(row)?,
            best: row.whole("best")?,
        })
    };
    session.all(select.bind(user), read).await
}
