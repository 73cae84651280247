//! Quizzes to be measured with: started, with participants, and with answers left to give.

use std::net::SocketAddr;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::http::{Caller, request};

/// Password of the host.
pub(crate) const HOST_PASSWORD: &str = "bench-bench-bench";

/// How many questions a quiz has: so many answers each participant can give.
const QUESTIONS: usize = 100;

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
        let mut questions = Vec::new();
        for number in 0..QUESTIONS {
            let question = json!({
                "text": format!("Question {number}"), "options": ["a", "b"], "correct_answer": 0, "points": 10,
            });
            let path = format!("/admin/quizzes/{id}/questions");
            questions.push(text(&caller.ask("POST", &path, &host, &question)?, "question_id")?);
        }
        caller.ask("POST", &format!("/admin/quizzes/{id}/init"), &host, &json!({}))?;
        let path = format!("/quizzes/{id}/join");
        let join = |number| -> anyhow::Result<Participant> {
            let joined =
                caller.ask("POST", &path, "", &json!({"username": format!("participant {number}")}))?;
            Ok(Participant {
                id: text(&joined, "participant_id")?,
                token: text(&joined, "participant_token")?,
            })
        };
        let participants = (0..participants).map(join).collect::<anyhow::Result<_>>()?;
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

fn text(body: &Value, member: &str) -> anyhow::Result<String> {
    Ok(body[member].as_str().with_context(|| format!("no {member} in {body}"))?.to_owned())
}
