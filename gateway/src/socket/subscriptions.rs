//! What one user is subscribed to, and what is to be said of it. Holds no more than the newest
//! state of each subscription, and one answer for each question that it was asked.

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    sync::Arc,
    time::Duration,
};

use axum::extract::ws::Utf8Bytes;
use tokio::time::{Instant, sleep_until};
use tokio_stream::{StreamExt as _, StreamMap};

use super::{
    Close,
    words::{self, Asked, Said, Topic},
};
use crate::{
    boards::{Boards, Seen, Viewer},
    http::error::Code,
    ids::QuizId,
    news::News,
};

/// How many subscriptions a socket may have.
const MOST: usize = 100;

/// How long a subscriber waits for a first state before it is told that there is none yet.
const PATIENCE: Duration = Duration::from_secs(2);

/// The subscriptions of one socket.
pub(super) struct Subscriptions {
    boards: Boards,
    quizzes: StreamMap<QuizId, Viewer>,
    /// Those of them that are not confirmed yet, and when to say so if that has not been said.
    waiting: HashMap<QuizId, Option<Instant>>,
    /// What is to be said before anything else, and what is news in it.
    outbox: VecDeque<(Utf8Bytes, Option<Arc<News>>)>,
    /// What is news in what is being written.
    writing: Option<Arc<News>>,
}

impl Subscriptions {
    /// Begins without any.
    pub(super) fn new(boards: Boards) -> Self {
        Self {
            boards,
            quizzes: StreamMap::new(),
            waiting: HashMap::new(),
            outbox: VecDeque::new(),
            writing: None,
        }
    }

    /// Waits for the next thing to say. Nothing is lost if the wait is given up.
    ///
    /// # Errors
    /// If there will be none any more.
    pub(super) async fn next(&mut self) -> Result<Utf8Bytes, Close> {
        loop {
            if let Some((text, news)) = self.outbox.pop_front() {
                self.writing = news;
                return Ok(text);
            }
            let impatient = self.waiting.values().flatten().min().copied();
            tokio::select! {
                Some((quiz, seen)) = self.quizzes.next() => self.see(quiz, &seen)?,
                () = sleep_until(impatient.unwrap_or_else(Instant::now)), if impatient.is_some() => {
                    self.excuse(Instant::now());
                }
                else => pending().await,
            }
        }
    }

    /// What came from [`Subscriptions::next`] last has been written.
    pub(super) fn written(&mut self) {
        if let Some(news) = self.writing.take() {
            news.written();
        }
    }

    /// Hears what the user asks for; the answer is the next thing to say.
    pub(super) fn ask(&mut self, text: &str) {
        match words::read(text) {
            Ok(Asked::Subscribe(topic)) => self.subscribe(topic),
            Ok(Asked::Unsubscribe(topic)) => self.unsubscribe(topic),
            Ok(Asked::Ping) => self.say(&Said::Pong),
            Err(answer) => self.say(&answer),
        }
    }

    /// Looks at a quiz's board, anew if it is subscribed to already. It is confirmed with the
    /// first state that is seen: only then is it known that there is such a quiz.
    fn subscribe(&mut self, topic: Topic) {
        let Some(quiz) = self.known(&topic) else { return };
        if self.quizzes.len() >= MOST && !self.quizzes.contains_key(&quiz) {
            let message = format!("at most {MOST} subscriptions, give one up first");
            return self.say(&Said::error("TOO_MANY_SUBSCRIPTIONS", message, Some(topic)));
        }
        self.quizzes.insert(quiz, self.boards.view(quiz));
        self.waiting.insert(quiz, Some(Instant::now() + PATIENCE));
    }

    fn unsubscribe(&mut self, topic: Topic) {
        let Some(quiz) = self.known(&topic) else { return };
        self.give_up(quiz);
        self.say(&Said::UnsubscriptionConfirmed { topic, message: "unsubscribed" });
    }

    /// The quiz of a topic, or an answer that there is none.
    fn known(&mut self, topic: &Topic) -> Option<QuizId> {
        let (found, code, message) = match topic {
            Topic::QuizId(id) => (id.parse().ok(), Code::QuizNotFound, "quiz not found"),
            Topic::Subject(_) => (None, Code::SubjectNotFound, "subject not found"),
        };
        if found.is_none() {
            self.say(&Said::error(code.name(), message, Some(topic.clone())));
        }
        found
    }

    fn see(&mut self, quiz: QuizId, seen: &Seen) -> Result<(), Close> {
        let topic = || Topic::QuizId(quiz.to_string());
        match seen {
            Seen::Frame(frame) => {
                // The first state is no news.
                let mut news = frame.news.clone();
                if self.waiting.remove(&quiz).is_some() {
                    self.say(&Said::SubscriptionConfirmed { topic: topic(), message: "subscribed" });
                    news = None;
                }
                let text = Utf8Bytes::try_from(words::update(frame)).expect("JSON is UTF-8");
                self.outbox.push_back((text, news));
            }
            Seen::Deleted => {
                self.give_up(quiz);
                self.say(&Said::error(Code::QuizNotFound.name(), "quiz not found", Some(topic())));
            }
            Seen::Lost => return Err(Close::Internal),
        }
        Ok(())
    }

    /// Tells of subscriptions that have waited too long; they wait on.
    fn excuse(&mut self, now: Instant) {
        let late = self.waiting.iter_mut().filter(|(_, due)| due.is_some_and(|due| due <= now));
        let late: Vec<_> = late.map(|(quiz, due)| (*quiz, *due = None).0).collect();
        for quiz in late {
            let topic = Topic::QuizId(quiz.to_string());
            let message =
                "the scoring service is out of reach, the subscription is confirmed once it is back";
            self.say(&Said::error(Code::Unavailable.name(), message, Some(topic)));
        }
    }

    fn give_up(&mut self, quiz: QuizId) {
        self.quizzes.remove(&quiz);
        self.waiting.remove(&quiz);
    }

    fn say(&mut self, said: &Said) {
        self.outbox.push_back((said.text().into(), None));
    }
}
