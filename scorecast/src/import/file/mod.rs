//! Reads attempts from a file, whatever it turns out to be. What cannot be read of a row is said
//! in the row, so that all bad rows are told at once.

mod json;
mod row;
mod table;

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use proto::v1::SessionRow;

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

/// The rows of a file, read as they are taken.
pub(super) struct Rows {
    rows: Box<dyn Iterator<Item = SessionRow> + Send>,
    /// What the rows' numbers count.
    pub(super) counted: &'static str,
}

impl Iterator for Rows {
    type Item = SessionRow;

    fn next(&mut self) -> Option<SessionRow> {
        self.rows.next()
    }
}

impl Rows {
    fn counted_by(counted: &'static str, rows: impl Iterator<Item = SessionRow> + Send + 'static) -> Self {
        Self { rows: Box::new(rows), counted }
    }

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
            Some(b'[') => json::array(path, reader),
            Some(b'{') => json::objects(reader).map_err(unreadable),
            _ => table::open(path, reader),
        }
    }
}

#[cfg(test)]
mod tests;
