//! Answers of quizzes that a longer step holds, such as an upload: they wait aside until they are
//! tried again, so that no other quiz waits with them.

use std::collections::HashSet;

use services::telemetry::limit_reached;
use tokio::time::{Instant, sleep_until};

use super::Queued;
use crate::{
    config::bounds::{ANSWERS_QUEUED, HELD_PAUSE},
    ids::QuizId,
};

#[derive(Default)]
pub(super) struct Held {
    quizzes: HashSet<QuizId>,
    /// First queued first.
    answers: Vec<Queued>,
    due: Option<Instant>,
}

impl Held {
    /// Puts an answer aside whose quiz was found to be held.
    pub(super) fn add(&mut self, queued: Queued) {
        self.quizzes.insert(queued.answer.quiz);
        if self.answers.len() < ANSWERS_QUEUED {
            self.answers.push(queued);
        } else {
            limit_reached("answers.held");
        }
    }

    /// Puts those aside whose quiz is known to be held.
    pub(super) fn hold_back(&mut self, taken: &mut Vec<Queued>) {
        if self.quizzes.is_empty() {
            return;
        }
        let is_held = |queued: &mut Queued| self.quizzes.contains(&queued.answer.quiz);
        let held: Vec<_> = taken.extract_if(.., is_held).collect();
        held.into_iter().for_each(|queued| self.add(queued));
    }

    /// Begins the pause before they are tried again, unless it is under way. Begun once a round is
    /// over, however long that took, it leaves time for those who come now.
    pub(super) fn pause(&mut self) {
        if !self.is_empty() {
            self.due.get_or_insert_with(|| Instant::now() + HELD_PAUSE);
        }
    }

    /// Waits until they may be tried again; for ever if there are none.
    pub(super) async fn are_due(&self) {
        match self.due {
            Some(due) => sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// Moves all of them, to be tried before whoever comes now.
    pub(super) fn release(&mut self, taken: &mut Vec<Queued>) {
        taken.splice(..0, self.answers.drain(..));
        self.quizzes.clear();
        self.due = None;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }
}
