//! Points for an answer. Pure.

use std::collections::HashMap;

use crate::{
    ids::QuestionId,
    quiz::{Question, Quiz, Status},
    refusal::Refusal,
};

/// What grading needs to know of one run of a quiz.
#[derive(Debug, Clone)]
pub struct Sheet {
    run: u32,
    status: Status,
    keys: HashMap<QuestionId, AnswerKey>,
}

#[derive(Debug, Clone, Copy)]
struct AnswerKey {
    options: usize,
    correct: usize,
    points: u32,
}

/// What an answer is worth, in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grade {
    /// The run it was graded in.
    pub run: u32,
    /// Whether the chosen option is the correct one.
    pub correct: bool,
    /// Points that it earns: all or nothing.
    pub points: u32,
}

impl Sheet {
    /// Takes from a quiz and its questions what grading needs.
    #[must_use]
    pub fn of(quiz: &Quiz, questions: &[Question]) -> Self {
        let key = |q: &Question| AnswerKey { options: q.options.len(), correct: q.correct, points: q.points };
        Self { run: quiz.run, status: quiz.status, keys: questions.iter().map(|q| (q.id, key(q))).collect() }
    }

    /// The run that it grades.
    #[must_use]
    pub fn run(&self) -> u32 {
        self.run
    }

    /// Grades one answer.
    ///
    /// # Errors
    /// If the quiz does not run, has no such question, or the question no such option.
    pub fn grade(&self, question: QuestionId, choice: u32) -> Result<Grade, Refusal> {
        match self.status {
            Status::Pending => return Err(Refusal::QuizNotStarted),
            Status::Ended => return Err(Refusal::QuizEnded),
            Status::Started => {}
        }
        let key = self.keys.get(&question).ok_or(Refusal::QuestionNotFound)?;
        let choice = usize::try_from(choice).unwrap_or(usize::MAX);
        if choice >= key.options {
            return Err(Refusal::InvalidAnswerIndex { last: key.options - 1 });
        }
        let correct = choice == key.correct;
        Ok(Grade { run: self.run, correct, points: if correct { key.points } else { 0 } })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sheet(status: Status) -> (Sheet, QuestionId) {
        let id = QuestionId::random();
        let keys = HashMap::from([(id, AnswerKey { options: 4, correct: 2, points: 30 })]);
        (Sheet { run: 3, status, keys }, id)
    }

    #[test]
    fn the_correct_option_earns_all_points_and_any_other_none() {
        let (sheet, question) = sheet(Status::Started);
        for (choice, correct, points) in [(0, false, 0), (2, true, 30), (3, false, 0)] {
            assert_eq!(sheet.grade(question, choice), Ok(Grade { run: 3, correct, points }));
        }
    }

    #[test]
    fn an_option_beyond_the_last_is_refused() {
        let (sheet, question) = sheet(Status::Started);
        for choice in [4, u32::MAX] {
            assert_eq!(sheet.grade(question, choice), Err(Refusal::InvalidAnswerIndex { last: 3 }));
        }
    }

    #[test]
    fn a_question_of_another_quiz_is_not_found() {
        let (sheet, _) = sheet(Status::Started);
        assert_eq!(sheet.grade(QuestionId::random(), 0), Err(Refusal::QuestionNotFound));
    }

    #[test]
    fn nothing_is_graded_before_the_start_or_after_the_end() {
        for (status, refusal) in
            [(Status::Pending, Refusal::QuizNotStarted), (Status::Ended, Refusal::QuizEnded)]
        {
            let (sheet, question) = sheet(status);
            assert_eq!(sheet.grade(question, 2), Err(refusal));
        }
    }

    proptest! {
        #[test]
        fn of_any_question_one_option_earns_its_points_the_others_none_and_there_are_no_more(
            options in 2..=10_usize, correct in any::<prop::sample::Index>(), points in 1..=100_u32, run: u32,
        ) {
            let (id, correct) = (QuestionId::random(), correct.index(options));
            let keys = HashMap::from([(id, AnswerKey { options, correct, points })]);
            let sheet = Sheet { run, status: Status::Started, keys };
            for choice in 0..12 {
                let expected = match usize::try_from(choice).unwrap() {
                    beyond if beyond >= options => Err(Refusal::InvalidAnswerIndex { last: options - 1 }),
                    choice if choice == correct => Ok(Grade { run, correct: true, points }),
                    _ => Ok(Grade { run, correct: false, points: 0 }),
                };
                prop_assert_eq!(sheet.grade(id, choice), expected);
            }
        }
    }
}
