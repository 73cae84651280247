//! Boards in the memory of this process: the default of a single machine. Gone with the process,
//! hence rebuilt at every start.

mod rows;
mod sorted;

use std::{
    collections::HashMap,
    sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::{task::spawn_blocking, time::Instant};

use self::rows::Rows;
use super::{
    Applied, Board, BoardId, Change, Claim, Error, Found, Member, Nudges, Phase, Result, Snapshot, Version,
    View, Window, watchers::Watchers,
};
use crate::{config::bounds::CLAIM_LASTS, quiz::Status};

/// Boards by their names.
///
/// One lock is enough: a batch holds it for some hundred microseconds, a reader for less.
#[derive(Debug, Default)]
pub(super) struct Memory {
    shelf: Arc<RwLock<Shelf>>,
    watchers: Watchers,
}

#[derive(Debug, Default)]
struct Shelf {
    boards: HashMap<BoardId, Ranking>,
    claims: HashMap<BoardId, HeldClaim>,
}

#[derive(Debug)]
struct Ranking {
    version: Version,
    phase: Phase,
    rows: Rows,
    /// In seconds since 1970.
    expires_at: Option<i64>,
}

#[derive(Debug)]
struct HeldClaim {
    token: String,
    until: Instant,
}

impl Memory {
    fn shelf(&self) -> RwLockReadGuard<'_, Shelf> {
        self.shelf.read().expect(UNHARMED)
    }

    fn shelf_mut(&self) -> RwLockWriteGuard<'_, Shelf> {
        self.shelf.write().expect(UNHARMED)
    }
}

const UNHARMED: &str = "nobody panics while holding the shelf";

#[async_trait]
impl Board for Memory {
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>> {
        let applied: Vec<_> = {
            let mut shelf = self.shelf_mut();
            changes.iter().map(|change| shelf.apply(change)).collect()
        };
        for (change, applied) in changes.iter().zip(&applied) {
            if *applied == Applied::Done {
                self.watchers.tell(&change.board, change.causes.only().map(|cause| (change.to, cause)));
            }
        }
        Ok(applied)
    }

    async fn claim(&self, board: &BoardId) -> Result<Option<Claim>> {
        let now = Instant::now();
        let claims = &mut self.shelf_mut().claims;
        claims.retain(|_, held| held.until > now);
        if claims.contains_key(board) {
            return Ok(None);
        }
        let claim = Claim::new(board);
        claims.insert(board.clone(), HeldClaim { token: claim.token.clone(), until: now + CLAIM_LASTS });
        Ok(Some(claim))
    }

    async fn replace(&self, claim: &Claim, snapshot: &Snapshot) -> Result<Applied> {
        let (shelf, held, snapshot) = (self.shelf.clone(), claim.clone(), snapshot.clone());
        // A million rows take a second to sort and to drop: neither under the lock nor on a thread
        // that others wait for.
        let replace = spawn_blocking(move || {
            let ranking = Ranking::new(&snapshot);
            let (applied, _dropped_after_the_lock) = shelf.write().expect(UNHARMED).replace(&held, ranking);
            applied
        });
        let applied = replace.await.map_err(|error| Error::Unavailable(error.into()))?;
        if applied == Applied::Done {
            self.watchers.nudge(&claim.board);
        }
        Ok(applied)
    }

    async fn read(&self, board: &BoardId, window: Window, members: &[Member]) -> Result<Option<View>> {
        Ok(self.shelf().whole(board).map(|ranking| ranking.view(window, members)))
    }

    async fn find(&self, boards: &[BoardId]) -> Result<Vec<Found>> {
        let shelf = self.shelf();
        let find = |board| shelf.whole(board).map_or(Found::Missing, |ranking| Found::Whole(ranking.version));
        Ok(boards.iter().map(find).collect())
    }

    async fn expire(&self, board: &BoardId, at: i64) -> Result<()> {
        let mut shelf = self.shelf_mut();
        if let Some(ranking) = shelf.boards.get_mut(board) {
            ranking.expires_at = Some(at);
        }
        let now = now();
        shelf.boards.retain(|_, ranking| !ranking.has_expired(now));
        Ok(())
    }

    async fn forget(&self, board: &BoardId) -> Result<()> {
        let forgotten = {
            let mut shelf = self.shelf_mut();
            shelf.claims.remove(board);
            shelf.boards.remove(board)
        };
        drop(forgotten);
        self.watchers.nudge(board);
        Ok(())
    }

    fn nudges(&self, board: &BoardId) -> Nudges {
        self.watchers.watch(board)
    }

    async fn tell_news(&self) -> Result<()> {
        self.watchers.tell_news();
        Ok(())
    }

    fn news(&self) -> Nudges {
        self.watchers.wait_for_news()
    }
}

impl Shelf {
    fn whole(&self, board: &BoardId) -> Option<&Ranking> {
        self.boards.get(board).filter(|ranking| !ranking.has_expired(now()))
    }

    fn apply(&mut self, change: &Change) -> Applied {
        let Some(ranking) = self.boards.get_mut(&change.board).filter(|ranking| !ranking.has_expired(now()))
        else {
            return Applied::Missing;
        };
        let at = ranking.version;
        if change.epoch > at.epoch {
            return Applied::Missing;
        }
        if change.epoch < at.epoch || change.to <= at.seq {
            return Applied::Stale;
        }
        if change.from > at.seq {
            return Applied::Gap(at.seq);
        }
        for row in &change.rows {
            match row.key {
                Some(key) => ranking.rows.put(row.member, key, row.label.clone()),
                None => ranking.rows.remove(row.member),
            }
        }
        ranking.version.seq = change.to;
        if change.phase.status == Some(Status::Started) {
            ranking.expires_at = None;
        }
        ranking.phase = change.phase;
        Applied::Done
    }

    /// Also gives back what is to be dropped.
    fn replace(&mut self, claim: &Claim, ranking: Ranking) -> (Applied, Option<Ranking>) {
        let held = self.claims.get(&claim.board);
        if !held.is_some_and(|held| held.token == claim.token && held.until > Instant::now()) {
            return (Applied::Missing, Some(ranking));
        }
        self.claims.remove(&claim.board);
        if self.whole(&claim.board).is_some_and(|present| present.version >= ranking.version) {
            return (Applied::Stale, Some(ranking));
        }
        (Applied::Done, self.boards.insert(claim.board.clone(), ranking))
    }
}

impl Ranking {
    fn new(snapshot: &Snapshot) -> Self {
        Self {
            version: snapshot.version,
            phase: snapshot.phase,
            rows: Rows::new(&snapshot.rows),
            expires_at: None,
        }
    }

    fn has_expired(&self, now: i64) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    fn view(&self, window: Window, members: &[Member]) -> View {
        View {
            version: self.version,
            phase: self.phase,
            total: self.rows.total(),
            rows: self.rows.window(window),
            standings: members.iter().map(|member| self.rows.row(*member)).collect(),
        }
    }
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            contract::{self, Stage},
            model::{self, World},
        },
        *,
    };

    async fn stage() -> Stage {
        let board = Arc::new(Memory::default());
        Stage::new(board.clone(), board)
    }

    contract::suite!(stage);

    #[tokio::test(start_paused = true)]
    async fn an_unused_claim_ends_by_itself() {
        let (board, id) = (Memory::default(), contract::a_quiz());
        let unused = contract::claim(&board, &id).await;
        tokio::time::advance(CLAIM_LASTS).await;
        let snapshot = contract::snapshot(&id, 1, &[10]);
        assert_eq!(board.replace(&unused, &snapshot).await.unwrap(), Applied::Missing);
        assert!(board.claim(&id).await.unwrap().is_some());
    }

    impl World for Memory {
        fn board(&self) -> &dyn Board {
            self
        }

        async fn lose_everything(&self, id: &BoardId) {
            self.forget(id).await.unwrap();
        }

        async fn lose_a_key(&self, id: &BoardId, _number: usize) {
            self.forget(id).await.unwrap();
        }

        async fn end_claim(&self, _id: &BoardId) {
            tokio::time::advance(CLAIM_LASTS).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_chain_of_changes_holds_whatever_happens() {
        model::runs(&Memory::default(), model::runs_or(100)).await.unwrap();
    }
}
