//! Rows out of JSON: one object, or an array of them, in pieces as they come. It finds where an
//! element ends; what stands in it is the JSON parser's to read.

use axum::extract::{Json, rejection::JsonRejection};
use proto::v1::SessionRow;

use super::{
    super::request::reason,
    row::{Attempt, MAX_ROW_BYTES, Unreadable, unreadable},
};

/// The objects of a body.
#[derive(Default)]
pub(super) struct Elements {
    place: Place,
    shape: Shape,
    /// What has come of the present element.
    element: Vec<u8>,
    /// How many brackets of it are open.
    open: u32,
    string: Quoting,
    /// How many elements there were.
    count: u32,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Before,
    Within,
    Behind,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Shape {
    #[default]
    Array,
    Object,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    #[default]
    Outside,
    Inside,
    Escaped,
}

impl Elements {
    /// Reads a piece, and adds the rows that are complete with it.
    pub(super) fn read(&mut self, piece: &[u8], rows: &mut Vec<SessionRow>) -> Result<(), Unreadable> {
        for &byte in piece {
            match self.place {
                Place::Within => self.take(byte, rows)?,
                _ if byte.is_ascii_whitespace() => {}
                Place::Before if byte == b'[' => self.place = Place::Within,
                Place::Before if byte == b'{' => {
                    (self.place, self.shape) = (Place::Within, Shape::Object);
                    self.take(byte, rows)?;
                }
                Place::Before => return Err(whole("send a JSON object, or an array of them")),
                Place::Behind => return Err(whole("there is more behind the end of the JSON")),
            }
        }
        Ok(())
    }

    /// Hears that nothing more comes.
    pub(super) fn finish(&self) -> Result<(), Unreadable> {
        match self.place {
            Place::Before => Err(whole("the body is empty, send a JSON object, or an array of them")),
            Place::Within => Err(whole("the JSON is not complete")),
            Place::Behind => Ok(()),
        }
    }

    /// Whether the body is one object.
    pub(super) fn is_single(&self) -> bool {
        self.shape == Shape::Object
    }

    fn take(&mut self, byte: u8, rows: &mut Vec<SessionRow>) -> Result<(), Unreadable> {
        let is_between = self.open == 0 && self.string == Quoting::Outside;
        if is_between && matches!(byte, b',' | b']') {
            if byte == b']' {
                self.place = Place::Behind;
            }
            let is_empty_array = byte == b']' && self.count == 0 && self.element.is_empty();
            return if is_empty_array { Ok(()) } else { self.complete(rows) };
        }
        if is_between && self.element.is_empty() && byte.is_ascii_whitespace() {
            return Ok(());
        }
        self.string = match (self.string, byte) {
            (Quoting::Outside, b'"') | (Quoting::Escaped, _) => Quoting::Inside,
            (Quoting::Inside, b'"') => Quoting::Outside,
            (Quoting::Inside, b'\\') => Quoting::Escaped,
            (same, _) => same,
        };
        if self.string == Quoting::Outside {
            match byte {
                b'{' | b'[' => self.open += 1,
                b'}' | b']' => self.open = self.open.saturating_sub(1),
                _ => {}
            }
        }
        if self.element.len() == MAX_ROW_BYTES {
            return Err(Unreadable::Line(self.count + 1, format!("longer than {MAX_ROW_BYTES} bytes")));
        }
        self.element.push(byte);
        if self.shape == Shape::Object && self.open == 0 {
            self.place = Place::Behind;
            return self.complete(rows);
        }
        Ok(())
    }

    /// Reads the element that has ended. What is JSON, but no row, is an error of its line; behind
    /// what is no JSON nothing can be read.
    fn complete(&mut self, rows: &mut Vec<SessionRow>) -> Result<(), Unreadable> {
        self.count += 1;
        let row = match Json::<Attempt>::from_bytes(&self.element) {
            // An array would do for its members in their order.
            Ok(_) if self.element.first() != Some(&b'{') => unreadable(self.count, "expected an object"),
            Ok(Json(attempt)) => attempt.on_line(self.count),
            Err(rejection @ JsonRejection::JsonDataError(_)) => unreadable(self.count, &reason(&rejection)),
            Err(rejection) => return Err(Unreadable::Line(self.count, reason(&rejection))),
        };
        rows.push(row);
        self.element.clear();
        Ok(())
    }
}

fn whole(sentence: &str) -> Unreadable {
    Unreadable::Whole(sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a body that comes in pieces of this length.
    fn rows_of(body: &[u8], length: usize) -> Result<Vec<SessionRow>, Unreadable> {
        let (mut elements, mut rows) = (Elements::default(), Vec::new());
        body.chunks(length).try_for_each(|piece| elements.read(piece, &mut rows))?;
        elements.finish().map(|()| rows)
    }

    /// Line, name, score and problem.
    type Told = (u32, String, Option<u32>, String);

    fn told(body: &str) -> Result<Vec<Told>, Unreadable> {
        let rows = rows_of(body.as_bytes(), 1000);
        for length in 1..8 {
            assert_eq!(rows_of(body.as_bytes(), length), rows, "{body} in pieces of {length}");
        }
        Ok(rows?.into_iter().map(|row| (row.line, row.username, row.score, row.problem)).collect())
    }

    fn row(line: u32, username: &str, score: u32) -> Told {
        (line, username.to_owned(), Some(score), String::new())
    }

    #[test]
    fn an_object_is_a_row_and_an_array_is_many() {
        let ada = r#"{"user_id":"a@x","username":"ada","score":90,"duration_seconds":312}"#;
        assert_eq!(told(ada), Ok(vec![row(1, "ada", 90)]));
        assert_eq!(told(&format!(" \r\n{ada}\t")), Ok(vec![row(1, "ada", 90)]));
        assert_eq!(told("[]"), Ok(vec![]));
        assert_eq!(told(" [ ] "), Ok(vec![]));
        let two = format!("[{ada} , {{\"score\":1,\"username\":\"b\",\"other\":[{{}}]}}\n]");
        assert_eq!(told(&two), Ok(vec![row(1, "ada", 90), row(2, "b", 1)]));
        let odd = r#"[{"username":"]},\"[{\\","score":1},{"username":"\u00e9\\\\","score":2}]"#;
        assert_eq!(told(odd), Ok(vec![row(1, "]},\"[{\\", 1), row(2, "é\\\\", 2)]));
    }

    #[test]
    fn an_element_that_is_no_row_is_an_error_of_its_line() {
        let body = r#"[{"score":-1},{"score":"1"},[null,"b",1,1.0,null,null],7,"x",null,{"score":1,"score":2},{"score":3}]"#;
        let told = told(body).unwrap();
        assert_eq!(told.iter().map(|row| row.0).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
        for (row, problem) in told.iter().zip([
            "score: invalid value: integer `-1`, expected u32",
            "score: invalid type: string \"1\", expected u32",
            "expected an object",
            "invalid type: integer `7`",
            "invalid type: string \"x\"",
            "invalid type: null",
            "duplicate field `score`",
            "",
        ]) {
            assert!(row.3.starts_with(problem), "{row:?}");
            assert_eq!(row.3.is_empty(), problem.is_empty());
        }
    }

    #[test]
    fn behind_what_is_no_json_nothing_is_read() {
        for (body, sentence) in [
            ("", "the body is empty"),
            (" \n", "the body is empty"),
            ("ada", "send a JSON object"),
            ("\"ada\"", "send a JSON object"),
            ("{", "the JSON is not complete"),
            ("[{}", "the JSON is not complete"),
            ("[{},", "the JSON is not complete"),
            ("[\"", "the JSON is not complete"),
            ("{}{}", "there is more behind"),
            ("[]]", "there is more behind"),
            ("{} x", "there is more behind"),
            ("[,]", "line 1: "),
            ("[{},]", "line 2: "),
            ("[{},,{}]", "line 2: "),
            ("[{} {}]", "line 1: "),
            ("[{}}]", "line 1: "),
            ("[{]}]", "line 1: "),
            ("[{\"a\":}]", "line 1: "),
            ("[{},abc]", "line 2: "),
        ] {
            let unreadable = told(body).expect_err(body).to_string();
            assert!(unreadable.starts_with(sentence), "{body}: {unreadable}");
        }
        let long = format!("[{{}},{{\"username\":\"{}\"}}]", "x".repeat(MAX_ROW_BYTES));
        assert_eq!(told(&long).unwrap_err().to_string(), "line 2: longer than 4096 bytes");
    }
}
