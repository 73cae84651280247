//! Quizzes to be measured with: started, with participants, and with answers left to give.

use std::{net::SocketAddr, thread};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::http::{Caller, request};

/// Password of the host.
pub(crate) const HOST_PASSWORD: &str = "bench-bench-bench";

/// How many questions a quiz has: so many answers each participant can give.
const QUESTIONS: usize = 100;

/// How many connections ask at once while a quiz is made.
const AT_ONCE: usize = 16;

/// A started quiz.
pub(crate) struct Quiz {
    pub(crate) id: String,
    participants: Vec<Participant>,
    questions: Vec<String>,
    /// How many answers have been given.
    given: usize,
}

struct Participant {
    id: String,
    token: String,
}

impl Quiz {
    /// Makes a quiz, lets so many join, and starts it.
    pub(crate) fn start(gateway: SocketAddr, participants: usize) -> anyhow::Result<Self> {
        let mut caller = Caller::connect(gateway)?;
        let log_in = json!({"username": "bench", "role": "host", "password": HOST_PASSWORD});
        let host = text(&caller.ask("POST", "/auth/login", "", &log_in)?, "token")?;
        let plan = json!({"title": "Bench", "description": "", "duration_minutes": 180});
        let id = text(&caller.ask("POST", "/admin/quizzes", &host, &plan)?, "quiz_id")?;
        let path = format!("/admin/quizzes/{id}/questions");
        let questions = at_once(gateway, QUESTIONS, |caller, number| {
            let question = json!({
                "text": format!("Question {number}"), "options": ["a", "b"], "correct_answer": 0, "points": 10,
            });
            text(&caller.ask("POST", &path, &host, &question)?, "question_id")
        })?;
        caller.ask("POST", &format!("/admin/quizzes/{id}/init"), &host, &json!({}))?;
        let path = format!("/quizzes/{id}/join");
        let participants = at_once(gateway, participants, |caller, number| {
            let name = json!({"username": format!("participant {number}")});
            let joined = caller.ask("POST", &path, "", &name)?;
            Ok(Participant {
                id: text(&joined, "participant_id")?,
                token: text(&joined, "participant_token")?,
            })
        })?;
        Ok(Self { id, participants, questions, given: 0 })
    }

    /// The paths of a socket for each participant.
    pub(crate) fn sockets(&self) -> Vec<String> {
        let path = |participant: &Participant| {
            format!("/quizzes/{}/ws?participant_id={}&limit=10", self.id, participant.id)
        };
        self.participants.iter().map(path).collect()
    }

    /// The request with which one of them gives its next answer, right three times out of four.
    pub(crate) fn answer(&mut self) -> anyhow::Result<Vec<u8>> {
        let number = self.given;
        self.given += 1;
        let participant = &self.participants[number % self.participants.len()];
        let question = self
            .questions
            .get(number / self.participants.len())
            .context("all questions are answered: take more participants or a shorter run")?;
        let index = u8::from(number.is_multiple_of(4));
        let body = json!({"participant_id": participant.id, "question_id": question, "answer_index": index});
        Ok(request("POST", &format!("/quizzes/{}/answer", self.id), &participant.token, &body))
    }
}

/// Does something so many times, over a few connections, in any order.
fn at_once<T: Send>(
    gateway: SocketAddr,
    times: usize,
    one: impl Fn(&mut Caller, usize) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    let some = |first: usize| -> anyhow::Result<Vec<T>> {
        let mut caller = Caller::connect(gateway)?;
        (first..times).step_by(AT_ONCE).map(|number| one(&mut caller, number)).collect()
    };
    let done: Vec<anyhow::Result<Vec<T>>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|first| scope.spawn(move || some(first))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
    });
    let done: Vec<Vec<T>> = done.into_iter().collect::<anyhow::Result<_>>()?;
    Ok(done.into_iter().flatten().collect())
}

fn text(body: &Value, member: &str) -> anyhow::Result<String> {
    Ok(body[member].as_str().with_context(|| format!("no {member} in {body}"))?.to_owned())
}
