//! What is said on the sockets, as TypeScript: the shapes, and real messages to hold against them.

use proto::v1;
use ts_rs::TS;

use super::words::{self, Message, Said, Topic};
use crate::{
    frame::{Frame, QuizFrame, SubjectBoard},
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
}

/// New states of boards, and news.
#[derive(TS)]
#[ts(tag = "type", rename_all = "snake_case")]
#[expect(dead_code, reason = "only its shape is of interest")]
enum Update {
    QuizLeaderboardUpdated { data: QuizFrame },
}

/// All that is said on the sockets.
pub(crate) fn declarations() -> Declarations {
    Declarations::new()
        .with::<QuizFrame>()
        .with::<SubjectBoard<'static>>()
        .with::<Incoming>()
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
    let frame = Frame::encode(&v1::Leaderboard {
        board: Some(v1::leaderboard::Board::QuizId("quiz_a1b2c3d4e5f6".to_owned())),
        entries: vec![row("p_1234567890ab", "Ana", 50, 1), row("p_0987654321yx", "Böb", 30, 2)],
        total: 2,
        version: 17,
        epoch: 1_790_000_000,
        status: v1::QuizStatus::Started.into(),
        timestamp: Some(prost_types::Timestamp { seconds: 1_770_027_300, nanos: 123_456_789 }),
    });
    let ana = "p_1234567890ab".parse().unwrap();
    let version = Version { epoch: 1_790_000_000, number: 16 };
    let standing = Standing { version, place: frame.place(ana) };

    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let frames = [text(frame.for_seat(ana, &standing)), text(frame.stale().for_anyone())];
    let (quiz, subject) = (Topic::QuizId("quiz_a1b2c3d4e5f6".to_owned()), Topic::Subject("BIO".to_owned()));
    let incoming = [
        Said::SubscriptionConfirmed { topic: quiz.clone(), message: "subscribed" }.text(),
        Said::UnsubscriptionConfirmed { topic: subject, message: "unsubscribed" }.text(),
        text(words::update(&frame)),
        Said::Pong.text(),
        Said::error("QUIZ_NOT_FOUND", "quiz not found", Some(quiz)).text(),
        Said::error("BAD_JSON", "expected an object", None).text(),
    ];
    let list = |name: &str, kind: &str, messages: &[String]| {
        format!("export const {name} = [\n  {},\n] satisfies {kind}[];\n\n", messages.join(",\n  "))
    };
    let golden = format!(
        "import type {{ Incoming, QuizFrame }} from '../../src/index.ts';\n\n{}{}",
        list("frames", "QuizFrame", &frames),
        list("incoming", "Incoming", &incoming),
    );
    keep("packages/client/test/gen/golden.ts", &golden);
}
