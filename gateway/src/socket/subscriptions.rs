//! What one user is subscribed to, and what is to be said of it and of what happens everywhere.
//! Holds no more than the newest state of each subscription, and one answer for each question that
//! it was asked.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Instant, sleep_until},
};
use tokio_stream::{StreamExt as _, StreamMap};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    Close,
    words::{self, Asked, Said, Topic},
};
use crate::{
    activity::{Activity, Told},
    boards::{Boards, Seen, Subjects, Viewer},
    frame::Form,
    http::error::Code,
    ids::{QuizId, SubjectCode},
    news::News,
};

/// How many subscriptions a socket may have.
const MOST: usize = 100;

/// How long a subscriber waits for a first state before it is told that there is none yet.
const PATIENCE: Duration = Duration::from_secs(2);

/// The subscriptions of one socket.
pub(super) struct Subscriptions {
    boards: Boards,
    /// In which form the states of quizzes are told.
    form: Form,
    subjects: Subjects,
    activity: broadcast::Receiver<Told>,
    topics: StreamMap<Topic, Viewer>,
    /// Those of them that are not confirmed yet, and when to say so if that has not been said.
    waiting: HashMap<Topic, Option<Instant>>,
    /// What is to be said before anything else, and what is news in it.
    outbox: VecDeque<(Utf8Bytes, Option<Arc<News>>)>,
    /// What is news in what is being written.
    writing: Option<Arc<News>>,
}

impl Subscriptions {
    /// Begins without any, and listens to what happens from now on.
    pub(super) fn new(boards: Boards, activity: &Activity, form: Form) -> Self {
        Self {
            boards,
            form,
            subjects: activity.subjects.clone(),
            activity: activity.listen(),
            topics: StreamMap::new(),
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
                Some((topic, seen)) = self.topics.next() => self.see(topic, &seen)?,
                told = self.activity.recv() => self.hear(told)?,
                () = sleep_until(impatient.unwrap_or_else(Instant::now)), if impatient.is_some() => {
                    self.excuse(Instant::now());
                }
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

    /// Looks at a board, anew if it is subscribed to already. It is confirmed with the first state
    /// that is seen: only then is it known that there is such a board.
    fn subscribe(&mut self, topic: Topic) {
        if self.topics.len() >= MOST && !self.topics.contains_key(&topic) {
            let message = format!("at most {MOST} subscriptions, give one up first");
            return self.say(&Said::error("TOO_MANY_SUBSCRIPTIONS", message, Some(topic)));
        }
        let viewer = match &topic {
            Topic::QuizId(id) => id.parse().map(|quiz| self.boards.view(quiz, self.form)),
            Topic::Subject(code) => code.parse().map(|code| self.subjects.view(code)),
        };
        match viewer {
            Ok(viewer) => {
                self.waiting.insert(topic.clone(), Some(Instant::now() + PATIENCE));
                self.topics.insert(topic, viewer);
            }
            Err(_) => self.say(&not_found(topic)),
        }
    }

    fn unsubscribe(&mut self, topic: Topic) {
        let could_be = match &topic {
            Topic::QuizId(id) => id.parse::<QuizId>().is_ok(),
            Topic::Subject(code) => code.parse::<SubjectCode>().is_ok(),
        };
        if !could_be {
            return self.say(&not_found(topic));
        }
        self.give_up(&topic);
        self.say(&Said::UnsubscriptionConfirmed { topic, message: "unsubscribed" });
    }

    fn see(&mut self, topic: Topic, seen: &Seen) -> Result<(), Close> {
        let (text, news) = match seen {
            Seen::Quiz { frame, base } => {
                (words::update(frame, frame.part(*base)).into(), frame.news.clone())
            }
            Seen::Subject(text) => (Bytes::clone(text), None),
            Seen::Deleted => {
                self.give_up(&topic);
                self.say(&not_found(topic));
                return Ok(());
            }
            Seen::Lost => return Err(Close::Internal),
        };
        // The first state is no news.
        let is_first = self.waiting.remove(&topic).is_some();
        if is_first {
            self.say(&Said::SubscriptionConfirmed { topic, message: "subscribed" });
        }
        self.pass_on(text, news.filter(|_| !is_first));
        Ok(())
    }

    /// Hears what happens everywhere. Boards of subjects are for those who have chosen none.
    fn hear(&mut self, told: Result<Told, RecvError>) -> Result<(), Close> {
        match told {
            Ok(Told::Sessions(text)) => self.pass_on(text, None),
            Ok(Told::Subject(_)) if self.follows_subjects() => {}
            Ok(Told::Subject(text)) => self.pass_on(text, None),
            Ok(Told::Skipped(count)) | Err(RecvError::Lagged(count)) => {
                self.say(&Said::ActivitySkipped { count });
            }
            Err(RecvError::Closed) => return Err(Close::Internal),
        }
        Ok(())
    }

    fn follows_subjects(&self) -> bool {
        self.topics.keys().any(|topic| matches!(topic, Topic::Subject(_)))
    }

    /// Tells of subscriptions that have waited too long; they wait on.
    fn excuse(&mut self, now: Instant) {
        let late = self.waiting.iter_mut().filter(|(_, due)| due.is_some_and(|due| due <= now));
        let late: Vec<_> = late.map(|(topic, due)| (topic.clone(), *due = None).0).collect();
        for topic in late {
            let message =
                "the scoring service is out of reach, the subscription is confirmed once it is back";
            self.say(&Said::error(Code::Unavailable.name(), message, Some(topic)));
        }
    }

    fn give_up(&mut self, topic: &Topic) {
        self.topics.remove(topic);
        self.waiting.remove(topic);
    }

    fn say(&mut self, said: &Said) {
        self.outbox.push_back((said.text().into(), None));
    }

    fn pass_on(&mut self, text: Bytes, news: Option<Arc<News>>) {
        self.outbox.push_back((Utf8Bytes::try_from(text).expect("JSON is UTF-8"), news));
    }
}

fn not_found(topic: Topic) -> Said {
    let (code, message) = match topic {
        Topic::QuizId(_) => (Code::QuizNotFound, "quiz not found"),
        Topic::Subject(_) => (Code::SubjectNotFound, "subject not found"),
    };
    Said::error(code.name(), message, Some(topic))
}
