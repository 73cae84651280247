//! Finished attempts from a file into a quiz, by gRPC. What a row must be is for scoring to say.

mod file;
mod progress;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use futures_util::stream;
use proto::v1::{
    SessionError, UploadHeader, UploadRows, UploadSessionsRequest, UploadSessionsResponse,
    quiz_service_client::QuizServiceClient, upload_sessions_request::Part,
};
use tonic::{
    Code, Request, Status,
    transport::{Channel, Endpoint, Uri},
};

use file::Rows;
use progress::Progress;

/// How many rows go into one message.
const PORTION: usize = 1000;
/// How long it may take to reach scoring.
const CONNECT: Duration = Duration::from_secs(5);
/// How long all of it may take; half a million rows take less than a minute.
const IMPORT: Duration = Duration::from_secs(600);

/// Which file goes into which quiz, and where that is.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
A row has user_id (as the user's token says in `sub`), username, score and duration_seconds, and
perhaps started_at and ended_at (2026-02-02T10:15:00Z). A row that is stored already, just like
this, stays unchanged: the same file again changes nothing.")]
pub struct Config {
    /// JSON (one object, an array, or an object on each line) or CSV with headings
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The quiz that the attempts belong to
    #[arg(long, value_name = "QUIZ_ID")]
    pub quiz: String,

    /// Where scoring, or scorecast, listens for gRPC
    #[arg(long, env = "SCORING_URL", value_name = "URL", default_value = "http://127.0.0.1:50051", value_parser = scoring_url)]
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
    #[error("nothing was imported: {0}")]
    Refused(String),
    /// The call broke before the reply came.
    #[error("the import broke ({0}); the same again stores what is missing, and nothing twice")]
    Broken(String),
    /// Some rows are not good; the first hundred were told.
    #[error("rows with errors: {errors}; {}", if *.kept { "the others were kept" } else { "nothing was kept" })]
    BadRows {
        /// How many.
        errors: u32,
        /// Whether the good ones were kept.
        kept: bool,
    },
}

/// Imports a file, and says on the way how far it is and at the end what became of it.
///
/// # Errors
/// If the file cannot be read, scoring cannot be reached or refuses, or rows have errors.
pub async fn run(config: Config) -> Result<(), Error> {
    let rows = Rows::open(&config.file)?;
    let counted = rows.counted;
    let mut quizzes = QuizServiceClient::new(channel(config.scoring_url).await?);
    let header = UploadHeader {
        quiz_id: config.quiz,
        issuer: config.jwt_issuer,
        partial: config.partial,
        ..UploadHeader::default()
    };
    let progress = Progress::begin();
    let parts = [Part::Header(header)].into_iter().chain(Portions { rows, progress: progress.clone() });
    let parts = parts.map(|part| UploadSessionsRequest { part: Some(part) });
    let mut request = Request::new(stream::iter(parts));
    request.set_timeout(IMPORT);
    let told = quizzes.upload_sessions(request).await;
    progress.end();
    let told = told.map_err(|status| refused(&status))?.into_inner();
    let _ = report(&told, counted, &progress);
    match told.error_count {
        0 => Ok(()),
        errors => Err(Error::BadRows { errors, kept: config.partial }),
    }
}

async fn channel(url: Uri) -> Result<Channel, Error> {
    let endpoint = Endpoint::from(url.clone())
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10));
    endpoint.connect().await.map_err(|_| Error::NothingListens { url })
}

fn refused(status: &Status) -> Error {
    let said = status.message().to_owned();
    match status.code() {
        Code::Unknown | Code::Cancelled | Code::DeadlineExceeded | Code::Unavailable => Error::Broken(said),
        _ => Error::Refused(said),
    }
}

/// The rows of a file, some at a time, counted as they are taken.
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

/// Says what became of the rows, and what is wrong with the first bad ones.
fn report(told: &UploadSessionsResponse, counted: &str, progress: &Progress) -> io::Result<()> {
    let mut err = io::stderr();
    for SessionError { line, code, error } in &told.errors {
        writeln!(err, "{counted} {line}: {code}: {error}")?;
    }
    let UploadSessionsResponse { inserted, unchanged, error_count, .. } = told;
    writeln!(
        io::stdout(),
        "{inserted} inserted, {unchanged} unchanged, {error_count} with errors; {progress}"
    )
}

/// Reads where scoring is.
fn scoring_url(text: &str) -> Result<Uri, &'static str> {
    let url: Option<Uri> = text.parse().ok();
    url.filter(|url| url.scheme_str() == Some("http") && url.host().is_some())
        .ok_or("expected a URL such as http://127.0.0.1:50051")
}
