//! Reads attempts from a file: JSON or CSV, whatever it turns out to be. What cannot be read of a
//! row is said in the row, so that all bad rows are told at once.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use proto::v1::SessionRow;
use serde_json::{Map, Value};

/// Why a file cannot be read as a whole.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refuses.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// In the system's words.
        source: io::Error,
    },
    /// It is no JSON.
    #[error("{} is not JSON: {source}", path.display())]
    BadJson {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: serde_json::Error,
    },
    /// A heading is missing.
    #[error("{} has no column {column}; it needs user_id, username, score and duration_seconds", path.display())]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The heading.
        column: &'static str,
    },
}

const NEEDED: [&str; 4] = ["user_id", "username", "score", "duration_seconds"];

/// The rows of a file, read as they are taken.
pub(super) struct Rows(Box<dyn Iterator<Item = SessionRow> + Send>);

impl Iterator for Rows {
    type Item = SessionRow;

    fn next(&mut self) -> Option<SessionRow> {
        self.0.next()
    }
}

impl Rows {
    /// Opens a file and finds out what it is by its first character.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
        let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
        let start = reader.fill_buf().map_err(unreadable)?;
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        let first = text.iter().find(|byte| !byte.is_ascii_whitespace()).copied();
        let mark = start.len() - text.len();
        reader.consume(mark);
        match first {
            Some(b'[') => array(path, reader),
            Some(b'{') => Ok(objects(reader)),
            _ => table(path, reader),
        }
    }
}

/// A JSON array. It is read as a whole.
fn array(path: &Path, reader: impl io::Read) -> Result<Rows, Error> {
    let values: Vec<Value> =
        serde_json::from_reader(reader).map_err(|source| Error::BadJson { path: path.to_owned(), source })?;
    Ok(Rows(Box::new((1..).zip(values).map(|(number, value)| of_json(number, value)))))
}

/// One JSON object after the other. After what is no JSON there is nothing to go by.
fn objects(reader: impl io::Read + Send + 'static) -> Rows {
    let values = serde_json::Deserializer::from_reader(reader).into_iter::<Value>();
    Rows(Box::new((1..).zip(values).map(|(number, value)| match value {
        Ok(value) => of_json(number, value),
        Err(error) => problem(number, format!("is not JSON: {error}")),
    })))
}

/// CSV (RFC 4180) with headings.
fn table(path: &Path, reader: impl io::Read + Send + 'static) -> Result<Rows, Error> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(reader);
    let headings = reader
        .headers()
        .map_err(|error| Error::Unreadable { path: path.to_owned(), source: error.into() })?
        .clone();
    for column in NEEDED {
        if !headings.iter().any(|heading| heading == column) {
            return Err(Error::NoColumn { path: path.to_owned(), column });
        }
    }
    let mut number = 1;
    let rows = reader.into_records().map(move |record| {
        number += 1;
        match record {
            Ok(record) => {
                number = record.position().map_or(number, |at| line_number(at.line()));
                let cell = |name: &str| {
                    let column = headings.iter().position(|heading| heading == name)?;
                    record.get(column).filter(|cell| !cell.is_empty()).map(str::to_owned)
                };
                row(number, cell)
            }
            Err(error) => problem(number, format!("cannot be read: {error}")),
        }
    });
    Ok(Rows(Box::new(rows)))
}

fn line_number(line: u64) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

fn of_json(number: u32, value: Value) -> SessionRow {
    let Value::Object(members) = value else { return problem(number, "is no JSON object".to_owned()) };
    row(number, |name| member(&members, name))
}

/// The text of a member; of anything but a text, its JSON.
fn member(members: &Map<String, Value>, name: &str) -> Option<String> {
    match members.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn problem(number: u32, problem: String) -> SessionRow {
    SessionRow { line: number, problem, ..SessionRow::default() }
}

/// A row of these fields. What is missing is for the receiver to say.
fn row(number: u32, field: impl Fn(&str) -> Option<String>) -> SessionRow {
    let read = || -> Result<SessionRow, String> {
        Ok(SessionRow {
            line: number,
            subject: field("user_id").unwrap_or_default(),
            username: field("username").unwrap_or_default(),
            score: parsed("score", field("score"), |text| text.parse().ok(), "a whole number from 0")?,
            duration: parsed(
                "duration_seconds",
                field("duration_seconds"),
                |text| {
                    let duration = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
                    prost_types::Duration::try_from(duration).ok()
                },
                "a number from 0",
            )?,
            started_at: moment("started_at", &field)?,
            ended_at: moment("ended_at", &field)?,
            problem: String::new(),
        })
    };
    read().unwrap_or_else(|sentence| problem(number, sentence))
}

fn moment(
    name: &str,
    field: &impl Fn(&str) -> Option<String>,
) -> Result<Option<prost_types::Timestamp>, String> {
    let read = |text: &str| {
        let at: Timestamp = text.parse().ok()?;
        let ms = at.as_millisecond();
        let nanos = i32::try_from(ms.rem_euclid(1000) * 1_000_000).ok()?;
        Some(prost_types::Timestamp { seconds: ms.div_euclid(1000), nanos })
    };
    parsed(name, field(name), read, "a time such as 2026-02-02T10:15:00Z")
}

fn parsed<T>(
    name: &str,
    text: Option<String>,
    read: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<Option<T>, String> {
    let Some(text) = text else { return Ok(None) };
    read(&text).map(Some).ok_or_else(|| format!("{name}: expected {expected}, not {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<SessionRow>, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sessions");
        std::fs::write(&path, text).unwrap();
        Ok(Rows::open(&path)?.collect())
    }

    fn ada(line: u32) -> SessionRow {
        SessionRow {
            line,
            subject: "a@b".to_owned(),
            username: "Ada, \"the first\"".to_owned(),
            score: Some(90),
            duration: Some(prost_types::Duration { seconds: 312, nanos: 500_000_000 }),
            started_at: Some(prost_types::Timestamp { seconds: 1_769_681_700, nanos: 123_000_000 }),
            ..SessionRow::default()
        }
    }

    const ADA: &str = r#"{"user_id":"a@b","username":"Ada, \"the first\"","score":90,
        "duration_seconds":312.5,"started_at":"2026-01-29T10:15:00.1234Z","ended_at":null,"more":[1]}"#;

    #[test]
    fn all_formats_say_the_same() {
        let csv = "\u{feff}score,username,user_id,duration_seconds,started_at,ended_at\r\n\
                   90,\"Ada, \"\"the first\"\"\",a@b,312.5,2026-01-29T10:15:00.1234Z,\r\n";
        assert_eq!(rows(csv).unwrap(), [ada(2)]);
        assert_eq!(rows(ADA).unwrap(), [ada(1)]);
        assert_eq!(rows(&format!(" \n[{ADA}, {ADA}]")).unwrap(), [ada(1), ada(2)]);
        assert_eq!(rows(&format!("{ADA}\n{ADA}\n")).unwrap(), [ada(1), ada(2)]);
        assert_eq!(rows("[]").unwrap(), []);
    }

    #[test]
    fn a_bad_row_says_what_is_wrong_and_the_others_are_read() {
        let csv = "user_id,username,score,duration_seconds\n\
                   a,ada,ten,1\n\
                   b,\"bo\nb\",1,-1\n\
                   c,cy\n\
                   d,dee,1,1\n";
        let told = rows(csv).unwrap();
        let problems: Vec<_> = told.iter().map(|row| (row.line, row.problem.as_str())).collect();
        assert_eq!(
            problems,
            [
                (2, "score: expected a whole number from 0, not \"ten\""),
                (3, "duration_seconds: expected a number from 0, not \"-1\""),
                (5, ""),
                (6, ""),
            ]
        );
        assert_eq!((told[2].score, told[3].score), (None, Some(1)));
        let told = rows(r#"[{"score":-1},7,{"started_at":"yesterday"},{"score":1}]"#).unwrap();
        assert_eq!(
            told.iter().map(|row| row.problem.is_empty()).collect::<Vec<_>>(),
            [false, false, false, true]
        );
        let told = rows("{\"score\":1}\n{\"score\"").unwrap();
        assert_eq!((told.len(), told[1].line, told[1].problem.starts_with("is not JSON")), (2, 2, true));
    }

    #[test]
    fn what_is_no_table_of_attempts_is_refused_as_a_whole() {
        for (text, sentence) in [
            ("[1,", "is not JSON"),
            ("", "has no column user_id"),
            ("user_id,username,score\n", "has no column duration_seconds"),
        ] {
            let refused = rows(text).unwrap_err().to_string();
            assert!(refused.contains(sentence), "{text:?}: {refused}");
        }
        let nowhere = Rows::open(Path::new("/nowhere/at all")).err().unwrap().to_string();
        assert!(nowhere.starts_with("cannot read /nowhere/at all: "), "{nowhere}");
    }
}
