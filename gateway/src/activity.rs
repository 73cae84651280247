//! What happens across quizzes, to every user who listens: one stream from scoring for all of them.
//! A listener that is too far behind skips; nothing is queued for it.

mod log;

use std::sync::Arc;

use bytes::Bytes;
use proto::v1::{WatchActivityRequest, WatchActivityResponse, watch_activity_response::Event};
use services::shutdown::Shutdown;
use tokio::time::sleep;
use tonic::Status;

pub(crate) use self::log::{Listener, Log};

use crate::{
    boards::Subjects,
    config::bounds::{FIRST_PAUSE, LAST_PAUSE},
    frame,
    upstream::Upstream,
};

/// What every user hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// Sessions came in; the text that says so.
    Sessions(Bytes),
    /// The board of a subject has changed; the text that says so to those who look at none.
    Subject(Bytes),
    /// So many events are lost.
    Skipped(u64),
}

/// What happens across quizzes.
#[derive(Clone)]
pub(crate) struct Activity {
    upstream: Upstream,
    log: Arc<Log>,
    /// The boards of subjects.
    pub(crate) subjects: Subjects,
}

impl Activity {
    /// Knows nothing until it is followed.
    pub(crate) fn new(upstream: Upstream, shutdown: Shutdown) -> Self {
        let log = Arc::new(Log::default());
        let announce = Arc::clone(&log);
        let subjects = Subjects::new(upstream.clone(), shutdown, move |text| {
            announce.tell(Told::Subject(text));
        });
        Self { upstream, log, subjects }
    }

    /// Begins to listen.
    pub(crate) fn listen(&self) -> Listener {
        Listener::new(Arc::clone(&self.log))
    }

    /// Tells what happens from now on. A stream that ends is taken up again where it ended.
    pub(crate) async fn follow(&self, shutdown: &Shutdown) {
        let following = async {
            let (mut seq, mut pause) = (None, FIRST_PAUSE);
            loop {
                let before = seq;
                let ended = self.read(&mut seq).await;
                tracing::debug!(status = %ended, "the stream of activity has ended");
                pause = if seq == before { (pause * 2).min(LAST_PAUSE) } else { FIRST_PAUSE };
                // Spread, so that all gateways do not come back in one instant.
                sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
            }
        };
        tokio::select! {
            () = following => {}
            () = shutdown.begun() => {}
        }
    }

    /// Reads a stream to its end, and notes the number of the last event.
    async fn read(&self, seq: &mut Option<u64>) -> Status {
        let opened = self.upstream.watch_activity(WatchActivityRequest { after_seq: *seq }).await;
        let mut events = match opened {
            Ok(events) => events,
            Err(status) => return status,
        };
        loop {
            match events.message().await {
                Ok(Some(event)) => {
                    *seq = Some(event.seq);
                    self.tell(event);
                }
                Ok(None) => return Status::unavailable("the stream ended"),
                Err(status) => return status,
            }
        }
    }

    fn tell(&self, WatchActivityResponse { at, skipped, event, .. }: WatchActivityResponse) {
        if skipped > 0 {
            self.log.tell(Told::Skipped(skipped));
        }
        match event {
            Some(Event::SessionsUploaded(uploaded)) => {
                self.log.tell(Told::Sessions(frame::quiz_session_uploaded(&uploaded, at.as_ref())));
            }
            Some(Event::SubjectChanged(change)) => {
                if let Ok(code) = change.subject.parse()
                    && self.log.is_heard()
                {
                    self.subjects.changed(code, change.quiz_id, change.version);
                }
            }
            None => {}
        }
    }
}
