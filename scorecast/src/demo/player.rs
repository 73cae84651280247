//! One player: thinks, answers, and is right as often as its skill says.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use rand::RngExt as _;

use super::{
    Error,
    api::{Api, Seat},
};

/// A question as the demo knows it.
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) correct: usize,
    pub(super) options: usize,
}

/// Answers every question, each within `pace`, and counts the answers in `given`.
pub(super) async fn play(
    api: &Api,
    quiz_id: &str,
    seat: &Seat,
    asked: &[Asked],
    pace: Duration,
    given: &AtomicUsize,
) -> Result<(), Error> {
    let (skill, quickness) = (rand::random_range(0.35..0.95), rand::random_range(0.6..1.0));
    for question in asked {
        tokio::time::sleep(pace.mul_f64(quickness * rand::random_range(0.3..1.0))).await;
        api.answer(quiz_id, seat, &question.id, choose(question, skill)).await?;
        given.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn choose(question: &Asked, skill: f64) -> usize {
    let mut rng = rand::rng();
    if rng.random_bool(skill) { question.correct } else { rng.random_range(0..question.options) }
}
