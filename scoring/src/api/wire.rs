//! Between protobuf messages and the domain.

use std::{ops::RangeInclusive, time::Duration};

use jiff::Timestamp;
use proto::v1;
use services::telemetry::Cause;

use crate::{
    board::{BoardId, Member, Row, View},
    ids::{ParticipantId, QuestionId, QuizId},
    ledger::{User, Who},
    quiz::{GivenAnswer, Question, Quiz, Status},
    ranking::percentile,
    refusal::Refusal,
    sessions::UserLabel,
};

/// Reads a quiz id; one that cannot exist is not found.
pub(super) fn quiz_id(text: &str) -> Result<QuizId, Refusal> {
    text.parse().map_err(|_| Refusal::QuizNotFound)
}

/// Reads the id of a seat that the caller claims to have.
pub(super) fn own_participant_id(text: &str) -> Result<ParticipantId, Refusal> {
    text.parse().map_err(|_| Refusal::NotAParticipant)
}

/// Reads the id of a seat that somebody else has.
pub(super) fn participant_id(text: &str) -> Result<ParticipantId, Refusal> {
    text.parse().map_err(|_| Refusal::ParticipantNotFound)
}

/// Reads a question id; one that cannot exist is not found.
pub(super) fn question_id(text: &str) -> Result<QuestionId, Refusal> {
    text.parse().map_err(|_| Refusal::QuestionNotFound)
}

/// Reads an optional number that has a default and a range from 1.
pub(super) fn limit(given: Option<u32>, default: u32, max: u32) -> Result<u32, Refusal> {
    match given.unwrap_or(default) {
        limit if (1..=max).contains(&limit) => Ok(limit),
        _ => Err(Refusal::invalid("limit", format!("must be 1 to {max}"))),
    }
}

/// Reads how many rows to pass over.
pub(super) fn offset(given: u32) -> Result<u32, Refusal> {
    if given <= 1_000_000 { Ok(given) } else { Err(Refusal::invalid("offset", "must be at most 1000000")) }
}

/// Reads a person as a caller names it.
pub(super) fn user(user: &v1::User) -> Result<User, Refusal> {
    Ok(User { issuer: issuer("user.issuer", &user.issuer)?, subject: sub("user.subject", &user.subject)? })
}

/// Reads the person around whose row a page is wanted.
pub(super) fn around_user(user: &v1::User) -> Result<User, Refusal> {
    Ok(User {
        issuer: issuer("around_user.issuer", &user.issuer)?,
        subject: sub("around_user.subject", &user.subject)?,
    })
}

/// Reads who vouches for a person.
pub(super) fn issuer(field: &'static str, text: &str) -> Result<String, Refusal> {
    word(field, text, 0..=255)
}

/// Reads how an issuer names a person.
pub(super) fn sub(field: &'static str, text: &str) -> Result<String, Refusal> {
    word(field, text, 1..=255)
}

/// Reads whose a quiz is; empty where that is not said.
pub(super) fn owner_id(text: &str) -> Result<String, Refusal> {
    word("owner_id", text, 0..=512)
}

/// Reads what a caller goes by elsewhere: kept as it is, of that many bytes.
fn word(field: &'static str, text: &str, bytes: RangeInclusive<usize>) -> Result<String, Refusal> {
    if bytes.contains(&text.len()) && !text.contains(char::is_control) {
        return Ok(text.to_owned());
    }
    let (min, max) = bytes.into_inner();
    Err(Refusal::invalid(field, format!("must be {min} to {max} bytes without control characters")))
}

/// Reads whose seat is meant.
pub(super) fn who(who: Option<&v1::list_answers_request::Who>) -> Result<Who, Refusal> {
    use v1::list_answers_request::Who as Wire;
    match who {
        Some(Wire::ParticipantId(id)) => own_participant_id(id).map(Who::Participant),
        Some(Wire::User(person)) => user(person).map(Who::User),
        None => Err(Refusal::invalid("participant_id", "must be given, or a user")),
    }
}

/// Reads a status to filter by.
pub(super) fn status_filter(status: i32) -> Result<Option<Status>, Refusal> {
    match v1::QuizStatus::try_from(status) {
        Ok(v1::QuizStatus::Unspecified) => Ok(None),
        Ok(v1::QuizStatus::Pending) => Ok(Some(Status::Pending)),
        Ok(v1::QuizStatus::Started) => Ok(Some(Status::Started)),
        Ok(v1::QuizStatus::Ended) => Ok(Some(Status::Ended)),
        Err(_) => Err(Refusal::invalid("status", "must be a known status")),
    }
}

fn status(status: Option<Status>) -> i32 {
    match status {
        None => v1::QuizStatus::Unspecified,
        Some(Status::Pending) => v1::QuizStatus::Pending,
        Some(Status::Started) => v1::QuizStatus::Started,
        Some(Status::Ended) => v1::QuizStatus::Ended,
    }
    .into()
}

/// What led to a state.
pub(super) fn cause(cause: &Cause) -> v1::Cause {
    v1::Cause { traceparent: cause.traceparent(), acknowledged_at: Some(cause.at().into()) }
}

pub(super) fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    // Before 1970 too the nanoseconds count forwards.
    let ns = at.as_nanosecond();
    prost_types::Timestamp {
        seconds: i64::try_from(ns.div_euclid(1_000_000_000)).expect("a time of ours is within 10 000 years"),
        nanos: i32::try_from(ns.rem_euclid(1_000_000_000)).expect("less than a second"),
    }
}

pub(super) fn duration(duration: Duration) -> prost_types::Duration {
    prost_types::Duration::try_from(duration).expect("a duration of ours is far below its limit")
}

/// A quiz without its questions.
pub(super) fn quiz(quiz: Quiz) -> v1::Quiz {
    v1::Quiz {
        quiz_id: quiz.id.to_string(),
        join_code: quiz.join_code,
        title: quiz.plan.title,
        description: quiz.plan.description,
        subject: quiz.plan.subject.map(|subject| subject.to_string()).unwrap_or_default(),
        status: status(Some(quiz.status)),
        duration: Some(duration(quiz.plan.duration)),
        listed: quiz.plan.listed,
        self_report: quiz.plan.self_report,
        owner_id: quiz.owner_id,
        run: quiz.run,
        created_at: Some(timestamp(quiz.created_at)),
        started_at: quiz.started_at.map(timestamp),
        end_time: quiz.ends_at.map(timestamp),
        ended_at: quiz.ended_at.map(timestamp),
        total_questions: quiz.total_questions,
        total_participants: quiz.total_participants,
    }
}

/// A question with its answer: for its host, who wrote it.
pub(super) fn question(quiz: QuizId, question: Question) -> v1::Question {
    v1::Question {
        question_id: question.id.to_string(),
        quiz_id: quiz.to_string(),
        text: question.text,
        options: question.options,
        correct_answer: Some(u32::try_from(question.correct).expect("one of 10 options")),
        points: question.points,
    }
}

/// An answer as it was counted.
pub(super) fn given_answer(answer: &GivenAnswer) -> v1::GivenAnswer {
    v1::GivenAnswer {
        question_id: answer.question.to_string(),
        answer_index: answer.choice,
        correct: answer.correct,
        points_earned: answer.points,
        answered_at: Some(timestamp(answer.at)),
    }
}

/// The first `limit` rows of a view, read just now.
pub(super) fn leaderboard(board: &BoardId, view: &View, limit: usize) -> v1::Leaderboard {
    v1::Leaderboard {
        board: Some(match board {
            BoardId::Quiz(id) => v1::leaderboard::Board::QuizId(id.to_string()),
            BoardId::Subject(code) => v1::leaderboard::Board::Subject(code.to_string()),
        }),
        entries: view.rows.iter().take(limit).map(entry).collect(),
        total: view.total,
        version: view.version.seq,
        epoch: view.version.epoch,
        status: status(view.phase.status),
        timestamp: Some(timestamp(Timestamp::now())),
    }
}

/// One row of a board.
pub(super) fn entry(row: &Row) -> v1::Entry {
    match row.member {
        Member::Participant(id) => v1::Entry {
            id: Some(v1::entry::Id::ParticipantId(id.to_string())),
            username: row.label.to_string(),
            score: row.key.score(),
            time: Some(duration(Duration::from_millis(row.key.time_ms().into()))),
            rank: row.rank,
            quiz_count: 0,
            total_duration: None,
        },
        Member::User(id) => {
            // What no label of ours is would be somebody else's key in the board store.
            let label: Option<UserLabel> = row.label.parse().ok();
            let (sums, username) = label.map_or_else(Default::default, |l| (l.sums, l.username));
            v1::Entry {
                id: Some(v1::entry::Id::UserId(id.to_string())),
                username,
                score: row.key.total(),
                time: Some(duration(Duration::from_secs(row.key.average_s().into()))),
                rank: row.rank,
                quiz_count: sums.quiz_count,
                total_duration: Some(duration(Duration::from_millis(sums.duration_ms))),
            }
        }
    }
}

/// One participant's own row among `total`.
pub(super) fn standing(row: &Row, total: u32) -> v1::Standing {
    v1::Standing {
        participant_id: row.member.to_string(),
        username: row.label.to_string(),
        score: row.key.score(),
        rank: row.rank,
        total,
        percentile: percentile(row.rank, total),
    }
}
