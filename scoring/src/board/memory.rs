//! Boards in the memory of this process: the default of a single machine. Gone with the process,
//! hence rebuilt at every start.

mod rows;
mod sorted;

use std::{
    collections::HashMap,
    sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use async_trait::async_trait;
use tokio::{task::spawn_blocking, time::Instant};

use self::rows::Rows;
use super::{
    Applied, Board, BoardId, Change, Claim, Error, Found, Member, Nudges, Phase, Result, Snapshot, Version,
    View, Window, watchers::Watchers,
};
use crate::config::bounds::{CLAIM_LASTS, KEPT_AT_REST};

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
    expires_at: Option<Instant>,
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
    async fn apply(&self, changes: &[Change]) -> Vec<Result<Applied>> {
        let applied: Vec<_> = {
            let mut shelf = self.shelf_mut();
            changes.iter().map(|change| shelf.apply(change)).collect()
        };
        for (change, applied) in changes.iter().zip(&applied) {
            if *applied == Applied::Done {
                self.watchers.tell(&change.board, change.causes.only().map(|cause| (change.to, cause)));
            }
        }
        applied.into_iter().map(Ok).collect()
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

    async fn renew(&self, claim: &Claim) -> Result<bool> {
        let mut shelf = self.shelf_mut();
        let held = shelf.held(claim);
        let is_held = held.is_some();
        if let Some(held) = held {
            held.until = Instant::now() + CLAIM_LASTS;
        }
        Ok(is_held)
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

    async fn find(&self, boards: &[BoardId]) -> Vec<Result<Found>> {
        let shelf = self.shelf();
        let find = |board| shelf.whole(board).map_or(Found::Missing, |ranking| Found::Whole(ranking.version));
        boards.iter().map(find).map(Ok).collect()
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
        self.boards.get(board).filter(|ranking| !ranking.has_expired(Instant::now()))
    }

    /// A claim that was not lost.
    fn held(&mut self, claim: &Claim) -> Option<&mut HeldClaim> {
        let held = self.claims.get_mut(&claim.board)?;
        (held.token == claim.token && held.until > Instant::now()).then_some(held)
    }

    fn apply(&mut self, change: &Change) -> Applied {
        let now = Instant::now();
        let Some(ranking) = self.boards.get_mut(&change.board).filter(|ranking| !ranking.has_expired(now))
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
        ranking.phase = change.phase;
        ranking.expires_at = expires_at(change.phase);
        if ranking.expires_at.is_some() {
            self.boards.retain(|_, ranking| !ranking.has_expired(now));
        }
        Applied::Done
    }

    /// Also gives back what is to be dropped.
    fn replace(&mut self, claim: &Claim, ranking: Ranking) -> (Applied, Option<Ranking>) {
        if self.held(claim).is_none() {
            return (Applied::Missing, Some(ranking));
        }
        self.claims.remove(&claim.board);
        if self.whole(&claim.board).is_some_and(|present| present.version >= ranking.version) {
            return (Applied::Stale, Some(ranking));
        }
        (Applied::Done, self.boards.insert(claim.board.clone(), ranking))
    }
}

/// When a board goes that changes now.
fn expires_at(phase: Phase) -> Option<Instant> {
    phase.is_at_rest().then(|| Instant::now() + KEPT_AT_REST)
}

impl Ranking {
    fn new(snapshot: &Snapshot) -> Self {
        Self {
            version: snapshot.version,
            phase: snapshot.phase,
            rows: Rows::new(&snapshot.rows),
            expires_at: expires_at(snapshot.phase),
        }
    }

    fn has_expired(&self, now: Instant) -> bool {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        super::{
            contract::{self, EPOCH, Stage, apply, change, find, put, read},
            model::{self, World},
        },
        *,
    };
    use crate::quiz::Status;

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

    #[tokio::test(start_paused = true)]
    async fn a_claim_whose_holder_is_gone_is_free_after_three_seconds() {
        let (board, id) = (Memory::default(), contract::a_quiz());
        let left_behind = contract::claim(&board, &id).await;
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(board.claim(&id).await.unwrap(), None);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(board.claim(&id).await.unwrap().is_some());
        assert!(!board.renew(&left_behind).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_board_at_rest_goes_after_a_day_unless_its_quiz_is_started() {
        let (board, over, again) = (Memory::default(), contract::a_quiz(), contract::a_quiz());
        let ended = Phase { status: Some(Status::Ended), run: 1 };
        for id in [&over, &again] {
            put(&board, id, 1, &[10]).await;
            let end = Change { phase: ended, ..change(id, 1, &[]) };
            assert_eq!(apply(&board, end).await, Applied::Done);
        }
        assert_eq!(apply(&board, change(&again, 2, &[])).await, Applied::Done);
        tokio::time::advance(KEPT_AT_REST).await;
        let (gone, kept) = (Found::Missing, Found::Whole(Version { epoch: EPOCH, seq: 3 }));
        assert_eq!(find(&board, &[over.clone(), again]).await, [gone, kept]);
        assert_eq!(read(&board, &over, 0, 1).await, None);
        assert_eq!(apply(&board, change(&over, 2, &[(0, Some(1))])).await, Applied::Missing);
        assert_eq!(put(&board, &over, 1, &[10]).await, Applied::Done);
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
