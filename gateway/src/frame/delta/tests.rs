//! Deltas as a reader takes them that knows no more of them than docs/websocket.md says.

mod boards;

use std::collections::HashSet;

use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};

use self::boards::{Event, Quiz, any_board, board, event};
use super::*;
use crate::{
    frame::{Frame, Part},
    typescript::keep,
};

fn whole(board: &v1::Leaderboard) -> Value {
    serde_json::from_slice(&Frame::encode(board).whole()).unwrap()
}

/// The state that a reader makes of the one that it has and of what changed.
fn made_of(board: &Value, delta: &Value) -> Value {
    assert_eq!((&board["version"], &board["epoch"]), (&delta["base"], &delta["epoch"]));
    let list = |name: &str| delta[name].as_array().cloned().unwrap_or_default();
    let number = |value: &Value| value.as_u64().map(|number| number as usize);
    let before = board["leaderboard"].as_array().unwrap();
    let out: HashSet<usize> =
        list("gone").iter().chain(list("rows").iter().map(|row| &row[1])).filter_map(number).collect();
    let kept = before.iter().enumerate().filter(|(at, _)| !out.contains(at));
    let mut rows: Vec<Value> = kept.map(|(_, row)| row.clone()).collect();
    for row in list("rows") {
        let mut whose = number(&row[1]).map_or_else(|| row[1].clone(), |known| before[known].clone());
        whose["score"] = row[2].clone();
        rows.insert(number(&row[0]).unwrap(), whose);
    }
    for (at, row) in rows.iter_mut().enumerate() {
        row["rank"] = json!(at + 1);
    }
    for tie in list("tied") {
        let (first, last) = (number(&tie[0]).unwrap(), number(&tie[1]).unwrap());
        rows[first..=last].iter_mut().for_each(|row| row["rank"] = json!(first + 1));
    }
    let mut made = board.clone();
    for name in ["total_participants", "timestamp", "version", "status"] {
        if let Some(value) = delta.get(name) {
            made[name] = value.clone();
        }
    }
    made["leaderboard"] = rows.into();
    made
}

fn text(bytes: &[u8]) -> String {
    str::from_utf8(bytes).unwrap().to_owned()
}

#[test]
fn a_delta_has_exactly_the_bytes_of_the_protocol() {
    let names = ("p_aaaaaaaaaaaa", "p_bbbbbbbbbbbb", "p_cccccccccccc", "p_dddddddddddd", "p_eeeeeeeeeeee");
    let (a, b, c, d, e) = names;
    let base = board(17, &[(a, "Ana", 50, 1), (b, "Böb", 30, 2), (c, "Cem", 20, 3), (d, "Dan", 0, 4)]);
    let next = board(18, &[(c, "Cem", 60, 1), (a, "Ana", 50, 2), (b, "Böb", 30, 3), (e, "\"E\"", 30, 3)]);
    let next = v1::Leaderboard { total: 7, status: v1::QuizStatus::Ended.into(), ..next };
    assert_eq!(
        serde_json::to_string(&Delta::between(&base, &next).unwrap()).unwrap(),
        concat!(
            r#"{"quiz_id":"quiz_a1b2c3d4e5f6","base":17,"version":18,"epoch":1790000000,"#,
            r#""timestamp":"2026-02-02T10:15:18.000Z","total_participants":7,"status":"ended","#,
            r#""rows":[[0,2,60],[3,{"participant_id":"p_eeeeeeeeeeee","username":"\"E\""},30]],"#,
            r#""gone":[3],"tied":[[2,3]]}"#,
        )
    );
    assert_eq!(
        serde_json::to_string(&Delta::between(&base, &base).unwrap()).unwrap(),
        concat!(
            r#"{"quiz_id":"quiz_a1b2c3d4e5f6","base":17,"version":17,"epoch":1790000000,"#,
            r#""timestamp":"2026-02-02T10:15:17.000Z"}"#,
        )
    );
}

#[test]
fn across_epochs_and_for_ranks_beside_the_rule_there_is_no_delta() {
    let base = board(17, &[("a", "Ana", 50, 1), ("b", "Böb", 30, 2)]);
    let restored = v1::Leaderboard { epoch: 1_790_000_001, version: 18, ..base.clone() };
    assert!(Delta::between(&base, &restored).is_none());
    for ranks in [[2, 3], [1, 3]] {
        let page = board(18, &[("a", "Ana", 50, ranks[0]), ("b", "Böb", 30, ranks[1])]);
        assert!(Delta::between(&base, &page).is_none(), "{ranks:?}");
    }
}

/// A hundred rows of which so many have just got points, or were not there before.
fn hundred(version: u64, changed: u32, entered: u32) -> v1::Leaderboard {
    let mut seats: Vec<_> = (0..100)
        .map(|number| {
            let id = if number < entered { version * 1000 } else { 0 } + u64::from(number);
            let points = if number % (100 / changed) == 0 { 7 * version as u32 } else { 0 };
            (format!("p_{id:012}"), format!("player {number}"), 1000 - 9 * number + points)
        })
        .collect();
    seats.sort_by_key(|(_, _, score)| std::cmp::Reverse(*score));
    let ranked = seats.iter().zip(1..).map(|((id, name, score), rank)| (&**id, &**name, *score, rank));
    board(version, &ranked.collect::<Vec<_>>())
}

#[test]
fn ten_changed_rows_of_a_hundred_are_a_tenth_of_the_bytes_and_less() {
    for (entered, most_percent) in [(0, 5), (10, 15)] {
        let (base, next) = (hundred(17, 10, entered), hundred(18, 10, entered));
        let shown = Frame::encode(&base).with_deltas(base.clone(), None);
        let frame = Frame::encode(&next).after(&shown).with_deltas(next, Some(&shown));
        let Part::Delta(delta) = frame.part(Some(shown.ordinal())) else { panic!("it is a delta") };
        let percent = 100 * delta.len() / frame.part(None).bytes().len();
        assert!(percent <= most_percent, "{percent} % of {} bytes", frame.part(None).bytes().len());
    }
}

#[test]
fn what_is_about_as_long_as_the_state_is_not_told_as_a_delta() {
    let (base, next) = (hundred(17, 1, 0), hundred(18, 1, 100));
    let shown = Frame::encode(&base).with_deltas(base.clone(), None);
    let frame = Frame::encode(&next).after(&shown).with_deltas(next, Some(&shown));
    assert!(matches!(frame.part(Some(shown.ordinal())), Part::Whole(_)));
    assert!(matches!(frame.part(Some(frame.ordinal())), Part::Delta(_)), "it is the same");
}

/// Somebody who takes deltas.
#[derive(Default)]
struct Reader {
    had: Option<(u64, Value)>,
    deltas: usize,
}

impl Reader {
    /// Is shown a state, and makes of it what it can. Gives what it was told.
    fn see(&mut self, frame: &Frame) -> String {
        let part = frame.part(self.had.as_ref().map(|(ordinal, _)| *ordinal));
        let told = text(&[part.bytes(), &b"}"[..]].concat());
        let read: Value = serde_json::from_str(&told).unwrap();
        let made = match (part, self.had.take()) {
            (Part::Whole(_), _) => read,
            (Part::Delta(_), Some((_, had))) => {
                self.deltas += 1;
                made_of(&had, &read)
            }
            (Part::Delta(_), None) => panic!("a delta for a reader who has nothing"),
        };
        self.had = Some((frame.ordinal(), made));
        told
    }
}

/// The states that a quiz goes through, as frames.
fn frames(events: &[Vec<Event>]) -> Vec<Frame> {
    let (mut quiz, mut frames) = (Quiz::start(), Vec::<Frame>::new());
    for events in events {
        events.iter().for_each(|event| quiz.happens(event));
        let (shown, board) = (frames.last(), quiz.board());
        let frame = Frame::encode(&board);
        let frame = shown.map_or_else(|| frame.clone(), |shown| frame.clone().after(shown));
        frames.push(frame.with_deltas(board, shown));
    }
    frames
}

proptest! {
    #[test]
    fn a_reader_makes_the_next_state_of_any_other(base in any_board(17), next in any_board(18)) {
        let is_ranked_by_the_rule = ties(&rows(&next)).is_some();
        let delta = Delta::between(&base, &next);
        prop_assert_eq!(delta.is_some(), is_ranked_by_the_rule);
        if let Some(delta) = delta {
            prop_assert_eq!(made_of(&whole(&base), &serde_json::to_value(&delta).unwrap()), whole(&next));
        }
    }

    /// Skipped states, states seen twice, restarts, ties, a restored ledger.
    #[test]
    fn any_sequence_of_states_and_skips_ends_in_the_same_board(
        events in vec(vec(event(), 1..4), 1..40),
        looks in vec(0..3_usize, 40),
    ) {
        let mut reader = Reader::default();
        for (frame, looks) in frames(&events).iter().zip(looks) {
            for _ in 0..looks {
                reader.see(frame);
                let whole: Value = serde_json::from_slice(&frame.whole()).unwrap();
                prop_assert_eq!(&reader.had.as_ref().unwrap().1, &whole);
            }
        }
    }
}

/// The client in the browser is tried with the same quizzes, told by the same bytes.
#[test]
fn the_client_is_tried_with_real_deltas() {
    let config = Config::default();
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let events = vec(vec(event(), 1..3), 60).new_tree(&mut TestRunner::new_with_rng(config, seed)).unwrap();
    let (mut reader, mut steps) = (Reader::default(), String::new());
    for frame in frames(&events.current()) {
        let (told, board) = (reader.see(&frame), text(&frame.whole()));
        steps += &format!("  {{ told: {told}, board: {board} }},\n");
    }
    assert!(reader.deltas > 20, "{} deltas", reader.deltas);
    keep(
        "packages/client/test/gen/deltas.ts",
        &format!(
            "import type {{ QuizDelta, QuizFrame }} from '../../src/index.ts';\n\n\
             export const steps: {{ told: QuizFrame | QuizDelta; board: QuizFrame }}[] = [\n{steps}];\n"
        ),
    );
}
