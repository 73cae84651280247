//! Quizzes for the promises to be tried on.

use std::{collections::BTreeMap, time::Duration};

use super::Fresh;
use crate::{
    board::{BoardId, Change, Member, Snapshot},
    ids::{ParticipantId, QuestionId, QuizId},
    ledger::{Effect, Error, Join, Joined, NewAnswer, Outcome, Recorded, Result, Verdict},
    quiz::{CallId, Plan, Question, Quiz, Username},
    ranking::Key,
    refusal::Refusal,
};

pub(in crate::ledger) const MINUTES: Duration = Duration::from_secs(60);

pub(in crate::ledger) fn plan(title: &str) -> Plan {
    Plan::parse(title, "", "", Some(5 * MINUTES)).unwrap()
}

pub(in crate::ledger) fn question(text: &str) -> Question {
    Question::parse(text, &["yes".to_owned(), "no".to_owned()], Some(0), Some(10)).unwrap()
}

pub(in crate::ledger) fn call(id: &str) -> Option<CallId> {
    CallId::parse("submission_id", id).unwrap()
}

pub(in crate::ledger) fn named(name: &str) -> Join {
    Join { username: Username::parse(name).unwrap(), user: None, join_id: None }
}

pub(in crate::ledger) fn refusal<T: std::fmt::Debug>(result: Result<T>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// The change of an effect that is one.
pub(in crate::ledger) fn changed(effect: Effect) -> Change {
    match effect {
        Effect::Changed(change) => change,
        other => panic!("expected a change, got {other:?}"),
    }
}

impl Fresh {
    /// Makes a pending quiz.
    pub(in crate::ledger) async fn quiz(&self, questions: usize) -> (QuizId, Vec<QuestionId>) {
        let quiz = self.ledger.create("host", &plan("a quiz")).await.unwrap().id;
        let mut ids = Vec::new();
        for number in 0..questions {
            let question = question(&format!("question {number}"));
            self.ledger.add_question(quiz, &question).await.unwrap();
            ids.push(question.id);
        }
        (quiz, ids)
    }

    /// Makes a quiz, lets people join, starts it.
    pub(in crate::ledger) async fn game(&self, questions: usize, names: &[&str]) -> Game {
        let (quiz, questions) = self.quiz(questions).await;
        let mut seats = Vec::new();
        for name in names {
            seats.push(self.join(quiz, name).await.seat.id);
        }
        self.ledger.start(quiz).await.unwrap();
        Game { quiz, questions, seats }
    }

    pub(in crate::ledger) async fn join(&self, quiz: QuizId, name: &str) -> Joined {
        self.ledger.join(quiz, &named(name)).await.unwrap()
    }

    pub(in crate::ledger) async fn record(&self, batch: &[NewAnswer]) -> Recorded {
        self.ledger.record(batch).await.unwrap()
    }

    pub(in crate::ledger) async fn record_one(&self, answer: &NewAnswer) -> Outcome {
        self.record(std::slice::from_ref(answer)).await.outcomes.remove(0)
    }

    pub(in crate::ledger) async fn read(&self, quiz: QuizId) -> Quiz {
        self.ledger.quiz(quiz).await.unwrap()
    }

    pub(in crate::ledger) async fn snapshot(&self, quiz: QuizId) -> Snapshot {
        self.ledger.snapshot(&BoardId::Quiz(quiz)).await.unwrap()
    }

    /// The key of a seat.
    pub(in crate::ledger) async fn key(&self, quiz: QuizId, seat: ParticipantId) -> Key {
        let rows = self.snapshot(quiz).await.rows;
        rows.iter().find(|row| row.member == Member::Participant(seat)).expect("it is seated").key
    }
}

/// A started quiz in its first run.
pub(in crate::ledger) struct Game {
    pub(in crate::ledger) quiz: QuizId,
    pub(in crate::ledger) questions: Vec<QuestionId>,
    pub(in crate::ledger) seats: Vec<ParticipantId>,
}

impl Game {
    /// An answer by a seat to a question, both by their number.
    pub(in crate::ledger) fn answer(&self, seat: usize, question: usize, points: u32) -> NewAnswer {
        NewAnswer {
            quiz: self.quiz,
            run: 1,
            participant: self.seats[seat],
            question: self.questions[question],
            submission_id: None,
            choice: 0,
            correct: points > 0,
            points,
            waited: Duration::ZERO,
        }
    }
}

/// The verdict of an outcome that is one.
pub(in crate::ledger) fn verdict(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Counted(verdict) => *verdict,
        other => panic!("expected a verdict, got {other:?}"),
    }
}

/// Points, then total.
pub(in crate::ledger) fn worth(outcome: &Outcome) -> (u32, u32) {
    let Verdict { points, total, .. } = verdict(outcome);
    (points, total)
}

/// A board that knows only what changes told it.
#[derive(Debug, Default, PartialEq)]
pub(in crate::ledger) struct Model {
    pub(in crate::ledger) seq: u64,
    pub(in crate::ledger) rows: BTreeMap<Member, (Key, String)>,
}

impl Model {
    pub(in crate::ledger) fn of(snapshot: &Snapshot) -> Self {
        let rows = snapshot.rows.iter().map(|row| (row.member, (row.key, row.label.to_string())));
        Self { seq: snapshot.version.seq, rows: rows.collect() }
    }

    pub(in crate::ledger) fn apply(&mut self, change: &Change) {
        assert_eq!(change.from, self.seq, "a change builds on the one before");
        assert!(change.to > change.from, "a change moves the version");
        for row in &change.rows {
            assert!((change.from + 1..=change.to).contains(&row.seq), "a row changed within its change");
            match row.key {
                Some(key) => self.rows.insert(row.member, (key, row.label.to_string())),
                None => self.rows.remove(&row.member),
            };
        }
        self.seq = change.to;
    }
}
