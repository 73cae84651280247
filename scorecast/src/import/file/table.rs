//! Attempts as CSV (RFC 4180) with headings, in any order and with others beside them.

use std::{
    io::{self, Read},
    path::Path,
};

use csv::{Reader, ReaderBuilder, StringRecord, Terminator};
use proto::v1::SessionRow;

use super::{
    Error, Rows,
    row::{number_of, problem, row},
};

const NEEDED: [&str; 4] = ["user_id", "username", "score", "duration_seconds"];

/// Reads the headings, and then a row from each record that is not blank.
pub(super) fn open(path: &Path, reader: impl Read + Send + 'static) -> Result<Rows, Error> {
    // A record ends with its line feed, so that lines can be counted; the last has one too then.
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .terminator(Terminator::Any(b'\n'))
        .from_reader(reader.chain(io::Cursor::new(b"\n")));
    let headings = reader
        .headers()
        .map_err(|error| Error::Unreadable { path: path.to_owned(), source: error.into() })?
        .clone();
    let columns = Columns(headings.iter().map(|heading| heading.trim().to_owned()).collect());
    if let Some(column) = NEEDED.into_iter().find(|needed| columns.place(needed).is_none()) {
        return Err(Error::NoColumn { path: path.to_owned(), column });
    }
    let mut is_over = false;
    let rows = std::iter::from_fn(move || {
        while !is_over {
            let mut record = StringRecord::new();
            match reader.read_record(&mut record) {
                Ok(false) => is_over = true,
                Ok(true) if record.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(true) => return Some(columns.row(first_line(&reader, &record), &record)),
                Err(error) => {
                    is_over = error.is_io_error();
                    let line = first_line(&reader, &StringRecord::new());
                    return Some(problem(line, format!("cannot be read: {error}")));
                }
            }
        }
        None
    });
    Ok(Rows::counted_by("line", rows))
}

/// The line on which the record begins that was read last.
fn first_line<R: Read>(reader: &Reader<R>, record: &StringRecord) -> u32 {
    let breaks = record.iter().flat_map(str::bytes).filter(|byte| *byte == b'\n').count();
    number_of(reader.position().line().saturating_sub(1 + breaks as u64))
}

/// The headings in their order.
struct Columns(Vec<String>);

impl Columns {
    fn place(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|heading| heading == name)
    }

    fn row(&self, number: u32, record: &StringRecord) -> SessionRow {
        let cell = |name: &str| Some(record.get(self.place(name)?)?.trim());
        row(number, |name| cell(name).filter(|cell| !cell.is_empty()).map(str::to_owned))
    }
}
