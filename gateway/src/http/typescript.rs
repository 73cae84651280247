//! The bodies of requests and replies, as TypeScript.

use super::{answers, host, performance, play, questions, run, shapes, sign_in, subjects};
use crate::{socket, typescript::Declarations};

#[test]
fn the_page_knows_the_bodies_as_they_are() {
    Declarations::beside(socket::typescript::declarations().names())
        .with::<sign_in::Kind>()
        .with::<sign_in::Login>()
        .with::<sign_in::LoggedIn>()
        .with::<shapes::Quizzes<shapes::Info>>()
        .with::<play::Join>()
        .with::<play::Joined>()
        .with::<shapes::Questions>()
        .with::<answers::Answer>()
        .with::<answers::Verdict>()
        .with::<answers::Answers>()
        .with::<host::Create>()
        .with::<shapes::OwnQuiz>()
        .with::<questions::Add>()
        .with::<run::Ended>()
        .with::<subjects::Subjects>()
        .with::<performance::Everywhere>()
        .keep("src/api/gen/wire.ts", "@scorecast/client");
}
