//! Sessions in great number: 20 000 of 10 000 users over 50 quizzes and 9 subjects, half of them by
//! gRPC and half as CSV through `scorecast import`. It prints how fast they came in; figures that
//! mean something need a release build:
//!
//! ```sh
//! cargo test --release --workspace --test it people::volume -- --nocapture --test-threads 1
//! ```

use std::{fmt::Write as _, time::Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use prost_types::{Duration, Timestamp};
use proto::v1::{
    Entry, GetLeaderboardRequest, Leaderboard, SessionRow, UploadSessionsResponse, entry,
    get_leaderboard_request::Board, upload_sessions_request::Part,
};

use super::{header, rows_of};
use crate::support::{
    TestApp,
    process::{outcome, scorecast},
    sql::Sql,
};

on_both_pairs! {
    many_sessions_come_in_whichever_way_and_add_up_to_what_sql_says,
}

const QUIZZES: usize = 50;
const SUBJECTS: usize = 9;
const USERS: usize = 10_000;
const ROWS: usize = 400;
/// How many uploads are under way at once: what scoring takes.
const AT_ONCE: usize = 4;

async fn many_sessions_come_in_whichever_way_and_add_up_to_what_sql_says(app: TestApp) {
    let mut quizzes = Vec::new();
    for number in 0..SUBJECTS {
        app.subject(&subject(number)).await;
    }
    for number in 0..QUIZZES {
        quizzes.push((number, app.quiz_of(&subject(number % SUBJECTS)).await));
    }
    let (by_grpc, by_csv) = quizzes.split_at(QUIZZES / 2);
    let (inserted, unchanged) = ((ROWS, 0), (0, ROWS));
    assert_eq!(upload_all(&app, "inserted by gRPC", by_grpc).await, [inserted; QUIZZES / 2]);
    assert_eq!(import_all(&app, "inserted as CSV", by_csv).await, [inserted; QUIZZES / 2]);
    let mut sql = Sql::open(&app.stores.ledger_url).await;
    let stored = sql.number("SELECT count(*) FROM sessions").await;
    let users = sql.number("SELECT count(DISTINCT user_id) FROM sessions").await;
    assert_eq!((stored, users), ((QUIZZES * ROWS) as u64, USERS as u64));
    add_up(&app, &mut sql).await;

    // The same again, each the other way.
    let before = state(&mut sql).await;
    assert_eq!(upload_all(&app, "unchanged by gRPC", by_csv).await, [unchanged; QUIZZES / 2]);
    assert_eq!(import_all(&app, "unchanged as CSV", by_grpc).await, [unchanged; QUIZZES / 2]);
    assert_eq!(state(&mut sql).await, before);

    // One bad row among them.
    let quiz = app.quiz_of(&subject(0)).await;
    let mut rows = rows(0);
    rows[200].ended_at = Some(Timestamp { seconds: 40_000_000_000, nanos: 0 });
    let told = app.upload(&quiz, rows.clone()).await;
    assert_eq!((told.inserted, told.error_count, told.errors[0].line), (0, 1, 202));
    assert_eq!(told.errors[0].error, "ended_at: must not be in the future");
    let (out, err) = import(&app, &quiz, &rows).await;
    assert!(out.starts_with("0 inserted, 0 unchanged, 1 with errors; 400 rows in "), "{out}");
    let sentence = "line 202: INVALID_ARGUMENT: ended_at: must not be in the future\n";
    assert_eq!(err, format!("{sentence}error: rows with errors: 1; nothing was kept\n"));
    assert_eq!(state(&mut sql).await, before);
    add_up(&app, &mut sql).await;
}

fn subject(number: usize) -> String {
    format!("SUBJECT_{number}")
}

/// The rows of a quiz: those of 200 users of its own, and of 200 whose own quiz is the next one of
/// the same subject, or the one after that.
fn rows(quiz: usize) -> Vec<SessionRow> {
    let first = quiz * ROWS / 2;
    let own = first..first + ROWS / 2;
    let next = first + SUBJECTS * ROWS / 2;
    let others = (0..ROWS / 2).map(|number| next + number * 37 % ROWS);
    own.chain(others).zip(0..).map(|(user, place)| session(user % USERS, quiz, place)).collect()
}

fn session(user: usize, quiz: usize, place: u32) -> SessionRow {
    let ms = (user * 7919 + quiz * 104_729) % 600_000;
    let ended = 1_700_000_000 + (quiz * ROWS) as i64 + i64::from(place);
    SessionRow {
        // As in a file with headings.
        line: place + 2,
        subject: format!("pupil{user}@school.example"),
        username: format!("Pupil {user} of {quiz}"),
        score: Some(((user * 31 + quiz * 17) % 101) as u32),
        duration: Some(Duration { seconds: ms as i64 / 1000, nanos: (ms % 1000) as i32 * 1_000_000 }),
        started_at: None,
        ended_at: Some(Timestamp { seconds: ended, nanos: 0 }),
        problem: String::new(),
    }
}

fn csv(rows: &[SessionRow]) -> String {
    let mut csv = "user_id,username,score,duration_seconds,ended_at\n".to_owned();
    for row in rows {
        let (took, ended) = (row.duration.as_ref().unwrap(), row.ended_at.as_ref().unwrap());
        let ms = took.seconds * 1000 + i64::from(took.nanos) / 1_000_000;
        let ended = jiff::Timestamp::from_second(ended.seconds).unwrap();
        let (sub, name, score) = (&row.subject, &row.username, row.score.unwrap());
        writeln!(csv, "{sub},{name},{score},{}.{:03},{ended}", ms / 1000, ms % 1000).unwrap();
    }
    csv
}

/// How many rows were inserted and how many were unchanged, by quiz.
async fn upload_all(app: &TestApp, what: &str, quizzes: &[(usize, String)]) -> Vec<(usize, usize)> {
    let parts: Vec<_> = quizzes
        .iter()
        .map(|(number, quiz)| vec![Part::Header(header(quiz)), rows_of(rows(*number))])
        .collect();
    let began = Instant::now();
    let told: Vec<UploadSessionsResponse> =
        stream::iter(parts).map(|parts| app.send(parts)).buffered(AT_ONCE).try_collect().await.unwrap();
    say(what, quizzes.len(), began);
    told.iter().map(|told| (told.inserted as usize, told.unchanged as usize)).collect()
}

async fn import_all(app: &TestApp, what: &str, quizzes: &[(usize, String)]) -> Vec<(usize, usize)> {
    let began = Instant::now();
    let imports = quizzes.iter().map(async |(number, quiz)| {
        let (out, err) = import(app, quiz, &rows(*number)).await;
        assert_eq!(err, "");
        let mut numbers = out.split(' ').filter_map(|word| word.parse().ok());
        (numbers.next().unwrap(), numbers.next().unwrap())
    });
    let told = stream::iter(imports).buffered(AT_ONCE).collect().await;
    say(what, quizzes.len(), began);
    told
}

async fn import(app: &TestApp, quiz: &str, rows: &[SessionRow]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.csv");
    std::fs::write(&file, csv(rows)).unwrap();
    let arguments = ["import", file.to_str().unwrap(), "--quiz", quiz, "--jwt-issuer", "school"];
    let ended = outcome(scorecast(&arguments).env("SCORING_URL", app.grpc_url())).await;
    (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap())
}

#[allow(clippy::print_stdout, reason = "the figures are what this is run for, at times")]
fn say(what: &str, quizzes: usize, began: Instant) {
    let (rows, seconds) = (quizzes * ROWS, began.elapsed().as_secs_f64());
    println!("{rows} rows {what}: {:.0} a second", rows as f64 / seconds);
}

/// All versions: nothing changes without one.
async fn state(sql: &mut Sql) -> Vec<String> {
    let versions = "SELECT quiz_id || ' ' || CAST(last_seq AS TEXT) FROM quiz_counters WHERE last_seq > 0";
    let of_subjects = "SELECT subject || ' ' || CAST(last_seq AS TEXT) FROM subject_counters";
    let of_activity = "SELECT CAST(last_seq AS TEXT) FROM activity_counter";
    sql.texts(&format!("{versions} UNION ALL {of_subjects} UNION ALL {of_activity} ORDER BY 1")).await
}

/// Compares every subject's board, as callers see it, with what SQL makes of the sessions.
async fn add_up(app: &TestApp, sql: &mut Sql) {
    for number in 0..SUBJECTS {
        let code = subject(number);
        let version =
            sql.number(&format!("SELECT last_seq FROM subject_counters WHERE subject = '{code}'")).await;
        let board = app.subject_board_when(&code, |board| board.version >= version).await;
        let mut seen = Vec::new();
        while seen.len() < board.total as usize {
            seen.extend(page(app, &code, seen.len()).await.entries.iter().map(shown));
        }
        assert_eq!(seen, sql.texts(&expected(&code)).await, "{code}");
    }
}

async fn page(app: &TestApp, code: &str, offset: usize) -> Leaderboard {
    let request = GetLeaderboardRequest {
        board: Some(Board::Subject(code.to_owned())),
        limit: Some(1000),
        offset: u32::try_from(offset).unwrap(),
        ..GetLeaderboardRequest::default()
    };
    let page = app.board(request).await.unwrap();
    assert!(!page.entries.is_empty(), "{code} ends before its total");
    page
}

fn shown(row: &Entry) -> String {
    let Some(entry::Id::UserId(user)) = &row.id else { panic!("{row:?}") };
    let (average, sum) = (row.time.as_ref().unwrap(), row.total_duration.as_ref().unwrap());
    let ms = sum.seconds * 1000 + i64::from(sum.nanos) / 1_000_000;
    let Entry { rank, score, quiz_count, username, .. } = row;
    format!("{rank} {user} {score} {quiz_count} {} {ms} {username}", average.seconds)
}

/// The same rows from nothing but the sessions.
fn expected(code: &str) -> String {
    format!(
        "WITH sums AS (
             SELECT user_id, sum(score) AS total, count(*) AS quizzes, sum(duration_ms) AS ms,
                 (sum(duration_ms) + 500 * count(*)) / (1000 * count(*)) AS average, max(at) AS latest
             FROM sessions WHERE subject = '{code}' GROUP BY user_id
         ), ranked AS (
             SELECT rank() OVER (ORDER BY total DESC, average) AS place, sums.* FROM sums
         )
         SELECT place || ' ' || r.user_id || ' ' || total || ' ' || quizzes || ' ' || average || ' ' || ms
             || ' ' || s.username
         FROM ranked r JOIN sessions s ON s.user_id = r.user_id AND s.subject = '{code}' AND s.at = r.latest
         ORDER BY place, r.user_id"
    )
}
