//! The results of a run as a CSV file (RFC 4180), sent on as scoring reads them.

use std::{borrow::Cow, num::NonZeroU32, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use proto::v1::{ListResultsRequest, ListResultsResponse, ResultRow};
use serde::Deserialize;
use services::telemetry::limit_reached;
use tokio::time::timeout;
use tonic::{Status, Streaming};
use utoipa::IntoParams;

use super::{
    Gateway,
    credentials::Host,
    error::Error,
    request::{InQuiz, Query, QuizPath},
};
use crate::{config::bounds::NEXT_RESULTS, seconds::Seconds};

const HEADINGS: [&str; 7] = ["rank", "username", "score", "time_seconds", "answered", "correct", "user_id"];

/// Which results.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// The run, from 1; the present or last one if absent.
    #[param(value_type = Option<u32>, minimum = 1)]
    run: Option<NonZeroU32>,
}

/// Gives the results of a run as a CSV file, best first.
///
/// Before what a spreadsheet would take for a formula stands a `'`.
#[utoipa::path(
    get,
    path = "/admin/quizzes/{quiz_id}/results.csv",
    operation_id = "get_results",
    tag = "Running quizzes",
    params(QuizPath, Which),
    responses((
        status = 200, description = "Headings and rows", body = String, content_type = "text/csv",
        example = json!("rank,username,score,time_seconds,answered,correct,user_id\r\n1,ada,50,312.000,6,5,ada@school.example\r\n"),
    )),
    security(("user" = [])),
)]
pub(crate) async fn csv(
    State(gateway): State<Arc<Gateway>>,
    host: Host,
    InQuiz(quiz): InQuiz,
    Query(Which { run }): Query<Which>,
) -> Result<Response, Error> {
    let mut results = gateway
        .upstream
        .list_results(ListResultsRequest {
            quiz_id: quiz.to_string(),
            acting_as: host.acting_as(),
            run: run.map_or(0, NonZeroU32::get),
        })
        .await?;
    // A refusal stands at the beginning of the stream: later there is no status to tell it by.
    let first = next(&mut results).await?;
    let run = run.map(|run| format!("-run-{run}")).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{quiz}{run}.csv\"")),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, body(first, results)).into_response())
}

async fn next(results: &mut Streaming<ListResultsResponse>) -> Result<Option<Vec<ResultRow>>, Status> {
    let message = timeout(NEXT_RESULTS, results.message()).await;
    let message = message.map_err(|_| {
        limit_reached("scoring.call");
        Status::deadline_exceeded("no results came in time")
    })??;
    Ok(message.map(|message| message.results))
}

/// The headings and all rows. One that breaks off does not end as a whole body does.
fn body(first: Option<Vec<ResultRow>>, results: Streaming<ListResultsResponse>) -> Body {
    let begin = Bytes::from(encode([HEADINGS.map(Cow::Borrowed)]));
    let rows = stream::try_unfold((first, results), async |(rows, mut results)| {
        let Some(rows) = rows else { return Ok(None) };
        let text = Bytes::from(encode(rows.iter().map(cells)));
        let rows = next(&mut results).await.inspect_err(|status| {
            tracing::warn!(%status, "results broke off");
        })?;
        Ok::<_, Status>(Some((text, (rows, results))))
    });
    Body::from_stream(futures_util::StreamExt::chain(stream::iter([Ok(begin)]), rows))
}

fn encode<'a>(records: impl IntoIterator<Item = [Cow<'a, str>; HEADINGS.len()]>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for record in records {
        writer.write_record(record.iter().map(|cell| cell.as_bytes())).expect("memory takes every record");
    }
    writer.into_inner().expect("memory takes every record")
}

fn cells(row: &ResultRow) -> [Cow<'_, str>; HEADINGS.len()] {
    [
        row.rank.to_string().into(),
        harmless(&row.username),
        row.score.to_string().into(),
        Seconds::from(row.time).decimal().into(),
        row.answered.to_string().into(),
        row.correct.to_string().into(),
        harmless(&row.subject),
    ]
}

/// What a spreadsheet takes for the beginning of a formula
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
const FORMULA_SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Text that no spreadsheet takes for a formula: one that cuts cells at semicolons or tabs, and
/// knows no quotes in the midst of a cell, takes a part of it for a cell of its own.
fn harmless(text: &str) -> Cow<'_, str> {
    let mut harmless = String::with_capacity(text.len());
    let mut is_beginning = true;
    for (place, character) in text.char_indices() {
        let is_sign = is_beginning && FORMULA_SIGNS.contains(&character);
        if is_sign || (place == 0 && matches!(character, '\t' | '\r' | '\n')) {
            harmless.push('\'');
        }
        is_beginning = match character {
            ';' | '\t' | '\r' | '\n' => true,
            _ => is_beginning && (character == '"' || character.is_whitespace()),
        };
        harmless.push(character);
    }
    if harmless.len() == text.len() { text.into() } else { harmless.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_row_is_written_by_the_rfc_and_harmless_to_spreadsheets() {
        let row = |username: &str, subject: &str| ResultRow {
            rank: 2,
            participant_id: "p_1234567890ab".to_owned(),
            username: username.to_owned(),
            score: 50,
            time: Some(prost_types::Duration { seconds: 61, nanos: 250_000_000 }),
            answered: 6,
            correct: 5,
            subject: subject.to_owned(),
        };
        for (username, subject, line) in [
            ("ada", "ada@school.example", "2,ada,50,61.250,6,5,ada@school.example\r\n"),
            ("a,\"b\"\nc", "", "2,\"a,\"\"b\"\"\nc\",50,61.250,6,5,\r\n"),
            ("=1+1", "+49", "2,'=1+1,50,61.250,6,5,'+49\r\n"),
            ("-1", "@sum", "2,'-1,50,61.250,6,5,'@sum\r\n"),
            ("\tx", "\rx", "2,'\tx,50,61.250,6,5,\"'\rx\"\r\n"),
            ("Zoë=", "x-y", "2,Zoë=,50,61.250,6,5,x-y\r\n"),
            ("x;=1+1|y", "＝1", "2,x;'=1+1|y,50,61.250,6,5,'＝1\r\n"),
            ("x; \"-1", "x\t@y", "2,\"x; \"\"'-1\",50,61.250,6,5,x\t'@y\r\n"),
        ] {
            let written = encode([cells(&row(username, subject))]);
            assert_eq!(String::from_utf8(written).unwrap(), line);
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_back_and_is_no_formula(username in any::<String>(), subject in "[-=+@;a\t\r', \"\n]*") {
            let row = ResultRow { username: username.clone(), subject: subject.clone(), ..ResultRow::default() };
            let written = encode([cells(&row)]);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&*written);
            let read: Vec<_> = reader.records().collect::<Result<_, _>>().unwrap();
            prop_assert_eq!((read.len(), read[0].len()), (1, HEADINGS.len()));
            for (cell, text) in [(&read[0][1], &username), (&read[0][6], &subject)] {
                for part in cell.split([';', '\t', '\r', '\n']) {
                    let part = part.trim_start_matches(|c: char| c == '"' || c.is_whitespace());
                    prop_assert!(!part.starts_with(FORMULA_SIGNS), "{:?}", cell);
                }
                prop_assert!(!cell.starts_with(['\t', '\r', '\n']), "{:?}", cell);
                prop_assert_eq!(cell.replace('\'', ""), text.replace('\'', ""));
            }
        }
    }
}
