//! One subject's board: its newest state, which quizzes have changed it, and what those see who look
//! at it. What is shown is made once for all, at most once a second.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use proto::v1::{Leaderboard, ListSubjectsRequest, WatchLeaderboardRequest, WatchLeaderboardResponse};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, timeout},
};

use super::{
    board::{BoardId, View},
    follow::Screen,
    viewer::Window,
};
use crate::{
    config::bounds::{CAUSE_WITHIN, CAUSES, SUBJECT_PACE},
    frame,
    ids::SubjectCode,
    standing::Version,
    upstream::Upstream,
};

/// One subject's board.
pub(super) struct Subject {
    id: BoardId,
    code: SubjectCode,
    state: watch::Sender<Option<Arc<Leaderboard>>>,
    causes: watch::Sender<VecDeque<Cause>>,
    changed_at: Mutex<Option<Instant>>,
    view: watch::Sender<View<Bytes>>,
    moved: Notify,
}

/// A quiz whose sessions came or went, and the version from which on the board shows it.
struct Cause {
    quiz_id: String,
    version: u64,
}

impl Subject {
    pub(super) fn new(code: SubjectCode) -> Self {
        Self {
            id: BoardId::new(),
            code,
            state: watch::Sender::default(),
            causes: watch::Sender::default(),
            changed_at: Mutex::default(),
            view: watch::Sender::default(),
            moved: Notify::new(),
        }
    }

    /// Begins to look at it.
    pub(super) fn window(&self) -> Window<Bytes> {
        Window { board: self.id, view: self.view.subscribe(), taker: None }
    }

    /// Waits until nobody looks.
    pub(super) async fn unwatched(&self) {
        self.view.closed().await;
    }

    /// Whether somebody looks, or it has changed a moment ago.
    pub(super) fn is_of_interest(&self, moment: Duration) -> bool {
        self.view.receiver_count() > 0 || self.changed_at().is_some_and(|at| at.elapsed() < moment)
    }

    /// Hears of a change, which the board may show already, or a little later.
    pub(super) fn changed(&self, quiz_id: String, version: u64) {
        *self.changed_at() = Some(Instant::now());
        self.causes.send_modify(|causes| {
            // Versions go back only in a ledger that has been restored.
            causes.retain(|cause| cause.version < version);
            causes.push_back(Cause { quiz_id, version });
            if causes.len() > CAUSES {
                causes.pop_front();
            }
        });
        self.moved.notify_one();
    }

    /// Shows each new state to those who look, and announces what has a cause.
    pub(super) async fn present(&self, upstream: &Upstream, announce: impl Fn(Bytes)) {
        let mut shown: Option<Version> = None;
        let mut name = self.code.to_string();
        loop {
            self.moved.notified().await;
            let Some(mut state) = self.newest() else { continue };
            // Whoever begins to look is not kept waiting.
            if shown.is_some_and(|shown| version(&state) > shown) {
                let explained = |causes: &VecDeque<Cause>| {
                    causes.back().is_some_and(|cause| cause.version >= state.version)
                };
                let _ = timeout(CAUSE_WITHIN, self.causes.subscribe().wait_for(explained)).await;
                state = self.newest().unwrap_or(state);
            }
            let cause = self.cause_of(state.version);
            let is_new = shown < Some(version(&state));
            if !is_new && cause.is_none() {
                continue;
            }
            if let Some(present) = self.name(upstream).await {
                name = present;
            }
            let text = frame::leaderboard_updated(&state, &name, cause.as_deref());
            if is_new {
                self.view.send_replace(View::Showing(Arc::new(text.clone())));
                shown = Some(version(&state));
            }
            if cause.is_some() {
                announce(text);
            }
            sleep(SUBJECT_PACE).await;
        }
    }

    /// What it is called, if scoring says so.
    async fn name(&self, upstream: &Upstream) -> Option<String> {
        let request = ListSubjectsRequest { codes: vec![self.code.to_string()] };
        Some(upstream.list_subjects(request).await.ok()?.subjects.pop()?.name)
    }

    fn newest(&self) -> Option<Arc<Leaderboard>> {
        self.state.borrow().clone()
    }

    /// Takes the newest cause that a version shows; older ones are shown with it.
    fn cause_of(&self, version: u64) -> Option<String> {
        let mut newest = None;
        self.causes.send_if_modified(|causes| {
            while let Some(cause) = causes.pop_front_if(|cause| cause.version <= version) {
                newest = Some(cause.quiz_id);
            }
            false
        });
        newest
    }

    fn changed_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.changed_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Screen for Subject {
    fn show(&self, _: &WatchLeaderboardRequest, state: WatchLeaderboardResponse) {
        let Some(state) = state.leaderboard else { return };
        self.state.send_if_modified(|newest| {
            let is_newer = newest.as_ref().is_none_or(|newest| version(&state) > version(newest));
            if is_newer {
                *newest = Some(Arc::new(state));
            }
            is_newer
        });
        self.moved.notify_one();
    }

    /// What is shown stays.
    fn lose_touch(&self) {}

    fn delete(&self) {
        self.view.send_replace(View::Deleted);
    }
}

fn version(board: &Leaderboard) -> Version {
    Version { epoch: board.epoch, number: board.version }
}
