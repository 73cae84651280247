//! Quizzes to be answered by gRPC: many seats, many questions, and an order in which no seat answers
//! a question twice.

use std::cell::Cell;

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use proto::v1::{
    AddQuestionRequest, CreateQuizRequest, JoinQuizRequest, StartQuizRequest, SubmitAnswerRequest,
    quiz_service_client::QuizServiceClient,
};
use tonic::transport::Channel;

/// How many calls are under way while a quiz is made.
const AT_ONCE: usize = 128;

/// A started quiz; option 0 is right everywhere.
pub(crate) struct Arena {
    pub(crate) quiz_id: String,
    pub(crate) participants: Vec<String>,
    pub(crate) questions: Vec<String>,
}

impl Arena {
    /// Makes a quiz with so many seats and questions, and starts it.
    pub(crate) async fn start(
        scoring: &Channel,
        participants: usize,
        questions: usize,
    ) -> anyhow::Result<Self> {
        let quizzes = QuizServiceClient::new(scoring.clone());
        let wanted = CreateQuizRequest {
            owner_id: "bench".to_owned(),
            title: "Bench".to_owned(),
            duration: Some(prost_types::Duration { seconds: 180 * 60, nanos: 0 }),
            ..CreateQuizRequest::default()
        };
        let made = quizzes.clone().create_quiz(wanted).await?.into_inner();
        let quiz_id = made.quiz.context("a quiz that was made has an id")?.quiz_id;
        let question = |number: usize| {
            let (mut quizzes, quiz_id) = (quizzes.clone(), quiz_id.clone());
            async move {
                let options = vec!["right".to_owned(), "wrong".to_owned()];
                let (correct_answer, points) = (Some(0), Some(10));
                let text = format!("Question {number}");
                let acting_as = String::new();
                let wanted = AddQuestionRequest { quiz_id, acting_as, text, options, correct_answer, points };
                let added = quizzes.add_question(wanted).await?.into_inner();
                Ok(added.question.context("a question that was added has an id")?.question_id)
            }
        };
        let questions: Vec<_> = all((0..questions).map(question)).await?;
        let start = StartQuizRequest { quiz_id: quiz_id.clone(), ..StartQuizRequest::default() };
        quizzes.clone().start_quiz(start).await?;
        let join = |number: usize| {
            let (mut quizzes, quiz_id) = (quizzes.clone(), quiz_id.clone());
            async move {
                let username = format!("participant {number}");
                let wanted = JoinQuizRequest { quiz_id, username, ..JoinQuizRequest::default() };
                Ok(quizzes.join_quiz(wanted).await?.into_inner().participant_id)
            }
        };
        let participants = all((0..participants).map(join)).await?;
        Ok(Self { quiz_id, participants, questions })
    }
}

/// Does much at once, and gives what came of it in order.
async fn all<T>(
    calls: impl Iterator<Item = impl Future<Output = anyhow::Result<T>>>,
) -> anyhow::Result<Vec<T>> {
    stream::iter(calls).buffered(AT_ONCE).try_collect().await
}

/// Answers that have not been given yet: the quizzes in turn, in each the seats in turn.
pub(crate) struct Deal {
    arenas: Vec<Arena>,
    next: Cell<usize>,
}

impl Deal {
    pub(crate) fn new(arenas: Vec<Arena>) -> Self {
        Self { arenas, next: Cell::new(0) }
    }

    pub(crate) fn arenas(&self) -> &[Arena] {
        &self.arenas
    }

    /// The next one, right three times out of four, as the gateway would ask: with an id that makes
    /// a retry safe.
    ///
    /// # Errors
    /// If every seat has answered everything.
    pub(crate) fn next(&self) -> anyhow::Result<SubmitAnswerRequest> {
        let number = self.next.replace(self.next.get() + 1);
        let arena = &self.arenas[number % self.arenas.len()];
        let turn = number / self.arenas.len();
        let question = arena.questions.get(turn / arena.participants.len());
        let question = question.context("all questions are answered: take more of them or less time")?;
        Ok(SubmitAnswerRequest {
            quiz_id: arena.quiz_id.clone(),
            participant_id: arena.participants[turn % arena.participants.len()].clone(),
            question_id: question.clone(),
            answer_index: Some(u32::from(turn.is_multiple_of(4))),
            submission_id: format!("bench-{number:026}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_seat_answers_a_question_twice_and_in_the_end_all_are_answered() {
        let names = |kind: &str, count| (0..count).map(|number| format!("{kind}{number}")).collect();
        let arena = |number| Arena {
            quiz_id: format!("quiz{number}"),
            participants: names("p", 3),
            questions: names("q", 2),
        };
        let deal = Deal::new(vec![arena(1), arena(2)]);
        let given: HashSet<_> = (0..12)
            .map(|_| {
                let next = deal.next().unwrap();
                (next.quiz_id, next.participant_id, next.question_id)
            })
            .collect();
        assert_eq!(given.len(), 12);
        assert!(deal.next().is_err());
    }
}
