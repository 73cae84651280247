//! The same random steps taken on a ledger and on a simple one: both must say the same, and be in the
//! same state after each.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use proptest::{prelude::*, sample::Index, test_runner::TestRunner};

use super::{
    Fresh,
    people::user,
    play::{MINUTES, call, named, plan, question, refusal},
    simple::{Seat, Simple},
};
use crate::{
    board::{BoardId, Member},
    ids::{QuestionId, QuizId},
    ledger::{Effect, Join, NewAnswer},
    quiz::{Question, Status},
    refusal::Refusal,
};

/// What somebody may do. Seats and questions are chosen among all that ever were.
#[derive(Debug, Clone)]
enum Step {
    AddQuestion,
    DeleteQuestion(Index),
    /// By one of few names, so that some are taken.
    Join(u8),
    JoinAsUser(u8),
    Remove(Index),
    Start,
    End,
    /// Lets half of a quiz's time pass.
    Wait,
    Answer(Vec<Given>),
}

/// One answer of a batch: by whom, to what, by which call, and for how many points.
#[derive(Debug, Clone)]
struct Given {
    seat: Index,
    question: Index,
    call: u8,
    points: u32,
    /// Whether it was graded in another run than the present one.
    is_of_other_run: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let given = (any::<Index>(), any::<Index>(), 0..6_u8, 0..3_u32, prop::bool::weighted(0.05)).prop_map(
        |(seat, question, call, points, is_of_other_run)| Given {
            seat,
            question,
            call,
            points,
            is_of_other_run,
        },
    );
    let step = prop_oneof![
        1 => Just(Step::AddQuestion),
        1 => any::<Index>().prop_map(Step::DeleteQuestion),
        3 => (0..6_u8).prop_map(Step::Join),
        2 => (0..4_u8).prop_map(Step::JoinAsUser),
        1 => any::<Index>().prop_map(Step::Remove),
        3 => Just(Step::Start),
        1 => Just(Step::End),
        1 => Just(Step::Wait),
        8 => prop::collection::vec(given, 1..8).prop_map(Step::Answer),
    ];
    prop::collection::vec(step, 1..50)
}

/// Takes random steps on a fresh ledger and on the simple one.
pub(super) async fn random_steps_end_where_a_simple_ledger_does(fresh: &Fresh) {
    let runtime = tokio::runtime::Handle::current();
    let taken = tokio::task::block_in_place(|| {
        let mut runner = TestRunner::new(ProptestConfig {
            cases: 24,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        runner.run(&steps(), |steps| {
            runtime.block_on(async {
                let mut both = Both::begin(fresh).await;
                for step in &steps {
                    both.take(step).await;
                }
            });
            Ok(())
        })
    });
    taken.unwrap();
}

/// The two ledgers.
struct Both<'a> {
    fresh: &'a Fresh,
    simple: Simple,
    quiz: QuizId,
    /// All that ever were, and those that are.
    ever: Vec<QuestionId>,
    questions: Vec<Question>,
}

impl<'a> Both<'a> {
    async fn begin(fresh: &'a Fresh) -> Self {
        let quiz = fresh.ledger.create("host", &plan("a quiz")).await.unwrap().id;
        let simple = Simple {
            status: Status::Pending,
            run: 0,
            version: 0,
            left: Duration::MAX,
            seats: Vec::new(),
            answers: HashMap::new(),
        };
        let mut both = Self { fresh, simple, quiz, ever: Vec::new(), questions: Vec::new() };
        both.add_question().await;
        both
    }

    /// Takes a step on both, and compares what they say and where they are.
    async fn take(&mut self, step: &Step) {
        match step {
            Step::AddQuestion => self.add_question().await,
            Step::DeleteQuestion(which) => self.delete_question(*which.get(&self.ever)).await,
            Step::Join(name) => self.join(named(&format!("name {name}"))).await,
            Step::JoinAsUser(name) => {
                let person = Some(user(&format!("user {name}")));
                self.join(Join { user: person, ..named(&format!("name {name}")) }).await;
            }
            Step::Remove(which) if !self.simple.seats.is_empty() => {
                self.remove(which.index(self.simple.seats.len())).await;
            }
            Step::Start => self.start().await,
            Step::End => self.end().await,
            Step::Wait => {
                self.fresh.clock.advance(5 * MINUTES / 2 + Duration::from_secs(1));
                self.simple.left = self.simple.left.saturating_sub(5 * MINUTES / 2);
            }
            Step::Answer(batch) if !self.simple.seats.is_empty() => self.answer(batch).await,
            Step::Remove(_) | Step::Answer(_) => {}
        }
        self.compare(step).await;
    }

    async fn add_question(&mut self) {
        let question = question(&format!("question {}", self.ever.len()));
        let added = self.fresh.ledger.add_question(self.quiz, &question).await;
        if self.simple.status == Status::Started {
            assert_eq!(refusal(added), Refusal::QuizActive);
        } else {
            added.unwrap();
            self.ever.push(question.id);
            self.questions.push(question);
        }
    }

    async fn delete_question(&mut self, question: QuestionId) {
        let deleted = self.fresh.ledger.delete_question(self.quiz, question).await;
        if self.simple.status == Status::Started {
            assert_eq!(refusal(deleted), Refusal::QuizActive);
        } else if self.questions.iter().any(|known| known.id == question) {
            deleted.unwrap();
            self.questions.retain(|known| known.id != question);
        } else {
            assert_eq!(refusal(deleted), Refusal::QuestionNotFound);
        }
    }

    async fn join(&mut self, join: Join) {
        let joined = self.fresh.ledger.join(self.quiz, &join).await;
        let user = join.user.as_ref().map(|user| user.subject.clone());
        let name = join.username.as_str().to_owned();
        let mut seats = self.simple.seats.iter().filter(|seat| !seat.is_removed);
        let (mut by_name, by_user) = (seats.clone(), seats.find(|seat| user.is_some() && seat.user == user));
        if let Some(seat) = by_user {
            let joined = joined.unwrap();
            assert_eq!((joined.seat.id, joined.change.is_none()), (seat.id, true), "the user's seat");
        } else if self.simple.is_over() {
            assert_eq!(refusal(joined), Refusal::QuizEnded);
        } else if by_name.any(|seat| seat.name == name) {
            assert_eq!(refusal(joined), Refusal::UsernameTaken);
        } else {
            let id = joined.unwrap().seat.id;
            self.simple.version += 1;
            let version = self.simple.version;
            self.simple.seats.push(Seat { id, name, user, score: 0, version, is_removed: false });
        }
    }

    async fn remove(&mut self, number: usize) {
        let seat = &mut self.simple.seats[number];
        let removed = self.fresh.ledger.remove(self.quiz, seat.id).await;
        if seat.is_removed {
            assert_eq!(refusal(removed), Refusal::ParticipantNotFound);
        } else {
            removed.unwrap();
            seat.is_removed = true;
            self.simple.version += 1;
        }
    }

    async fn start(&mut self) {
        let started = self.fresh.ledger.start(self.quiz).await;
        let simple = &mut self.simple;
        if simple.status == Status::Started {
            assert_eq!(refusal(started), Refusal::QuizActive);
        } else if self.questions.is_empty() {
            assert_eq!(refusal(started), Refusal::NoQuestions);
        } else {
            started.unwrap();
            simple.version += 1;
            simple.run += 1;
            if simple.status == Status::Ended {
                for seat in simple.seats.iter_mut().filter(|seat| !seat.is_removed) {
                    (seat.score, seat.version) = (0, simple.version);
                }
            }
            (simple.status, simple.left) = (Status::Started, 5 * MINUTES);
        }
    }

    async fn end(&mut self) {
        let ended = self.fresh.ledger.end(self.quiz).await;
        match self.simple.status {
            Status::Pending => assert_eq!(refusal(ended), Refusal::QuizNotStarted),
            Status::Ended => assert!(matches!(ended.unwrap().effect, Effect::None), "it ended twice"),
            Status::Started => {
                ended.unwrap();
                self.simple.version += 1;
                self.simple.status = Status::Ended;
            }
        }
    }

    async fn answer(&mut self, batch: &[Given]) {
        let of = |given: &Given| {
            let seat = &self.simple.seats[given.seat.index(self.simple.seats.len())];
            NewAnswer {
                quiz: self.quiz,
                run: self.simple.run + u32::from(given.is_of_other_run),
                participant: seat.id,
                question: *given.question.get(&self.ever),
                submission_id: call(&"x".repeat(given.call.into())),
                choice: 0,
                correct: given.points > 0,
                points: given.points,
                waited: Duration::ZERO,
            }
        };
        let batch: Vec<NewAnswer> = batch.iter().map(of).collect();
        let recorded = self.fresh.record(&batch).await;
        assert_eq!(recorded.outcomes, self.simple.record(&batch), "{batch:?}");
    }

    async fn compare(&self, step: &Step) {
        let Self { fresh, simple, quiz, .. } = self;
        let read = fresh.read(*quiz).await;
        assert_eq!((read.status, read.run), (simple.status, simple.run), "after {step:?}");
        let snapshot = fresh.ledger.snapshot(&BoardId::Quiz(*quiz)).await.unwrap();
        assert_eq!(snapshot.version.seq, simple.version, "after {step:?}");
        let rows: BTreeMap<_, _> =
            snapshot.rows.iter().map(|row| (row.member, (row.key.score(), row.label.to_string()))).collect();
        let seats = simple.seats.iter().filter(|seat| !seat.is_removed);
        let expected: BTreeMap<_, _> =
            seats.map(|seat| (Member::Participant(seat.id), (seat.score, seat.name.clone()))).collect();
        assert_eq!(rows, expected, "after {step:?}");
        assert_eq!(fresh.ledger.audit(*quiz).await.unwrap(), [], "after {step:?}");
    }
}
