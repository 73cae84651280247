//! Rows out of CSV (RFC 4180), in pieces as they come. The first line names the columns.

use csv_core::ReadRecordResult;
use proto::v1::SessionRow;

use super::row::{Attempt, MAX_ROW_BYTES, Unreadable, unreadable};

macro_rules! columns {
    ($($column:ident = $heading:literal,)*) => {
        /// What a column holds.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Column { $($column),* }

        impl Column {
            const HEADINGS: &[&str] = &[$($heading),*];

            fn named(heading: &str) -> Option<Self> {
                match heading { $($heading => Some(Self::$column),)* _ => None }
            }

            fn heading(self) -> &'static str {
                match self { $(Self::$column => $heading),* }
            }
        }
    };
}

columns! {
    UserId = "user_id",
    Username = "username",
    Score = "score",
    Duration = "duration_seconds",
    StartedAt = "started_at",
    EndedAt = "ended_at",
}

/// Those that an upload cannot do without.
const NEEDED: [Column; 2] = [Column::Score, Column::Duration];

/// More cells than this are no row of ours.
const MAX_CELLS: usize = 64;

/// The lines of a body.
pub(super) struct Table {
    reader: csv_core::Reader,
    /// The cells of the present line, one behind the other, and where each of them ends.
    text: Vec<u8>,
    ends: [usize; MAX_CELLS],
    /// How much of both there is.
    filled: (usize, usize),
    /// Where the present line began, once it has.
    line: Option<u32>,
    /// How many line breaks there were.
    breaks: u32,
    columns: Vec<Column>,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            reader: csv_core::Reader::new(),
            text: vec![0; MAX_ROW_BYTES],
            ends: [0; MAX_CELLS],
            filled: (0, 0),
            line: None,
            breaks: 0,
            columns: Vec::new(),
        }
    }
}

impl Table {
    /// Reads a piece, and adds the rows that are complete with it.
    pub(super) fn read(&mut self, mut piece: &[u8], rows: &mut Vec<SessionRow>) -> Result<(), Unreadable> {
        loop {
            if self.line.is_none() {
                // The parser passes over empty lines; here they count.
                let empty = piece.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
                piece = self.pass(piece, empty);
            }
            if piece.is_empty() {
                return Ok(());
            }
            let length = self.advance(piece, rows)?;
            piece = self.pass(piece, length);
        }
    }

    /// Adds the last row, if no line break follows it.
    pub(super) fn finish(&mut self, rows: &mut Vec<SessionRow>) -> Result<(), Unreadable> {
        if self.line.is_some() {
            self.advance(&[], rows)?;
        }
        let is_empty = self.columns.is_empty();
        if is_empty { Err(Unreadable::Whole(format!("the body is empty, {}", expected()))) } else { Ok(()) }
    }

    fn pass<'a>(&mut self, piece: &'a [u8], length: usize) -> &'a [u8] {
        let (passed, rest) = piece.split_at(length);
        self.breaks +=
            u32::try_from(passed.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(u32::MAX);
        rest
    }

    /// Reads at most to the end of the present line. Gives how much of the piece it has read.
    fn advance(&mut self, piece: &[u8], rows: &mut Vec<SessionRow>) -> Result<usize, Unreadable> {
        let line = *self.line.get_or_insert(self.breaks + 1);
        let (text, cells) = self.filled;
        let (result, read, written, ended) =
            self.reader.read_record(piece, &mut self.text[text..], &mut self.ends[cells..]);
        self.filled = (text + written, cells + ended);
        match result {
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            ReadRecordResult::Record => {
                self.complete(line, rows)?;
                (self.filled, self.line) = ((0, 0), None);
            }
            ReadRecordResult::OutputFull => {
                let problem = format!("longer than {MAX_ROW_BYTES} bytes; is there a quote too many?");
                return Err(Unreadable::Line(line, problem));
            }
            ReadRecordResult::OutputEndsFull => {
                return Err(Unreadable::Line(line, format!("more than {MAX_CELLS} cells")));
            }
        }
        Ok(read)
    }

    fn complete(&mut self, line: u32, rows: &mut Vec<SessionRow>) -> Result<(), Unreadable> {
        let begins = std::iter::once(&0).chain(&self.ends);
        let cells = begins.zip(&self.ends[..self.filled.1]).map(|(begin, end)| &self.text[*begin..*end]);
        let cells: Result<Vec<&str>, _> = cells.map(std::str::from_utf8).collect();
        if self.columns.is_empty() {
            self.columns = headings(&cells.unwrap_or_default()).map_err(|p| Unreadable::Line(line, p))?;
            return Ok(());
        }
        let attempt =
            cells.map_err(|_| "not UTF-8".to_owned()).and_then(|cells| attempt(&self.columns, &cells));
        rows.push(match attempt {
            Ok(attempt) => attempt.on_line(line),
            Err(problem) => unreadable(line, &problem),
        });
        Ok(())
    }
}

fn expected() -> String {
    format!("send a first line with the headings {}", Column::HEADINGS.join(","))
}

fn headings(cells: &[&str]) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    for cell in cells {
        let column = Column::named(cell.trim());
        let column = column.ok_or_else(|| format!("{:?} is no heading, {}", shortened(cell), expected()))?;
        if columns.contains(&column) {
            return Err(format!("the heading {} stands there twice", column.heading()));
        }
        columns.push(column);
    }
    match NEEDED.iter().find(|needed| !columns.contains(needed)) {
        Some(missing) => Err(format!("the heading {} is missing, {}", missing.heading(), expected())),
        None => Ok(columns),
    }
}

fn shortened(cell: &str) -> String {
    cell.chars().take(40).collect()
}

fn attempt(columns: &[Column], cells: &[&str]) -> Result<Attempt, String> {
    if cells.len() != columns.len() {
        return Err(format!("expected {} cells, found {}", columns.len(), cells.len()));
    }
    let mut attempt = Attempt::default();
    for (column, cell) in columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
        let problem = |expected| format!("{}: expected {expected}", column.heading());
        let text = || Some((*cell).to_owned());
        match column {
            Column::UserId => attempt.user_id = text(),
            Column::Username => attempt.username = text(),
            Column::StartedAt => attempt.started_at = text(),
            Column::EndedAt => attempt.ended_at = text(),
            Column::Score => {
                let score = cell.trim().parse().map_err(|_| problem("a whole number from 0"))?;
                attempt.score = Some(score);
            }
            Column::Duration => {
                let seconds = cell.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite());
                attempt.duration_seconds = Some(seconds.ok_or_else(|| problem("a number from 0"))?);
            }
        }
    }
    Ok(attempt)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows_of(body: &[u8], length: usize) -> Result<Vec<SessionRow>, Unreadable> {
        let (mut table, mut rows) = (Table::default(), Vec::new());
        body.chunks(length).try_for_each(|piece| table.read(piece, &mut rows))?;
        table.finish(&mut rows).map(|()| rows)
    }

    /// The rows of a body, however it is cut.
    fn told(body: &[u8]) -> Result<Vec<SessionRow>, Unreadable> {
        let rows = rows_of(body, 1000);
        // A byte order mark comes in one piece.
        for length in [3, 4, 5, 7, 11] {
            assert_eq!(rows_of(body, length), rows, "in pieces of {length}");
        }
        rows
    }

    #[test]
    fn columns_come_in_any_order_and_lines_end_as_they_like() {
        for body in [
            "score,username,duration_seconds\n90,ada,312\n80,bob,1.5\n",
            "score,username,duration_seconds\r\n90,ada,312\r\n80,bob,1.5",
            "\u{feff}duration_seconds, score ,username\n312,90,ada\n\n\n1.5,80,\"bob\"\n\n",
            "\"username\",user_id,\"score\",duration_seconds\nada,,90,312\nbob,\"\",80,1.5\n",
        ] {
            let rows = told(body.as_bytes()).unwrap();
            let read: Vec<_> = rows.iter().map(|row| (&*row.username, row.score)).collect();
            assert_eq!(read, [("ada", Some(90)), ("bob", Some(80))], "{body}");
            let duration = rows[1].duration.unwrap();
            assert_eq!((duration.seconds, duration.nanos), (1, 500_000_000));
        }
        assert_eq!(told(b"score,duration_seconds\n"), Ok(vec![]));
    }

    #[test]
    fn a_row_names_the_line_that_it_begins_on() {
        let body = "\nscore,username,duration_seconds\r\n1,a,1\n\n\r\n2,\"b\r\nc\",1\n3,d,1";
        let rows = told(body.as_bytes()).unwrap();
        let read: Vec<_> = rows.iter().map(|row| (row.line, &*row.username)).collect();
        assert_eq!(read, [(3, "a"), (6, "b\r\nc"), (8, "d")]);
    }

    #[test]
    fn a_bad_cell_is_an_error_of_its_line() {
        let body = b"score,duration_seconds,started_at\n-1,1,\n1.5,1,\nx,1,\n1,nan,\n1,1e,\n1,1\n1,1,,\n1,1,now\n\xff,1,\n,,\n";
        for (row, (line, problem)) in told(body).unwrap().iter().zip([
            (2, "score: expected a whole number from 0"),
            (3, "score: expected a whole number from 0"),
            (4, "score: expected a whole number from 0"),
            (5, "duration_seconds: expected a number from 0"),
            (6, "duration_seconds: expected a number from 0"),
            (7, "expected 3 cells, found 2"),
            (8, "expected 3 cells, found 4"),
            (9, "started_at: expected a time such as 2026-02-02T10:15:00Z"),
            (10, "not UTF-8"),
            (11, ""),
        ]) {
            assert_eq!((row.line, &*row.problem), (line, problem));
        }
        assert_eq!(told(body).unwrap().len(), 10);
    }

    #[test]
    fn without_good_headings_nothing_is_read() {
        let wide = "x,".repeat(MAX_CELLS);
        let long = format!("score,duration_seconds\n1,\"{}\n", "x\n".repeat(MAX_ROW_BYTES));
        for (body, sentence) in [
            ("", "the body is empty, send a first line with the headings user_id,username,score,"),
            ("\n\r\n", "the body is empty"),
            ("1,1\n", "line 1: \"1\" is no heading"),
            ("score;duration_seconds\n", "line 1: \"score;duration_seconds\" is no heading"),
            ("\nscore,time\n", "line 2: \"time\" is no heading"),
            ("score\n", "line 1: the heading duration_seconds is missing"),
            ("score,duration_seconds,score\n", "line 1: the heading score stands there twice"),
            (&wide, "line 1: more than 64 cells"),
            (&long, "line 2: longer than 4096 bytes"),
        ] {
            let unreadable = told(body.as_bytes()).expect_err(body).to_string();
            assert!(unreadable.starts_with(sentence), "{body}: {unreadable}");
        }
    }

    proptest! {
        #[test]
        fn any_table_reads_back_row_by_row(
            people in prop::collection::vec(
                (".{0,40}", "[-=a,; '\"\r\n\u{feff}]{0,20}", any::<u32>(), 0..1_u64 << 31),
                0..6,
            ),
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["username", "user_id", "score", "duration_seconds"]).unwrap();
            for (username, user_id, score, ms) in &people {
                let seconds = format!("{}.{:03}", ms / 1000, ms % 1000);
                writer.write_record([username, user_id, &score.to_string(), &seconds]).unwrap();
            }
            let rows = told(&writer.into_inner().unwrap()).unwrap();
            let read = rows.into_iter().map(|row| {
                let took = row.duration.unwrap();
                let ms = took.seconds.unsigned_abs() * 1000 + u64::from(took.nanos.unsigned_abs()) / 1_000_000;
                (row.username, row.subject, row.score.unwrap(), ms)
            });
            prop_assert_eq!(read.collect::<Vec<_>>(), people);
        }
    }
}
