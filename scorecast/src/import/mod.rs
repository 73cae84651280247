//! Finished attempts from a file into a quiz, by gRPC.

mod file;

use std::{
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use futures_util::stream;
use proto::v1::{
    SessionError, UploadHeader, UploadRows, UploadSessionsRequest, UploadSessionsResponse,
    quiz_service_client::QuizServiceClient, upload_sessions_request::Part,
};
use tonic::{
    Status,
    transport::{Endpoint, Uri},
};

use file::Rows;

/// How many rows go into one message.
const PORTION: usize = 1000;
/// How often it is said how far it is.
const BEAT: Duration = Duration::from_millis(200);

/// Which file goes into which quiz, and where that is.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// JSON (one object, an array, or an object a line) or CSV with headings: user_id, username,
    /// score, duration_seconds, and optionally started_at and ended_at
    pub file: PathBuf,

    /// The quiz that the attempts belong to
    #[arg(long, value_name = "QUIZ_ID")]
    pub quiz: String,

    /// Where scoring listens for gRPC
    #[arg(long, env = "SCORING_URL", value_name = "URL", default_value = "http://127.0.0.1:50051")]
    pub scoring_url: Uri,

    /// Who vouches for the user_ids: the issuer in these users' tokens
    #[arg(long, env = "JWT_ISSUER", value_name = "NAME", default_value = "")]
    pub jwt_issuer: String,

    /// Keep the good rows even if there are bad ones
    #[arg(long)]
    pub partial: bool,
}

/// Why a file was not imported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read as a whole.
    #[error(transparent)]
    File(#[from] file::Error),
    /// Nobody is there.
    #[error("nothing is listening on {url}; start it with `scorecast`, or choose another with --scoring-url")]
    NothingListens {
        /// Where it was looked for.
        url: Uri,
    },
    /// Scoring does not do it.
    #[error("the upload was refused: {0}")]
    Refused(String),
    /// Some rows are not good, all of which were said.
    #[error("{errors} rows have errors{}", if *.kept { "" } else { ", so nothing was kept" })]
    BadRows {
        /// How many.
        errors: u32,
        /// Whether the good ones were kept.
        kept: bool,
    },
}

/// Imports a file and says what became of it.
///
/// # Errors
/// If the file cannot be read, scoring cannot be reached or refuses, or rows have errors.
pub async fn run(config: Config) -> Result<(), Error> {
    let rows = Rows::open(&config.file)?;
    let began = Instant::now();
    let header = UploadHeader {
        quiz_id: config.quiz,
        issuer: config.jwt_issuer,
        partial: config.partial,
        ..UploadHeader::default()
    };
    let url = config.scoring_url;
    let channel = Endpoint::from(url.clone()).connect_timeout(Duration::from_secs(5)).connect().await;
    let channel = channel.map_err(|_| Error::NothingListens { url })?;
    let parts = [Part::Header(header)].into_iter().chain(Portions { rows, progress: Progress::new(began) });
    let requests = parts.map(|part| UploadSessionsRequest { part: Some(part) });
    let told = QuizServiceClient::new(channel).upload_sessions(stream::iter(requests)).await;
    let told = told.map_err(|status: Status| Error::Refused(status.message().to_owned()))?.into_inner();
    report(&told, began.elapsed());
    match told.error_count {
        0 => Ok(()),
        errors => Err(Error::BadRows { errors, kept: config.partial }),
    }
}

/// The rows of a file, some at a time, which says how far it is as they are taken.
struct Portions {
    rows: Rows,
    progress: Progress,
}

impl Iterator for Portions {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        let rows: Vec<_> = self.rows.by_ref().take(PORTION).collect();
        self.progress.sent(rows.len());
        (!rows.is_empty()).then_some(Part::Rows(UploadRows { rows }))
    }
}

/// A line that is written over and over, on a terminal.
struct Progress {
    began: Instant,
    said: Option<Instant>,
    rows: usize,
}

impl Progress {
    fn new(began: Instant) -> Self {
        Self { began, said: None, rows: 0 }
    }

    fn sent(&mut self, rows: usize) {
        self.rows += rows;
        let is_last = rows < PORTION;
        if is_last || self.said.is_none_or(|said| said.elapsed() >= BEAT) {
            self.said = Some(Instant::now());
            let seconds = self.began.elapsed().as_secs_f32();
            let end = if is_last { ", storing" } else { "" };
            on_terminal(&format!("\r{} rows sent in {seconds:.1} s{end}\x1b[K", self.rows));
        }
    }
}

/// Says what became of the rows, and what is wrong with the first bad ones.
#[allow(clippy::print_stdout, clippy::print_stderr, reason = "the outcome is what was asked for")]
fn report(told: &UploadSessionsResponse, took: Duration) {
    on_terminal("\r\x1b[K");
    for SessionError { line, code, error } in &told.errors {
        eprintln!("line {line}: {code}: {error}");
    }
    let rows = told.inserted + told.unchanged + told.error_count;
    let per_second = f64::from(rows) / took.as_secs_f64();
    println!(
        "{} inserted, {} unchanged, {} errors; {rows} rows in {:.1} s, {per_second:.0} a second",
        told.inserted,
        told.unchanged,
        told.error_count,
        took.as_secs_f32(),
    );
}

fn on_terminal(text: &str) {
    let mut out = std::io::stderr();
    if out.is_terminal() {
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}
