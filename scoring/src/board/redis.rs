//! Boards in Redis (7 or later) or Valkey, shared by all processes: in one server, in a cluster, or
//! with the master that sentinels name. Anything in there may vanish at
//! any moment; what is left of a board then counts as none.

mod breaker;
mod change;
mod functions;
mod layout;
mod link;
mod nodes;
mod notices;
mod rebuild;
mod split;
mod url;
mod view;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use anyhow::anyhow;
use async_trait::async_trait;
use redis::FromRedisValue;
use services::{
    shutdown::Shutdown,
    telemetry::database::{Operation, observe},
};

use self::{
    functions::{Call, Functions, Verb},
    layout::{Keys, Notice},
    link::Link,
    nodes::Nodes,
};
use super::{
    Applied, Board, BoardId, Change, Claim, Error, Found, Member, Nudges, Result, Snapshot, Version, View,
    Window, watchers::Watchers,
};
use crate::config::bounds::{CLAIM_LASTS, REDIS_CALL, REDIS_CALL_PER_MEMBER};

/// How many boards are looked for in one round trip.
const BOARDS_PER_FIND: usize = 1000;

/// Boards by their keys.
pub(super) struct Redis {
    link: Arc<Link>,
    functions: Functions,
    watchers: Arc<Watchers>,
    portions: Portions,
}

/// How many rows one call carries. It must not hold up a server that does one thing at a time.
#[derive(Debug, Clone, Copy)]
struct Portions {
    /// Of a change.
    change: usize,
    /// Of a board that is rebuilt.
    load: usize,
}

impl Redis {
    /// Reads the URL and begins to listen for notices; waits for no server.
    pub(super) fn open(url: &str, shutdown: &Shutdown) -> std::result::Result<Self, String> {
        let nodes = Arc::new(Nodes::of(url).map_err(|error| format!("BOARD_URL: {error}"))?);
        let link = Arc::new(Link::new(Arc::clone(&nodes)));
        let watchers = Arc::new(Watchers::default());
        shutdown.spawn(notices::listen(nodes, link.clone(), watchers.clone(), shutdown.token()));
        Ok(Self {
            link,
            functions: Functions::new(),
            watchers,
            portions: Portions { change: 128, load: 1000 },
        })
    }

    /// Makes calls, each with an answer of its own.
    async fn call<T: FromRedisValue + Send>(&self, limit: Duration, calls: &[Call<'_>]) -> Vec<Result<T>> {
        let ask =
            |connection, deadline| async move { self.functions.call(&connection, calls, deadline).await };
        let operation = || operation("FCALL", calls.first().map_or("", |call| call.verb.name()), calls.len());
        let asking = async {
            let answers = self.link.ask_each(limit, calls.len(), ask).await;
            if answers.iter().all(Result::is_ok) { Ok(answers) } else { Err(answers) }
        };
        observe(operation, asking).await.unwrap_or_else(|answers| answers)
    }

    /// Makes calls that answer with a word.
    async fn call_for_words(&self, limit: Duration, calls: &[Call<'_>]) -> Vec<Result<Applied>> {
        let words: Vec<Result<Vec<String>>> = self.call(limit, calls).await;
        words.into_iter().map(|words| outcome(&words?)).collect()
    }

    /// Makes one call that answers with a word.
    async fn call_for_word(&self, limit: Duration, call: Call<'_>) -> Result<Applied> {
        self.call_for_words(limit, &[call]).await.pop().expect("each call has an answer")
    }
}

#[async_trait]
impl Board for Redis {
    async fn apply(&self, changes: &[Change]) -> Vec<Result<Applied>> {
        change::apply(self, changes).await
    }

    async fn claim(&self, board: &BoardId) -> Result<Option<Claim>> {
        let claim = Claim::new(board);
        let mut set = redis::cmd("SET");
        set.arg(Keys::of(board).lock()).arg(&claim.token).arg("NX").arg("PX").arg(layout::ms(CLAIM_LASTS));
        let ask = |mut connection| async move { set.query_async::<bool>(&mut connection).await };
        let claimed = observe(|| operation("SET", "lock", 1), self.link.ask(REDIS_CALL, ask)).await?;
        Ok(claimed.then_some(claim))
    }

    async fn renew(&self, claim: &Claim) -> Result<bool> {
        rebuild::renew(self, claim).await
    }

    async fn replace(&self, claim: &Claim, snapshot: &Snapshot) -> Result<Applied> {
        rebuild::replace(self, claim, snapshot).await
    }

    async fn read(&self, board: &BoardId, window: Window, members: &[Member]) -> Result<Option<View>> {
        let call = view::call(board, window, members);
        let limit = REDIS_CALL + REDIS_CALL_PER_MEMBER * u32::try_from(members.len()).unwrap_or(u32::MAX);
        let answer: Option<view::Answer> = self.call(limit, &[call]).await.pop().transpose()?.flatten();
        answer.map(|answer| view::decode(board, members, answer)).transpose().map_err(Error::Unavailable)
    }

    async fn find(&self, boards: &[BoardId]) -> Vec<Result<Found>> {
        let mut found = Vec::with_capacity(boards.len());
        for boards in boards.chunks(BOARDS_PER_FIND) {
            let call =
                |board| Call { verb: Verb::Find, keys: Keys::of(board).board().into(), arguments: vec![] };
            let calls: Vec<_> = boards.iter().map(call).collect();
            let answers: Vec<Result<Option<(u64, u64)>>> = self.call(REDIS_CALL, &calls).await;
            found.extend(answers.into_iter().map(|answer| match answer? {
                Some((epoch, seq)) => Ok(Found::Whole(Version { epoch, seq })),
                None => Ok(Found::Missing),
            }));
        }
        found
    }

    async fn forget(&self, board: &BoardId) -> Result<()> {
        let keys = Keys::of(board);
        let call = Call {
            verb: Verb::Forget,
            keys: keys.board().into_iter().chain([keys.lock()]).collect(),
            arguments: vec![layout::channel(board).into(), Notice::of_whole(0, 0).to_json().into()],
        };
        self.call_for_word(REDIS_CALL, call).await.map(drop)
    }

    fn nudges(&self, board: &BoardId) -> Nudges {
        self.watchers.watch(board)
    }

    async fn tell_news(&self) -> Result<()> {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(layout::NEWS).arg("");
        let ask = |mut connection| async move { publish.exec_async(&mut connection).await };
        observe(|| operation("PUBLISH", layout::NEWS, 1), self.link.ask(REDIS_CALL, ask)).await
    }

    fn news(&self) -> Nudges {
        self.watchers.wait_for_news()
    }
}

fn operation(name: &'static str, target: &str, count: usize) -> Operation {
    Operation { system: "redis", name, target: target.to_owned(), count }
}

fn outcome(words: &[String]) -> Result<Applied> {
    let mut words = words.iter().map(String::as_str);
    match (words.next(), words.next().map(str::parse)) {
        (Some("DONE"), None) => Ok(Applied::Done),
        (Some("STALE"), None) => Ok(Applied::Stale),
        (Some("MISSING"), None) => Ok(Applied::Missing),
        (Some("GAP"), Some(Ok(at))) => Ok(Applied::Gap(at)),
        _ => Err(Error::Unavailable(anyhow!("the answer is none that the functions give"))),
    }
}
