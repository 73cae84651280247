//! What one user is subscribed to, and what is to be said of it and of what happens everywhere.
//! Holds no more than the newest state of each subscription, and one answer for each question that
//! it was asked.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use tokio::time::{Instant, sleep_until};
use tokio_stream::{StreamExt as _, StreamMap};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::{
    boards::{Seen, Viewer},
    config::bounds::{FIRST_VIEW, SUBSCRIPTIONS},
    news::News,
    socket::{
        Close, Party,
        leaderboard::Subscriber,
        topics::{Sight, Topic},
        words::{self, Asked, Interest, Said},
    },
    tokens::BadJwt,
};

/// A user on its socket, and its subscriptions.
pub(super) struct Subscriptions {
    subscriber: Subscriber,
    seen: StreamMap<Topic, Viewer>,
    /// Those of them that are not confirmed yet, and when to say so if that has not been said.
    waiting: HashMap<Topic, Option<Instant>>,
    /// What is to be said before anything else, and what is news in it.
    outbox: VecDeque<(Utf8Bytes, Option<Arc<News>>)>,
    /// What is news in what is being written.
    writing: Option<Arc<News>>,
}

impl Party for Subscriptions {
    async fn next(&mut self) -> Result<Message, Close> {
        loop {
            if let Some((text, news)) = self.outbox.pop_front() {
                self.writing = news;
                return Ok(Message::Text(text));
            }
            let impatient = self.waiting.values().flatten().min().copied();
            tokio::select! {
                Some((topic, seen)) = self.seen.next() => self.see(topic, &seen)?,
                told = self.subscriber.activity.next() => {
                    let news = words::news(told, self.interest());
                    news.into_iter().for_each(|text| self.pass_on(text, None));
                }
                () = sleep_until(impatient.unwrap_or_else(Instant::now)), if impatient.is_some() => {
                    self.excuse(Instant::now());
                }
                () = sleep_until(self.subscriber.until) => return Err(Close::BadToken(BadJwt::Expired)),
            }
        }
    }

    fn written(&mut self) {
        if let Some(news) = self.writing.take() {
            news.written();
        }
        // What has become due meanwhile has waited for the peer, not for scoring.
        let now = Instant::now();
        for due in self.waiting.values_mut().flatten().filter(|due| **due <= now) {
            *due = now + FIRST_VIEW;
        }
    }

    fn hear(&mut self, message: &Message) {
        match message {
            Message::Text(text) => self.ask(text),
            Message::Binary(bytes) => self.ask(&String::from_utf8_lossy(bytes)),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {}
        }
    }
}

impl Subscriptions {
    /// Begins without any.
    pub(super) fn new(subscriber: Subscriber) -> Self {
        Self {
            subscriber,
            seen: StreamMap::new(),
            waiting: HashMap::new(),
            outbox: VecDeque::new(),
            writing: None,
        }
    }

    /// Hears what the user asks for; the answer is the next thing to say.
    fn ask(&mut self, text: &str) {
        match words::read(text) {
            Ok(Asked::Subscribe(topic)) => self.subscribe(topic),
            Ok(Asked::Unsubscribe(topic)) if topic.is_well_named() => {
                self.give_up(&topic);
                self.say(&Said::given_up(topic));
            }
            Ok(Asked::Unsubscribe(topic)) => self.say(&Said::not_found(topic)),
            Ok(Asked::Ping) => self.say(&Said::Pong),
            Err(answer) => self.say(&answer),
        }
    }

    /// Looks at a board, anew if it is subscribed to already. It is confirmed with the first state
    /// that is seen: only then is it known that there is such a board.
    fn subscribe(&mut self, topic: Topic) {
        if self.seen.len() >= SUBSCRIPTIONS && !self.seen.contains_key(&topic) {
            return self.say(&Said::too_many(topic));
        }
        let viewer = match self.subscriber.topics.look(&topic, self.subscriber.form) {
            Ok(Sight::Quiz(window)) => window.viewer(),
            Ok(Sight::Subject(window)) => window.viewer(),
            Err(_) => return self.say(&Said::not_found(topic)),
        };
        self.waiting.insert(topic.clone(), Some(Instant::now() + FIRST_VIEW));
        self.seen.insert(topic, viewer);
    }

    fn see(&mut self, topic: Topic, seen: &Seen) -> Result<(), Close> {
        let (text, news) = match seen {
            Seen::Quiz { frame, base } => (words::update(frame, frame.part(*base)), frame.news.clone()),
            Seen::Subject(text) => (Bytes::clone(text), None),
            Seen::Deleted => {
                self.give_up(&topic);
                self.say(&Said::not_found(topic));
                return Ok(());
            }
            Seen::Lost => return Err(Close::Internal),
        };
        // The first state is no news.
        let is_first = self.waiting.remove(&topic).is_some();
        if is_first {
            self.say(&Said::confirmed(topic));
        }
        self.pass_on(text, news.filter(|_| !is_first));
        Ok(())
    }

    fn interest(&self) -> Interest {
        Interest::of(self.seen.keys())
    }

    /// Tells of subscriptions that have waited too long; they wait on.
    fn excuse(&mut self, now: Instant) {
        let late = self.waiting.iter_mut().filter(|(_, due)| due.is_some_and(|due| due <= now));
        let late: Vec<_> = late.map(|(topic, due)| (topic.clone(), *due = None).0).collect();
        for topic in late {
            self.say(&Said::out_of_reach(topic));
        }
    }

    fn give_up(&mut self, topic: &Topic) {
        self.seen.remove(topic);
        self.waiting.remove(topic);
    }

    fn say(&mut self, said: &Said) {
        self.outbox.push_back((said.text().into(), None));
    }

    fn pass_on(&mut self, text: Bytes, news: Option<Arc<News>>) {
        self.outbox.push_back((Utf8Bytes::try_from(text).expect("JSON is UTF-8"), news));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use services::shutdown::Shutdown;
    use tokio::{sync::Semaphore, time::sleep};

    use super::*;
    use crate::{
        activity::Activity, boards::Boards, config::UpstreamStreams, frame::Form, socket::topics::Topics,
        upstream::Upstream,
    };

    #[tokio::test(start_paused = true)]
    async fn a_user_that_waits_for_itself_is_not_told_that_scoring_is_out_of_reach() {
        let (upstream, shutdown) = (Upstream::nowhere(), Shutdown::default());
        let boards = Boards::new(upstream.clone(), UpstreamStreams::Shared, shutdown.clone());
        let activity = Activity::new(upstream, shutdown);
        let mut user = Subscriptions::new(Subscriber {
            topics: Arc::new(Topics::new(boards, activity.subjects.clone())),
            form: Form::Whole,
            activity: activity.listen(),
            until: Instant::now() + Duration::from_secs(3600),
            admission: Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap(),
        });
        user.subscribe(Topic::Subject("BIO".to_owned()));
        // For as long as it takes to write something.
        sleep(FIRST_VIEW).await;
        user.written();
        let written = Instant::now();
        let said = user.next().await.expect("it stays");
        assert!(said.to_text().unwrap().contains("UNAVAILABLE"), "{said}");
        assert!(written.elapsed() >= FIRST_VIEW, "{:?}", written.elapsed());
    }
}
