//! `UploadSessions`: a header, then rows, held until the last has come. Whatever keeps the sender
//! keeps no transaction waiting, and nobody else's turn.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use proto::v1;
use tokio::time::Instant;
use tonic::{Status, Streaming};

use super::{error::code_and_reason, intake::next, quiz::QuizApi, wire};
use crate::{
    config::bounds::OWN_UPLOAD_WITHIN,
    follow::Follower,
    ledger::{Upload, Uploaded, User},
    quiz::Username,
    refusal::Refusal,
    sessions::{Attempt, Claimed, Line},
};

/// How many characters of a sender's own words are repeated.
const PROBLEM_MAX: usize = 200;

pub(super) async fn upload_sessions(
    api: &QuizApi,
    mut parts: Streaming<v1::UploadSessionsRequest>,
) -> Result<v1::UploadSessionsResponse, Status> {
    use v1::upload_sessions_request::Part;
    let Some(Part::Header(header)) = next(&mut parts, Instant::now() + OWN_UPLOAD_WITHIN).await? else {
        return Err(Refusal::invalid("header", "must come first").into());
    };
    let (source, quiz) = match &header.user {
        Some(user) => {
            let quiz = api.ledger.quiz(wire::quiz_id(&header.quiz_id)?).await?;
            if !quiz.plan.self_report {
                return Err(Refusal::Forbidden("this quiz takes no sessions from participants").into());
            }
            (Source::User(wire::user(user)?, &user.username), quiz.id)
        }
        None => (Source::Host, api.managed(&header.quiz_id, &header.acting_as).await?.id),
    };
    let issuer = match &source {
        Source::User(user, _) => user.issuer.clone(),
        Source::Host => wire::issuer("issuer", &header.issuer)?,
    };
    let mut place = match &source {
        Source::User(..) => api.intake.user()?,
        Source::Host => api.intake.host()?,
    };
    let mut lines = Vec::new();
    while let Some(part) = place.next(&mut parts).await? {
        let Part::Rows(rows) = part else {
            return Err(Refusal::invalid("header", "must come only once").into());
        };
        lines.extend(rows.rows.iter().map(|row| source.line(row)));
    }
    let turn = api.transfer().await?;
    let upload = Upload { quiz, issuer, partial: header.partial, lines };
    let (ledger, follower) = (Arc::clone(&api.ledger), api.follower.clone());
    api.carry_out(async move {
        let _turn = turn;
        let uploaded = ledger.upload(&upload).await?;
        Ok(passed_on(&follower, uploaded).await)
    })
    .await
}

async fn passed_on(follower: &Follower, uploaded: Uploaded) -> v1::UploadSessionsResponse {
    let Uploaded { inserted, unchanged, errors, error_count, effects } = uploaded;
    if inserted > 0 {
        follower.sessions_changed(effects).await;
    }
    let errors = errors.into_iter().map(|error| v1::SessionError {
        line: error.line,
        code: code_and_reason(&error.refusal).1.to_owned(),
        error: error.refusal.to_string(),
    });
    v1::UploadSessionsResponse { inserted, unchanged, errors: errors.collect(), error_count }
}

/// Who uploads.
enum Source<'a> {
    /// The host, anybody's.
    Host,
    /// A user of this name, its own.
    User(User, &'a str),
}

impl Source<'_> {
    fn line(&self, row: &v1::SessionRow) -> Line {
        Line { number: row.line, content: self.claimed(row) }
    }

    fn claimed(&self, row: &v1::SessionRow) -> Result<Claimed, Refusal> {
        if !row.problem.is_empty() {
            return Err(Refusal::Unreadable(row.problem.chars().take(PROBLEM_MAX).collect()));
        }
        let (sub, name) = match self {
            Self::Host => (wire::sub("user_id", &row.subject)?, row.username.as_str()),
            Self::User(user, name) => {
                if !row.subject.is_empty() && row.subject != user.subject {
                    return Err(Refusal::Forbidden("a user may upload only its own session"));
                }
                let is_named = !row.username.trim().is_empty();
                (user.subject.clone(), if is_named { row.username.as_str() } else { name })
            }
        };
        let username = Username::parse(name)?;
        let score = row.score.ok_or_else(|| Refusal::invalid("score", "must be a whole number from 0"))?;
        let duration = row
            .duration
            .and_then(|duration| Duration::try_from(duration).ok())
            .ok_or_else(|| Refusal::invalid("duration_seconds", "must be a number from 0"))?;
        let attempt = Attempt::parse(
            &username,
            score,
            u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            moment("started_at", row.started_at)?,
            moment("ended_at", row.ended_at)?,
        )?;
        Ok(Claimed { sub, username, attempt })
    }
}

/// Reads a time, in whole milliseconds.
fn moment(field: &'static str, at: Option<prost_types::Timestamp>) -> Result<Option<Timestamp>, Refusal> {
    let Some(prost_types::Timestamp { seconds, nanos }) = at else { return Ok(None) };
    let at = seconds
        .checked_mul(1000)
        .and_then(|ms| ms.checked_add(i64::from(nanos / 1_000_000)))
        .filter(|_| (0..1_000_000_000).contains(&nanos))
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.map(Some).ok_or_else(|| Refusal::invalid(field, "must be a time"))
}
