//! Players of one quiz: they answer at a steady rate, and ask again where they do not know whether
//! an answer counts.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use futures_util::{StreamExt as _, stream};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{Backoff, Door, Question, Ticket, joining::take_seat};
use crate::history::{Answer, Call, Join, Outcome, Seat, Stopwatch, Verdict};

/// One attempt to answer.
pub type Try = Call<Answer, Verdict>;

/// How hard players press.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Answers per second, retries not counted.
    pub rate: u32,
    /// How many may be on their way at once; beyond, the rate sinks.
    pub at_once: usize,
    /// How long a player asks again before giving an answer up.
    pub patience: Duration,
}

/// The players of one quiz and the log of their attempts.
#[derive(Debug)]
pub struct Players {
    quiz: String,
    doors: Vec<Door>,
    tokens: HashMap<String, String>,
    stopwatch: Stopwatch,
    tries: Mutex<Vec<Try>>,
    progress: watch::Sender<Progress>,
}

/// How far players have come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Attempts so far.
    pub tried: usize,
    /// Acknowledgements so far.
    pub acknowledged: usize,
}

impl Players {
    /// Seats so many players, by the gateways among the doors in turn. They will answer by all.
    /// Whoever does not know whether it has a seat asks again.
    ///
    /// # Errors
    /// The first call that was refused, or was the last that somebody had patience for.
    pub async fn seat(
        quiz: &str,
        count: usize,
        doors: Vec<Door>,
        stopwatch: Stopwatch,
    ) -> Result<(Self, Vec<Call<Join, Seat>>), Box<Call<Join, Seat>>> {
        let gateways: Vec<&Door> = doors.iter().filter(|door| matches!(door, Door::Gateway { .. })).collect();
        let joining = (0..count).map(|number| {
            let gateways = gateways.iter().copied().cycle().skip(number % gateways.len());
            take_seat(quiz, format!("player-{number}"), gateways, stopwatch)
        });
        let joined: Vec<_> = stream::iter(joining).buffered(32).collect().await;
        let (mut joins, mut tokens) = (Vec::new(), HashMap::new());
        for (tries, ticket) in joined {
            joins.extend(tries);
            let Some(Ticket { participant, token }) = ticket else {
                return Err(Box::new(joins.pop().expect("there was a try")));
            };
            tokens.insert(participant, token);
        }
        let (tries, progress) = (Mutex::default(), watch::Sender::default());
        Ok((Self { quiz: quiz.to_owned(), doors, tokens, stopwatch, tries, progress }, joins))
    }

    /// Lets the players give these answers, in this order as far as the load allows.
    pub async fn give(&self, answers: &[Answer], load: Load) {
        let began = Instant::now();
        let all = answers.iter().enumerate().map(|(number, answer)| async move {
            let due = Duration::from_secs(1) * u32::try_from(number).unwrap_or(u32::MAX) / load.rate;
            sleep_until(began + due).await;
            self.insist(answer, number, load.patience).await;
        });
        stream::iter(all).for_each_concurrent(load.at_once, |giving| giving).await;
    }

    /// Tells how far they have come, now and whenever that changes.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// The log of all attempts.
    ///
    /// # Panics
    /// If a player has.
    #[must_use]
    pub fn tries(&self) -> Vec<Try> {
        self.tries.lock().expect("no player has panicked").clone()
    }

    /// Asks until the outcome is known or patience is over, each time at another door.
    async fn insist(&self, answer: &Answer, number: usize, patience: Duration) {
        let (began, mut backoff) = (Instant::now(), Backoff::of_a_call());
        for door in self.doors.iter().cycle().skip(number % self.doors.len()) {
            let asked = match self.attempt(answer, door).await {
                Outcome::Done(_) => None,
                Outcome::Refused(code) if code == "RATE_LIMITED" => Some(None),
                Outcome::Refused(_) => None,
                Outcome::Unknown(trouble) => Some(trouble.retry_after),
            };
            match asked {
                Some(retry_after) if began.elapsed() < patience => sleep(backoff.next(retry_after)).await,
                _ => return,
            }
        }
    }

    async fn attempt(&self, answer: &Answer, door: &Door) -> Outcome<Verdict> {
        let token = self.tokens.get(&answer.participant).map_or("", String::as_str);
        let began = self.stopwatch.now();
        let outcome = door.answer(&self.quiz, answer, token).await;
        let ended = self.stopwatch.now();
        let attempt = Try { request: answer.clone(), began, ended, outcome: outcome.clone() };
        self.tries.lock().expect("no player has panicked").push(attempt);
        self.progress.send_modify(|progress| {
            progress.tried += 1;
            progress.acknowledged += usize::from(outcome.done().is_some());
        });
        outcome
    }
}

/// Every seat answers every question, two of three correctly. Some seats change their minds and
/// answer again, and some answers are sent a second time as they are.
#[must_use]
pub fn plan(seats: &[String], questions: &[Question]) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for (q, question) in questions.iter().enumerate() {
        for (s, seat) in seats.iter().enumerate() {
            let number = q * seats.len() + s;
            let is_correct = (s + q * 2) % 3 != 0;
            let answer = Answer {
                participant: seat.clone(),
                question: question.id.clone(),
                submission_id: format!("{number}"),
                choice: (question.correct + u32::from(!is_correct)) % 4,
            };
            if number % 16 == 3 {
                let submission_id = format!("{number}-again");
                answers.push(Answer { submission_id, choice: question.correct, ..answer.clone() });
            }
            answers.push(answer);
            if number % 16 == 11 {
                let repeated = answers[answers.len() / 2].clone();
                answers.push(repeated);
            }
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_plan_has_each_seat_answer_each_question_with_some_duplicates_and_repetitions() {
        let seats: Vec<String> = (0..10).map(|seat| format!("p_{seat}")).collect();
        let questions: Vec<Question> =
            (0..8).map(|n| Question { id: format!("q_{n}"), correct: n % 4 }).collect();
        let answers = plan(&seats, &questions);
        let pairs: HashSet<_> =
            answers.iter().map(|answer| (&answer.participant, &answer.question)).collect();
        let ids: HashSet<_> = answers.iter().map(|answer| &answer.submission_id).collect();
        let different: HashSet<_> = answers.iter().collect();
        assert_eq!((pairs.len(), ids.len(), different.len(), answers.len()), (80, 85, 85, 90));
    }
}
