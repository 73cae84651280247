//! The host of one quiz, at one scoring process.

use std::{net::SocketAddr, time::Duration};

use proto::v1::{
    AddQuestionRequest, CreateQuizRequest, EndQuizRequest, JoinQuizRequest, StartQuizRequest, User,
    quiz_service_client::QuizServiceClient,
};
use tonic::{Status, transport::Channel};

use super::door::{channel, not_done, row, timed};
use crate::history::{Call, End, Ended, Join, Outcome, Run, Seat, Start, Stopwatch};

/// A question as its host knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its identifier.
    pub id: String,
    /// The correct option, of four.
    pub correct: u32,
}

/// Somebody who runs quizzes at one scoring process, as the operator.
#[derive(Debug, Clone)]
pub struct Host {
    quizzes: QuizServiceClient<Channel>,
    stopwatch: Stopwatch,
}

impl Host {
    /// Runs quizzes at the process at an address.
    #[must_use]
    pub fn at(address: SocketAddr, stopwatch: Stopwatch) -> Self {
        Self { quizzes: QuizServiceClient::new(channel(address)), stopwatch }
    }

    /// Makes a quiz with some questions of four options and 10 points each.
    ///
    /// # Errors
    /// What the service said instead.
    pub async fn make_quiz(&self, questions: u32) -> Result<(String, Vec<Question>), Box<Status>> {
        let mut quizzes = self.quizzes.clone();
        let request = CreateQuizRequest {
            title: "A quiz under strain".to_owned(),
            duration: Some(Duration::from_secs(3600).try_into().expect("an hour is a duration")),
            ..CreateQuizRequest::default()
        };
        let made = quizzes.create_quiz(timed(request)).await.map_err(Box::new)?.into_inner();
        let quiz_id = made.quiz.unwrap_or_default().quiz_id;
        let mut known = Vec::new();
        for number in 0..questions {
            let correct = number % 4;
            let request = AddQuestionRequest {
                quiz_id: quiz_id.clone(),
                text: format!("What is {number} modulo 4?"),
                options: (0..4).map(|option| option.to_string()).collect(),
                correct_answer: Some(correct),
                ..AddQuestionRequest::default()
            };
            let added = quizzes.add_question(timed(request)).await.map_err(Box::new)?.into_inner();
            known.push(Question { id: added.question.unwrap_or_default().question_id, correct });
        }
        Ok((quiz_id, known))
    }

    /// Takes the seat of a user, who is no more than a name here.
    pub async fn seat_user(&self, quiz: &str, user: &str) -> Call<Join, Seat> {
        let began = self.stopwatch.now();
        let name = user.to_owned();
        let person = User { issuer: String::new(), subject: name.clone(), username: name.clone() };
        let request = JoinQuizRequest {
            quiz_id: quiz.to_owned(),
            username: name.clone(),
            user: Some(person),
            ..JoinQuizRequest::default()
        };
        let outcome = match self.quizzes.clone().join_quiz(timed(request)).await {
            Ok(joined) => Outcome::Done(Seat { participant: joined.into_inner().participant_id }),
            Err(status) => not_done(&status),
        };
        Call { request: Join { username: name }, began, ended: self.stopwatch.now(), outcome }
    }

    /// Starts a quiz.
    pub async fn start(&self, quiz: &str) -> Call<Start, Run> {
        let began = self.stopwatch.now();
        let request = StartQuizRequest { quiz_id: quiz.to_owned(), acting_as: String::new() };
        let outcome = match self.quizzes.clone().start_quiz(timed(request)).await {
            Ok(started) => Outcome::Done(Run(started.into_inner().quiz.unwrap_or_default().run)),
            Err(status) => not_done(&status),
        };
        Call { request: Start, began, ended: self.stopwatch.now(), outcome }
    }

    /// Ends a quiz.
    pub async fn end(&self, quiz: &str) -> Call<End, Ended> {
        let began = self.stopwatch.now();
        let request = EndQuizRequest { quiz_id: quiz.to_owned(), acting_as: String::new() };
        let outcome = match self.quizzes.clone().end_quiz(timed(request)).await {
            Ok(ended) => {
                let ended = ended.into_inner();
                let rows = ended.final_results.into_iter().map(row).collect();
                Outcome::Done(Ended { run: ended.quiz.unwrap_or_default().run, rows })
            }
            Err(status) => not_done(&status),
        };
        Call { request: End, began, ended: self.stopwatch.now(), outcome }
    }
}
