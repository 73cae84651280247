//! Attempts as JSON: an array, one object, or an object on each line.

use std::{
    io::{self, BufRead, Cursor, Read},
    path::Path,
};

use proto::v1::SessionRow;
use serde_json::{Deserializer, Map, Value};

use super::{
    Error, Rows,
    row::{number_of, problem, row},
};

/// Reads an array, as a whole.
pub(super) fn array(path: &Path, reader: impl Read) -> Result<Rows, Error> {
    let values: Vec<Value> =
        serde_json::from_reader(reader).map_err(|source| Error::BadJson { path: path.to_owned(), source })?;
    Ok(Rows::counted_by("item", (1..).zip(values).map(|(number, value)| of_value(number, value))))
}

/// Reads one object after the other: each on a line of its own if the first one is.
pub(super) fn objects(mut reader: impl BufRead + Send + 'static) -> io::Result<Rows> {
    let mut begin = String::new();
    let mut skipped = 0;
    while begin.trim().is_empty() {
        begin.clear();
        reader.read_line(&mut begin)?;
        skipped += 1;
    }
    let is_by_line = serde_json::from_str::<Map<String, Value>>(&begin).is_ok();
    let reader = Cursor::new(begin).chain(reader);
    Ok(if is_by_line { by_line(skipped, reader) } else { one_by_one(reader) })
}

fn by_line(first: usize, reader: impl BufRead + Send + 'static) -> Rows {
    let lines = (first..).zip(reader.lines()).filter_map(|(place, line)| {
        let number = number_of(place as u64);
        match line {
            Ok(line) if line.trim().is_empty() => None,
            Ok(line) => Some(of_text(number, &line)),
            Err(error) => Some(problem(number, format!("cannot be read: {error}"))),
        }
    });
    Rows::counted_by("line", lines)
}

/// After what is no JSON there is nothing to go by.
fn one_by_one(reader: impl Read + Send + 'static) -> Rows {
    let values = Deserializer::from_reader(reader).into_iter::<Value>();
    let rows = (1..).zip(values).map(|(number, value)| match value {
        Ok(value) => of_value(number, value),
        Err(error) => problem(number, format!("is not JSON: {error}")),
    });
    Rows::counted_by("item", rows)
}

fn of_text(number: u32, text: &str) -> SessionRow {
    match serde_json::from_str(text) {
        Ok(value) => of_value(number, value),
        Err(error) => problem(number, format!("is not JSON at column {}", error.column())),
    }
}

fn of_value(number: u32, value: Value) -> SessionRow {
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
