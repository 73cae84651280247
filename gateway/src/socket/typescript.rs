//! What is said on the sockets, as TypeScript: the shapes, and real messages to hold against them.

use proto::v1;
use ts_rs::TS;

use super::{
    topics::Topic,
    words::{self, Message, Said},
};
use crate::{
    frame::{self, Event, Frame, QuizDelta, QuizFrame, SubjectBoard},
    standing::{Standing, Version},
    typescript::{Declarations, keep},
};

/// What the leaderboard socket says.
#[derive(TS)]
#[ts(untagged)]
#[expect(dead_code, reason = "only its shape is of interest")]
enum Incoming {
    Said(Said),
    Update(Update),
    Event(Event<'static>),
}

/// A quiz's new state: spliced from the bytes of its frame, so told here.
#[derive(TS)]
#[ts(tag = "type", rename_all = "snake_case")]
#[expect(dead_code, reason = "only its shape is of interest")]
enum Update {
    QuizLeaderboardUpdated { data: QuizFrame },
}

/// The same where deltas are asked for.
#[derive(TS)]
#[ts(tag = "type", rename_all = "snake_case")]
#[expect(dead_code, reason = "only its shape is of interest")]
enum UpdateByDelta {
    QuizLeaderboardDelta { data: QuizDelta },
}

/// All that is said on the sockets.
pub(crate) fn declarations() -> Declarations {
    Declarations::new()
        .with::<QuizFrame>()
        .with::<SubjectBoard<'static>>()
        .with::<Incoming>()
        .with::<QuizDelta>()
        .with::<UpdateByDelta>()
        .with::<Message>()
}

#[test]
fn the_page_knows_the_messages_as_they_are() {
    declarations().keep("packages/client/src/gen/messages.ts", "");
}

#[test]
fn the_page_is_tried_with_real_messages() {
    let row = |id: &str, username: &str, score, rank| v1::Entry {
        id: Some(v1::entry::Id::ParticipantId(id.to_owned())),
        username: username.to_owned(),
        score,
        rank,
        ..v1::Entry::default()
    };
    let at = prost_types::Timestamp { seconds: 1_770_027_300, nanos: 123_456_789 };
    let ranked = |version, entries: Vec<v1::Entry>| v1::Leaderboard {
        board: Some(v1::leaderboard::Board::QuizId("quiz_a1b2c3d4e5f6".to_owned())),
        total: entries.len() as u32,
        entries,
        version,
        epoch: 1_790_000_000,
        status: v1::QuizStatus::Started.into(),
        timestamp: Some(at),
    };
    let board = Frame::encode(&ranked(
        17,
        vec![row("p_1234567890ab", "Ana", 50, 1), row("p_0987654321yx", "Böb", 30, 2)],
    ));
    let ana = "p_1234567890ab".parse().unwrap();
    let version = Version { epoch: 1_790_000_000, number: 16 };
    let standing = Standing { version, place: board.place(ana) };

    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let frames = [text(board.for_seat(board.part(None), ana, &standing)), text(board.stale().whole())];
    let (quiz, subject) = (Topic::QuizId("quiz_a1b2c3d4e5f6".to_owned()), Topic::Subject("BIO".to_owned()));
    let incoming = [
        Said::SubscriptionConfirmed { topic: quiz.clone(), message: "subscribed" }.text(),
        Said::UnsubscriptionConfirmed { topic: subject, message: "unsubscribed" }.text(),
        text(words::update(&board, board.part(None)).into()),
        Said::ActivitySkipped { count: 7 }.text(),
        Said::Pong.text(),
        Said::error("QUIZ_NOT_FOUND", "quiz not found", Some(quiz)).text(),
        Said::error("BAD_JSON", "expected an object", None).text(),
    ];
    let led_by = |version, score| {
        let others = (2..6).map(|rank| row(&format!("p_00000000000{rank}"), "Cem", 10, rank));
        ranked(version, std::iter::once(row("p_1234567890ab", "Ana", score, 1)).chain(others).collect())
    };
    let shown = Frame::encode(&led_by(17, 50)).with_deltas(led_by(17, 50), None);
    let next = Frame::encode(&led_by(18, 60)).after(&shown).with_deltas(led_by(18, 60), Some(&shown));
    let updates = [(&shown, None), (&next, Some(shown.ordinal()))]
        .map(|(frame, had)| text(words::update(frame, frame.part(had)).into()));
    let biology = v1::Leaderboard {
        board: Some(v1::leaderboard::Board::Subject("BIO".to_owned())),
        entries: vec![v1::Entry {
            id: Some(v1::entry::Id::UserId("u_1234567890ab".to_owned())),
            username: "Ana".to_owned(),
            score: 340,
            rank: 1,
            quiz_count: 4,
            ..v1::Entry::default()
        }],
        total: 1,
        version: 9,
        epoch: 1_790_000_000,
        timestamp: Some(at),
        ..v1::Leaderboard::default()
    };
    let uploaded = v1::SessionsUploaded {
        session_id: "session_1234567890ab".to_owned(),
        user_id: "u_1234567890ab".to_owned(),
        username: "Ana".to_owned(),
        quiz_id: "quiz_a1b2c3d4e5f6".to_owned(),
        subject: "BIO".to_owned(),
        score: 90,
        count: 1,
        ..v1::SessionsUploaded::default()
    };
    let events = [
        frame::leaderboard_updated(&biology, "Biology", Some("quiz_a1b2c3d4e5f6")),
        frame::quiz_session_uploaded(&uploaded, Some(&at)),
    ];
    let incoming: Vec<String> = incoming.into_iter().chain(events.map(|event| text(event.into()))).collect();
    let list = |name: &str, kind: &str, messages: &[String]| {
        format!("export const {name} = [\n  {},\n] satisfies {kind};\n\n", messages.join(",\n  "))
    };
    let golden = format!(
        "import type {{ Incoming, QuizFrame, Update, UpdateByDelta }} from '../../src/index.ts';\n\n{}{}{}",
        list("frames", "QuizFrame[]", &frames),
        list("incoming", "Incoming[]", &incoming),
        list("updates", "[Update, UpdateByDelta]", &updates),
    );
    keep("packages/client/test/gen/golden.ts", &golden);
}
