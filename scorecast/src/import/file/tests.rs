//! What is read of files of every kind.

use std::path::Path;

use proto::v1::SessionRow;

use super::{Error, Rows};

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
}

#[test]
fn a_line_that_is_no_json_harms_none_of_its_neighbours() {
    let told = rows("\n{\"score\":1}\n\n{\"score\"\n[]\n{\"score\":2}").unwrap();
    let problems: Vec<_> = told.iter().map(|row| (row.line, &*row.problem)).collect();
    assert_eq!(problems[0], (2, ""));
    assert!(problems[1].0 == 4 && problems[1].1.starts_with("is not JSON at column 8"), "{problems:?}");
    assert_eq!(problems[2..], [(5, "is no JSON object"), (6, "")]);
    // Where an object has several lines, there is no next line to go on from.
    let told = rows("{\n\"score\":1}\n{\"score\"\n{\"score\":2}").unwrap();
    assert_eq!((told.len(), told[1].line, told[1].problem.starts_with("is not JSON")), (2, 2, true));
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    for end in ["\n", "\r\n"] {
        let csv = "user_id , username,score,duration_seconds\n\na, ada ,1,1\n , ,\nb,\"bo\nb\",2,1\n\n\nc,\"cy\",3,1";
        let told = rows(&csv.replace('\n', end)).unwrap();
        let read: Vec<_> = told.iter().map(|row| (row.line, &*row.subject, row.score)).collect();
        assert_eq!(read, [(3, "a", Some(1)), (5, "b", Some(2)), (9, "c", Some(3))], "{end:?}");
        assert_eq!((&*told[0].username, &*told[2].username), ("ada", "cy"));
        assert_eq!(told[2].duration.as_ref().unwrap().seconds, 1);
    }
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
