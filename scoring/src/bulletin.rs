//! What happens across quizzes, to every stream: each event once and in order. The ledger is read
//! once per process; a stream that is too far behind skips.

use std::sync::Arc;

use anyhow::anyhow;
use services::shutdown::Shutdown;
use tokio::{
    sync::{broadcast, watch},
    time::{sleep, timeout},
};

use crate::{
    activity::Activity,
    board::{Board, Nudges},
    config::bounds::{EVENTS_BEGIN, EVENTS_BEHIND, EVENTS_POLL},
    ledger::{self, Ledger},
};

/// How many events are read at once.
const PAGE: u32 = 256;

/// Tells streams what happens.
#[derive(Clone)]
pub(crate) struct Bulletin {
    ledger: Arc<dyn Ledger>,
    /// What was read, for as long as somebody is less than [`EVENTS_BEHIND`] behind.
    events: broadcast::Sender<Read>,
    /// Where the last event stands that was read; none before the first look.
    read_to: watch::Sender<Option<Place>>,
}

/// Where an event stands.
#[derive(Clone, Copy)]
struct Place {
    /// How often the numbers were seen to go back, because the ledger had been restored.
    life: u64,
    seq: u64,
}

/// An event that was read, and the life of the ledger that it belongs to.
#[derive(Clone)]
struct Read {
    life: u64,
    activity: Arc<Activity>,
}

/// One stream's place.
pub(crate) struct Subscriber {
    ledger: Arc<dyn Ledger>,
    events: broadcast::Receiver<Read>,
    /// Up to here the events come from the ledger.
    caught_up_at: u64,
    page: std::vec::IntoIter<Activity>,
    life: u64,
    seq: u64,
}

/// An event as one stream gets it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) activity: Arc<Activity>,
    /// How many events directly before it the stream does not get.
    pub(crate) skipped: u64,
}

impl Bulletin {
    /// Starts to read what happens from now on, until the service stops.
    pub(crate) fn start(ledger: Arc<dyn Ledger>, board: &dyn Board, shutdown: &Shutdown) -> Self {
        let this =
            Self { ledger, events: broadcast::Sender::new(EVENTS_BEHIND), read_to: watch::Sender::new(None) };
        let (reader, nudges, token) = (this.clone(), board.news(), shutdown.token());
        shutdown.spawn(async move {
            token.run_until_cancelled(reader.read(nudges)).await;
        });
        this
    }

    /// Follows what happens after an event, or from now on.
    ///
    /// # Errors
    /// If the ledger is needed and away.
    pub(crate) async fn subscribe(&self, after: Option<u64>) -> ledger::Result<Subscriber> {
        // Before the place is read: what happens in between is heard twice rather than not at all.
        let events = self.events.subscribe();
        let mut read_to = self.read_to.subscribe();
        let first_look = timeout(EVENTS_BEGIN, read_to.wait_for(Option::is_some)).await;
        let here = first_look.ok().and_then(Result::ok).and_then(|read_to| *read_to);
        let here = here.ok_or_else(|| ledger::Error::Unavailable(anyhow!("nothing was read yet")))?;
        let last = self.ledger.last_activity().await?;
        // A greater number was given by a ledger that has been restored since.
        let seq = after.map_or(last, |after| after.min(last));
        let ledger = Arc::clone(&self.ledger);
        let Place { life, seq: caught_up_at } = here;
        Ok(Subscriber { ledger, events, caught_up_at, page: Vec::new().into_iter(), life, seq })
    }

    async fn read(&self, mut nudges: Nudges) {
        loop {
            nudges.mark_unchanged();
            if let Err(error) = self.read_on().await {
                tracing::debug!(error = &error as &dyn std::error::Error, "what happens was not read");
            }
            // No nudge comes any more once the board is gone: then the beat is all there is.
            if let Ok(Err(_)) = timeout(EVENTS_POLL, nudges.changed()).await {
                sleep(EVENTS_POLL).await;
            }
        }
    }

    async fn read_on(&self) -> ledger::Result<()> {
        let last = self.ledger.last_activity().await?;
        let Place { mut life, mut seq } = self.read_to.borrow().unwrap_or(Place { life: 0, seq: last });
        if last < seq {
            (life, seq) = (life + 1, last);
        }
        self.read_to.send_replace(Some(Place { life, seq }));
        while seq < last {
            let page = self.ledger.activity_after(seq, PAGE).await?;
            // What is no longer kept is skipped by all.
            seq = page.last().map_or(last, |activity| activity.seq);
            for activity in page {
                self.read_to.send_replace(Some(Place { life, seq: activity.seq }));
                let _ = self.events.send(Read { life, activity: Arc::new(activity) });
            }
            self.read_to.send_replace(Some(Place { life, seq }));
        }
        Ok(())
    }
}

impl Subscriber {
    /// The number of the last event before what comes.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    /// Waits for the next event.
    ///
    /// # Errors
    /// If the ledger is needed and away.
    pub(crate) async fn next(&mut self) -> ledger::Result<Told> {
        loop {
            let activity = if self.seq < self.caught_up_at {
                match self.replayed().await? {
                    Some(activity) => activity,
                    None => continue,
                }
            } else {
                match self.events.recv().await {
                    Ok(Read { life, activity }) => {
                        if life != self.life {
                            // Numbers are given anew, from this one on.
                            (self.life, self.seq) = (life, activity.seq - 1);
                        }
                        activity
                    }
                    // The numbers tell how many were missed.
                    Err(broadcast::error::RecvError::Lagged(_)) => continue,
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            };
            if activity.seq > self.seq {
                let skipped = activity.seq - self.seq - 1;
                self.seq = activity.seq;
                return Ok(Told { activity, skipped });
            }
        }
    }

    /// The next event that happened before the stream began; none if there are no more.
    async fn replayed(&mut self) -> ledger::Result<Option<Arc<Activity>>> {
        if let Some(activity) = self.page.next() {
            return Ok(Some(Arc::new(activity)));
        }
        self.page = self.ledger.activity_after(self.seq, PAGE).await?.into_iter();
        if self.page.len() == 0 {
            self.caught_up_at = self.seq;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

    use super::*;
    use crate::{
        clock::Clock,
        ids::QuizId,
        ledger::Upload,
        quiz::{Plan, Username},
        sessions::{Attempt, Claimed, Line},
    };

    struct School {
        url: String,
        ledger: Arc<dyn Ledger>,
        board: Arc<dyn Board>,
        quiz: QuizId,
        shutdown: Shutdown,
        _folder: tempfile::TempDir,
    }

    impl School {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
            let ledger = ledger::open(&url, 8, Clock::default()).unwrap();
            ledger.migrate().await.unwrap();
            let plan = Plan::parse("a quiz", "", "", None).unwrap();
            let quiz = ledger.create("host", &plan).await.unwrap().id;
            let shutdown = Shutdown::default();
            let board = crate::board::open("memory:", &shutdown).unwrap();
            Self { url, ledger, board, quiz, shutdown, _folder: folder }
        }

        /// Takes all events after this one back, as a restored ledger does.
        async fn go_back_to(&self, seq: u64) {
            let path = self.url.strip_prefix("sqlite:").unwrap();
            let mut ledger = SqliteConnection::connect(path).await.unwrap();
            let script = format!(
                "DELETE FROM activity WHERE seq > {seq}; UPDATE activity_counter SET last_seq = {seq}"
            );
            sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut ledger).await.unwrap();
        }

        fn bulletin(&self) -> Bulletin {
            Bulletin::start(Arc::clone(&self.ledger), self.board.as_ref(), &self.shutdown)
        }

        /// Makes one event for each of these numbers.
        async fn happen(&self, numbers: std::ops::RangeInclusive<u64>) {
            for number in numbers {
                let sub = format!("pupil {number}");
                let username = Username::parse(&sub).unwrap();
                let attempt = Attempt::parse(&username, 1, 1, None, None).unwrap();
                let line = Line { number: 1, content: Ok(Claimed { sub, username, attempt }) };
                let upload =
                    Upload { quiz: self.quiz, issuer: String::new(), partial: false, lines: vec![line] };
                assert_eq!(self.ledger.upload(&upload).await.unwrap().inserted, 1);
            }
        }
    }

    async fn seqs(subscriber: &mut Subscriber, count: usize) -> Vec<(u64, u64)> {
        let mut seqs = Vec::new();
        while seqs.len() < count {
            let told = timeout(EVENTS_BEGIN, subscriber.next()).await.expect("something happens").unwrap();
            seqs.push((told.activity.seq, told.skipped));
        }
        seqs
    }

    #[tokio::test]
    async fn a_stream_that_is_far_behind_skips_what_is_no_longer_held_for_it() {
        let school = School::new().await;
        let bulletin = school.bulletin();
        let mut slow = bulletin.subscribe(None).await.unwrap();
        let mut quick = bulletin.subscribe(None).await.unwrap();
        for hundred in 0..4 {
            school.happen(hundred * 100 + 1..=hundred * 100 + 100).await;
            school.board.tell_news().await.unwrap();
            let expected: Vec<_> = (hundred * 100 + 1..=hundred * 100 + 100).map(|seq| (seq, 0)).collect();
            assert_eq!(seqs(&mut quick, 100).await, expected);
        }
        let mut expected: Vec<_> = (145..=400).map(|seq| (seq, 0)).collect();
        expected[0].1 = 144;
        assert_eq!(seqs(&mut slow, 256).await, expected);
        // One that asks for all of it reads it from the ledger.
        let mut later = bulletin.subscribe(Some(0)).await.unwrap();
        assert_eq!(seqs(&mut later, 400).await, (1..=400).map(|seq| (seq, 0)).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_stream_follows_a_ledger_that_was_restored_to_lower_numbers() {
        let school = School::new().await;
        let bulletin = school.bulletin();
        let mut stream = bulletin.subscribe(None).await.unwrap();
        school.happen(1..=9).await;
        seqs(&mut stream, 9).await;
        school.go_back_to(4).await;
        let mut read_to = bulletin.read_to.subscribe();
        let follows = read_to.wait_for(|place| place.is_some_and(|place| place.seq == 4));
        drop(timeout(EVENTS_BEGIN, follows).await.expect("it follows").unwrap());
        school.happen(10..=11).await;
        assert_eq!(seqs(&mut stream, 2).await, [(5, 0), (6, 0)]);
    }

    #[tokio::test]
    async fn what_happens_without_a_nudge_is_found_all_the_same() {
        let school = School::new().await;
        school.happen(1..=2).await;
        let mut stream = school.bulletin().subscribe(None).await.unwrap();
        assert_eq!(stream.seq(), 2);
        school.happen(3..=4).await;
        assert_eq!(seqs(&mut stream, 2).await, [(3, 0), (4, 0)]);
    }
}
