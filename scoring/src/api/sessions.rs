//! The calls of `QuizService` that look across quizzes: results, subjects, sessions, performance.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt as _, stream};
use proto::v1;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::{quiz::QuizApi, wire};
use crate::{
    board::{BoardId, Member, Window},
    ledger::{SessionsOf, User, Who},
    quiz::Subject,
    ranking::percentile,
    refusal::Refusal,
    sessions::{NamedSubject, Origin, QuizPerformance, ResultRow, Session, SubjectPerformance},
};

/// The rows of one run, some at a time.
pub(super) type Results = Pin<Box<dyn Stream<Item = Result<v1::ListResultsResponse, Status>> + Send>>;

pub(super) async fn list_results(api: &QuizApi, request: v1::ListResultsRequest) -> Result<Results, Status> {
    let quiz = api.managed(&request.quiz_id, &request.acting_as).await?.id;
    let turn = api.transfer().await?;
    let (to, from) = mpsc::channel(1);
    let ledger = Arc::clone(&api.ledger);
    let run = (request.run > 0).then_some(request.run);
    // Reading goes on as the caller takes what was read.
    let reading = stream::once(async move {
        let read = ledger.results(quiz, run, to).await;
        drop(turn);
        read.err().map(|error| Err(error.into()))
    });
    let rows = ReceiverStream::new(from).map(|rows: Vec<ResultRow>| {
        Some(Ok(v1::ListResultsResponse { results: rows.into_iter().map(result).collect() }))
    });
    Ok(Box::pin(stream::select(rows, reading).filter_map(std::future::ready)))
}

pub(super) async fn put_subject(
    api: &QuizApi,
    request: &v1::PutSubjectRequest,
) -> Result<v1::PutSubjectResponse, Status> {
    let named = NamedSubject::parse(&request.code, &request.name)?;
    api.ledger.put_subject(&named).await?;
    Ok(v1::PutSubjectResponse { subject: Some(subject(named)) })
}

pub(super) async fn list_subjects(
    api: &QuizApi,
    request: &v1::ListSubjectsRequest,
) -> Result<v1::ListSubjectsResponse, Status> {
    // What is no code is no subject's.
    let codes: Vec<Subject> = request.codes.iter().filter_map(|code| code.parse().ok()).collect();
    let subjects = if codes.is_empty() && !request.codes.is_empty() {
        Vec::new()
    } else {
        api.ledger.subjects(&codes).await?
    };
    Ok(v1::ListSubjectsResponse { subjects: subjects.into_iter().map(subject).collect() })
}

pub(super) async fn list_sessions(
    api: &QuizApi,
    request: v1::ListSessionsRequest,
) -> Result<v1::ListSessionsResponse, Status> {
    use v1::list_sessions_request::Of;
    let of = match &request.of {
        Some(Of::QuizId(id)) => SessionsOf::Quiz(api.managed(id, &request.acting_as).await?.id),
        Some(Of::User(user)) => SessionsOf::User(wire::user(user)?),
        None => return Err(Refusal::invalid("quiz_id", "must be given, or a user").into()),
    };
    let limit = wire::limit(request.limit, 100, 1000)?;
    let (sessions, total) = api.ledger.sessions(&of, limit, wire::offset(request.offset)?).await?;
    Ok(v1::ListSessionsResponse { sessions: sessions.into_iter().map(session).collect(), total })
}

pub(super) async fn get_performance(
    api: &QuizApi,
    request: &v1::GetPerformanceRequest,
) -> Result<v1::GetPerformanceResponse, Status> {
    use v1::get_performance_request::Who as Wire;
    let who = match &request.who {
        Some(Wire::ParticipantId(id)) => Who::Participant(wire::own_participant_id(id)?),
        Some(Wire::User(user)) => Who::User(wire::user(user)?),
        None => return Err(Refusal::invalid("participant_id", "must be given, or a user").into()),
    };
    match who {
        Who::User(user) if request.quiz_id.is_empty() => performance_of(api, &user).await,
        who => performance_in(api, &request.quiz_id, &who).await,
    }
}

/// In one quiz, as its board has it.
async fn performance_in(
    api: &QuizApi,
    quiz_id: &str,
    who: &Who,
) -> Result<v1::GetPerformanceResponse, Status> {
    let quiz = api.ledger.quiz(wire::quiz_id(quiz_id)?).await?;
    let (participant, answers) = api.ledger.answer_counts(quiz.id, who).await?;
    let (board, member) = (BoardId::Quiz(quiz.id), Member::Participant(participant));
    let none = Window::Page { offset: 0, limit: 0 };
    let (mut view, _) = api.views.read(&board, none, &[member]).await?;
    if view.standings.iter().all(Option::is_none) {
        // A seat taken a moment ago may not be on the board yet.
        view = api.views.read_ledger(&board, none, &[member]).await?;
    }
    let row = view.standings.pop().flatten().ok_or(Refusal::NotAParticipant)?;
    let performance = quiz_performance(QuizPerformance {
        quiz: quiz.id,
        title: quiz.plan.title,
        subject: quiz.plan.subject,
        participant,
        username: row.label,
        key: row.key,
        rank: row.rank,
        total: view.total,
        answers,
    });
    Ok(v1::GetPerformanceResponse { quizzes: vec![performance], subjects: Vec::new() })
}

/// In all quizzes and subjects.
async fn performance_of(api: &QuizApi, user: &User) -> Result<v1::GetPerformanceResponse, Status> {
    let (quizzes, subjects) = api.ledger.performance(user).await?;
    Ok(v1::GetPerformanceResponse {
        quizzes: quizzes.into_iter().map(quiz_performance).collect(),
        subjects: subjects.into_iter().map(subject_performance).collect(),
    })
}

fn subject(NamedSubject { code, name }: NamedSubject) -> v1::Subject {
    v1::Subject { code: code.to_string(), name }
}

fn text(subject: Option<Subject>) -> String {
    subject.map(|code| code.to_string()).unwrap_or_default()
}

fn ms(ms: impl Into<u64>) -> Option<prost_types::Duration> {
    Some(wire::duration(Duration::from_millis(ms.into())))
}

fn result(row: ResultRow) -> v1::ResultRow {
    v1::ResultRow {
        rank: row.rank,
        participant_id: row.participant.to_string(),
        username: row.username.to_string(),
        score: row.key.score(),
        time: ms(row.key.time_ms()),
        answered: row.answers.answered,
        correct: row.answers.correct,
        subject: row.sub.unwrap_or_default(),
    }
}

fn session(session: Session) -> v1::Session {
    v1::Session {
        session_id: session.id.to_string(),
        quiz_id: session.quiz.to_string(),
        subject: text(session.subject),
        user_id: session.user.to_string(),
        username: session.attempt.username,
        score: session.attempt.score,
        duration: ms(session.attempt.duration_ms),
        started_at: session.attempt.started_at.map(wire::timestamp),
        ended_at: session.attempt.ended_at.map(wire::timestamp),
        uploaded: session.origin == Origin::Upload,
    }
}

fn quiz_performance(told: QuizPerformance) -> v1::QuizPerformance {
    v1::QuizPerformance {
        quiz_id: told.quiz.to_string(),
        title: told.title,
        subject: text(told.subject),
        participant_id: told.participant.to_string(),
        username: told.username.to_string(),
        score: told.key.score(),
        rank: told.rank,
        total: told.total,
        percentile: percentile(told.rank, told.total),
        duration: ms(told.key.time_ms()),
        answered: told.answers.answered,
        correct: told.answers.correct,
    }
}

fn subject_performance(told: SubjectPerformance) -> v1::SubjectPerformance {
    let (total_score, quiz_count) = (told.key.total(), told.sums.quiz_count);
    v1::SubjectPerformance {
        subject: told.subject.code.to_string(),
        subject_name: told.subject.name,
        rank: told.rank,
        total: told.total,
        percentile: percentile(told.rank, told.total),
        quiz_count,
        best_score: told.best,
        average_score: f64::from(total_score) / f64::from(quiz_count.max(1)),
        total_score,
        total_duration: ms(told.sums.duration_ms),
        average_duration: Some(wire::duration(Duration::from_secs(told.key.average_s().into()))),
    }
}
