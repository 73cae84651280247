//! The subjects that somebody looks at, or that have changed a moment ago: each is followed by one
//! stream from scoring, which all sockets share.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use proto::v1::{WatchLeaderboardRequest, watch_leaderboard_request};
use services::shutdown::Shutdown;
use tokio::time::timeout;

use super::{Rows, Window, follow, subject::Subject};
use crate::{config::bounds::BOARD_LINGERS, ids::SubjectCode, upstream::Upstream};

/// All subjects that are followed.
#[derive(Clone)]
pub(crate) struct Subjects {
    upstream: Upstream,
    shutdown: Shutdown,
    followed: Arc<Mutex<HashMap<SubjectCode, Arc<Subject>>>>,
    announce: Arc<dyn Fn(Bytes) + Send + Sync>,
}

impl Subjects {
    /// Starts with none. A changed board is announced, as text, to whoever looks at no subject.
    pub(crate) fn new(
        upstream: Upstream,
        shutdown: Shutdown,
        announce: impl Fn(Bytes) + Send + Sync + 'static,
    ) -> Self {
        Self { upstream, shutdown, followed: Arc::default(), announce: Arc::new(announce) }
    }

    /// Looks at the first hundred rows of a subject's board.
    pub(crate) fn window(&self, code: SubjectCode) -> Window<Bytes> {
        self.with(code, Subject::window)
    }

    /// Hears that a quiz has changed a board, which shows it from a version on.
    pub(crate) fn changed(&self, code: SubjectCode, quiz_id: String, version: u64) {
        self.with(code, |subject| subject.changed(quiz_id, version));
    }

    /// Does something with a subject, which is followed from then on.
    fn with<T>(&self, code: SubjectCode, act: impl FnOnce(&Subject) -> T) -> T {
        match self.followed().entry(code) {
            Entry::Occupied(entry) => act(entry.get()),
            Entry::Vacant(entry) => {
                let subject = Arc::new(Subject::new(entry.key().clone()));
                let acted = act(&subject);
                let code = entry.key().clone();
                entry.insert(Arc::clone(&subject));
                self.shutdown.spawn(self.clone().follow(code, subject));
                acted
            }
        }
    }

    async fn follow(self, code: SubjectCode, subject: Arc<Subject>) {
        let request = WatchLeaderboardRequest {
            board: Some(watch_leaderboard_request::Board::Subject(code.to_string())),
            limit: Some(Rows::Hundred as u32),
            participant_id: String::new(),
        };
        tokio::select! {
            () = follow::follow(&*subject, &self.upstream, request) => {
                self.followed().remove(&code);
            }
            () = subject.present(&self.upstream, &*self.announce) => {}
            () = self.abandoned(&code, &subject) => {}
        }
    }

    /// Waits until a subject has been of no interest for a while, and gives it up. When the service
    /// stops, those who look do so until they are sent away.
    async fn abandoned(&self, code: &SubjectCode, subject: &Subject) {
        loop {
            subject.unwatched().await;
            let is_stopping = timeout(BOARD_LINGERS, self.shutdown.begun()).await.is_ok();
            let moment = if is_stopping { Duration::ZERO } else { BOARD_LINGERS };
            let mut followed = self.followed();
            if !subject.is_of_interest(moment) {
                followed.remove(code);
                return;
            }
        }
    }

    fn followed(&self) -> MutexGuard<'_, HashMap<SubjectCode, Arc<Subject>>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
