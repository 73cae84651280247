//! What the write path does while others hold, end and start quizzes: beside ledgers that do so at
//! the worst moment.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use tokio::time::{sleep, timeout};

use super::*;
use crate::{
    board,
    clock::Clock,
    config::bounds::HELD_WAIT,
    ledger::{Answers, Effect, Join, Moved, QuizFilter, Quizzes, Recorded, Result},
    quiz::{Plan, Question, Quiz, Username},
    reconcile::Reconciler,
};

/// Starts a lane over these answers, and the board of this ledger; gives its queue.
fn lane(answers: Arc<dyn Answers>, ledger: Arc<dyn Ledger>, shutdown: &Shutdown) -> mpsc::Sender<Queued> {
    let board = board::open("memory:", shutdown).unwrap();
    let reconciler = Reconciler::new(ledger, Arc::clone(&board), shutdown.clone());
    let follower = Follower::start(board, reconciler, shutdown);
    let (queue, queued) = mpsc::channel(ANSWERS_QUEUED);
    shutdown.spawn(lane::write(queued, answers, follower));
    queue
}

/// A ledger that can be asked for nothing: no board changes.
fn nowhere() -> Arc<dyn Ledger> {
    ledger::open("sqlite:/nowhere/ledger.db", 1, Clock::default()).unwrap()
}

/// Queues an answer to a quiz, told apart by its choice.
fn queue(lane: &mpsc::Sender<Queued>, quiz: QuizId, choice: u32) -> oneshot::Receiver<Outcome> {
    let answer = NewAnswer {
        quiz,
        run: 1,
        participant: ParticipantId::random(),
        question: QuestionId::random(),
        submission_id: None,
        choice,
        correct: true,
        points: 10,
        waited: Duration::ZERO,
    };
    let (reply, replied) = oneshot::channel();
    let caller = Caller { since: Instant::now(), reply, call: Span::none() };
    assert!(lane.try_send(Queued { answer, caller }).is_ok(), "there is room");
    replied
}

/// Counts every answer, after the time that a batch takes, except those of quizzes that are held.
struct Holding {
    quizzes: Vec<QuizId>,
    /// How many more batches find them held.
    batches: Mutex<usize>,
    /// The quiz and choice of what was counted.
    counted: Mutex<Vec<(QuizId, u32)>>,
}

impl Holding {
    fn new(quizzes: &[QuizId], batches: usize) -> Arc<Self> {
        Arc::new(Self { quizzes: quizzes.to_vec(), batches: Mutex::new(batches), counted: Mutex::default() })
    }
}

#[async_trait]
impl Answers for Holding {
    async fn record(&self, batch: &[NewAnswer]) -> Result<Recorded> {
        let counted = Outcome::Counted(Verdict { correct: true, points: 10, total: 10, version: 1 });
        let is_held = |answer: &NewAnswer| self.quizzes.contains(&answer.quiz);
        let waits = batch.iter().any(is_held) && {
            let mut batches = self.batches.lock().unwrap();
            let left = *batches;
            *batches = left.saturating_sub(1);
            left > 0
        };
        sleep(Duration::from_millis(2) + if waits { HELD_WAIT } else { Duration::ZERO }).await;
        let record = |answer: &NewAnswer| {
            if waits && is_held(answer) {
                return Outcome::Held;
            }
            self.counted.lock().unwrap().push((answer.quiz, answer.choice));
            counted.clone()
        };
        Ok(Recorded { outcomes: batch.iter().map(record).collect(), changes: Vec::new() })
    }
}

#[tokio::test(start_paused = true)]
async fn quizzes_that_are_held_keep_no_answer_of_another_waiting() {
    for count in [1, 3] {
        let (shutdown, free) = (Shutdown::default(), QuizId::random());
        let held: Vec<_> = (0..count).map(|_| QuizId::random()).collect();
        let answers = Holding::new(&held, usize::MAX);
        let lane = lane(answers.clone(), nowhere(), &shutdown);
        let waiting: Vec<_> = held
            .iter()
            .flat_map(|&quiz| (0..600).map(move |n| (quiz, n)))
            .map(|(quiz, n)| queue(&lane, quiz, n))
            .collect();

        let begun = tokio::time::Instant::now();
        while begun.elapsed() < ANSWER_DEADLINE {
            // Each of them is waited for when it is found to be held, and when it is tried again.
            let reply = timeout((2 * count + 1) * HELD_WAIT, queue(&lane, free, 0)).await;
            let reply = reply.unwrap_or_else(|_| panic!("{count} held: stuck after {:?}", begun.elapsed()));
            assert!(matches!(reply, Ok(Outcome::Counted(_))), "{reply:?}");
        }

        *answers.batches.lock().unwrap() = 0;
        for reply in waiting {
            assert!(matches!(reply.await, Ok(Outcome::Counted(_))));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn answers_of_a_quiz_count_in_their_order_whenever_its_holder_lets_go() {
    for batches in 1..6 {
        let (shutdown, held) = (Shutdown::default(), QuizId::random());
        let answers = Holding::new(&[held], batches);
        let lane = lane(answers.clone(), nowhere(), &shutdown);
        let waiting: Vec<_> = (0..600).map(|n| queue(&lane, held, n)).collect();
        for reply in waiting {
            assert!(matches!(reply.await, Ok(Outcome::Counted(_))));
        }
        let counted = answers.counted.lock().unwrap();
        assert!(counted.iter().map(|&(_, n)| n).eq(0..600), "held for {batches} batches: {counted:?}");
    }
}

/// A ledger in which the quiz is started again as soon as its questions were read once.
struct Restarting {
    ledger: Arc<dyn Ledger>,
    is_restarted: AtomicBool,
}

#[async_trait]
impl Quizzes for Restarting {
    async fn questions(&self, quiz: QuizId) -> Result<(Quiz, Vec<Question>)> {
        let read = self.ledger.questions(quiz).await?;
        if !self.is_restarted.swap(true, Ordering::Relaxed) {
            self.ledger.start(quiz).await?;
        }
        Ok(read)
    }

    async fn create(&self, owner_id: &str, plan: &Plan) -> Result<Quiz> {
        self.ledger.create(owner_id, plan).await
    }

    async fn quiz(&self, id: QuizId) -> Result<Quiz> {
        self.ledger.quiz(id).await
    }

    async fn quiz_by_code(&self, code: &str) -> Result<Quiz> {
        self.ledger.quiz_by_code(code).await
    }

    async fn list(&self, filter: &QuizFilter) -> Result<(Vec<Quiz>, u32)> {
        self.ledger.list(filter).await
    }

    async fn add_question(&self, quiz: QuizId, question: &Question) -> Result<()> {
        self.ledger.add_question(quiz, question).await
    }

    async fn delete_question(&self, quiz: QuizId, question: QuestionId) -> Result<()> {
        self.ledger.delete_question(quiz, question).await
    }

    async fn start(&self, quiz: QuizId) -> Result<Moved> {
        self.ledger.start(quiz).await
    }

    async fn end(&self, quiz: QuizId) -> Result<Moved> {
        self.ledger.end(quiz).await
    }

    async fn end_overdue(&self, quiz: QuizId) -> Result<Option<Effect>> {
        self.ledger.end_overdue(quiz).await
    }

    async fn delete(&self, quiz: QuizId) -> Result<Effect> {
        self.ledger.delete(quiz).await
    }

    async fn overdue(&self) -> Result<Vec<QuizId>> {
        self.ledger.overdue().await
    }
}

#[tokio::test]
async fn a_right_answer_is_never_wrong_because_its_quiz_is_started_again_meanwhile() {
    let (shutdown, folder) = (Shutdown::default(), tempfile::tempdir().unwrap());
    let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
    let ledger = ledger::open(&url, 1, Clock::default()).unwrap();
    ledger.migrate().await.unwrap();
    let quiz = ledger.create("host", &Plan::parse("a quiz", "", "", None).unwrap()).await.unwrap().id;
    let question = Question::parse("why?", &["yes".to_owned(), "no".to_owned()], Some(1), Some(10)).unwrap();
    ledger.add_question(quiz, &question).await.unwrap();
    let ada = Join { username: Username::parse("ada").unwrap(), user: None, join_id: None };
    let ada = ledger.join(quiz, &ada).await.unwrap().seat.id;
    ledger.start(quiz).await.unwrap();
    ledger.end(quiz).await.unwrap();

    let restarting = Restarting { ledger: ledger.clone(), is_restarted: AtomicBool::new(false) };
    let submissions = Submissions {
        sheets: Sheets::new(Arc::new(restarting)),
        lanes: vec![lane(ledger.clone(), ledger.clone(), &shutdown)],
    };
    let answer = Answer {
        quiz,
        participant: ada,
        question: question.id,
        choice: 1,
        submission_id: CallId::parse("submission_id", "once").unwrap(),
    };
    let verdict = submissions.submit(answer).await.unwrap();
    assert_eq!((verdict.correct, verdict.points, verdict.total), (true, 10, 10));
    assert_eq!(ledger.quiz(quiz).await.unwrap().run, 2);
}
