//! Replacing a board: its rows are loaded beside it, then swapped in by one call.

use std::cmp::Reverse;

use super::{Call, Keys, Notice, Redis, Verb, layout};
use crate::{
    board::{Applied, Claim, Result, Snapshot, SnapshotRow},
    config::bounds::{CLAIM_LASTS, KEPT_AT_REST, REDIS_CALL, REDIS_LOAD},
    fail::{self, Place},
};

/// Calls of one round trip. Each renews the claim.
const CALLS_PER_TRIP: usize = 8;

/// Renews a claim, which is to load no rows.
pub(super) async fn renew(redis: &Redis, claim: &Claim) -> Result<bool> {
    let shadow = Keys::of(&claim.board).shadow(&claim.token);
    Ok(redis.call_for_word(REDIS_CALL, loading(claim, &shadow, &[])).await? == Applied::Done)
}

/// Puts a snapshot in place of a board.
pub(super) async fn replace(redis: &Redis, claim: &Claim, snapshot: &Snapshot) -> Result<Applied> {
    let shadow = Keys::of(&claim.board).shadow(&claim.token);
    let outcome = match load(redis, claim, &shadow, snapshot).await {
        Ok(Applied::Done) => {
            fail::point(Place::Loaded);
            swap(redis, claim, &shadow, snapshot).await
        }
        outcome => outcome,
    };
    if outcome.is_err() {
        // Else nobody could rebuild the board until the claim ends by itself.
        let release =
            Call { verb: Verb::Release, keys: shadow.into(), arguments: vec![(&*claim.token).into()] };
        let _ = redis.call_for_word(REDIS_CALL, release).await;
    }
    outcome
}

async fn load(redis: &Redis, claim: &Claim, shadow: &[String; 3], snapshot: &Snapshot) -> Result<Applied> {
    // In the order of the sorted set, which takes rows at its end faster than anywhere.
    let mut rows: Vec<_> = snapshot.rows.iter().collect();
    rows.sort_unstable_by_key(|row| (Reverse(row.key), row.member));
    let portions: Vec<_> = rows.chunks(redis.portions.load).collect();
    for portions in portions.chunks(CALLS_PER_TRIP) {
        let calls: Vec<_> = portions.iter().map(|rows| loading(claim, shadow, rows)).collect();
        for outcome in redis.call_for_words(REDIS_LOAD, &calls).await {
            if outcome? != Applied::Done {
                return Ok(Applied::Missing);
            }
        }
    }
    Ok(Applied::Done)
}

fn loading<'a>(claim: &'a Claim, shadow: &[String; 3], rows: &[&'a SnapshotRow]) -> Call<'a> {
    let mut arguments = vec![(&*claim.token).into(), layout::ms(CLAIM_LASTS).into()];
    for row in rows {
        arguments.push(row.member.to_string().into());
        arguments.push(layout::place(row.key).into());
        arguments.push((&*row.label).into());
    }
    Call { verb: Verb::Load, keys: shadow.to_vec(), arguments }
}

async fn swap(redis: &Redis, claim: &Claim, shadow: &[String; 3], snapshot: &Snapshot) -> Result<Applied> {
    let total = snapshot.rows.len();
    let call = Call {
        verb: Verb::Swap,
        keys: Keys::of(&claim.board).board().iter().chain(shadow).cloned().collect(),
        arguments: vec![
            layout::channel(&claim.board).into(),
            Notice::of_whole(snapshot.version.seq, total).to_json().into(),
            snapshot.version.epoch.to_string().into(),
            snapshot.version.seq.to_string().into(),
            layout::status(snapshot.phase).into(),
            snapshot.phase.run.to_string().into(),
            layout::ms(KEPT_AT_REST).into(),
            total.to_string().into(),
            (&*claim.token).into(),
        ],
    };
    redis.call_for_word(REDIS_CALL, call).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::{
        contract::{a_quiz, claim, read, snapshot},
        redis::tests::Bench,
    };

    #[tokio::test]
    async fn a_claim_lasts_for_as_long_again_once_it_is_renewed() {
        let (bench, id) = (Bench::start().await, a_quiz());
        let claim = claim(&bench.board, &id).await;
        bench.ask::<u32>(&format!("PEXPIRE lb:{{{id}}}:lock 1000")).await;
        assert!(renew(&bench.board, &claim).await.unwrap());
        let left: u64 = bench.ask(&format!("PTTL lb:{{{id}}}:lock")).await;
        assert!((1001..=3000).contains(&left), "{left} ms");
        assert_eq!(bench.ask::<Vec<String>>("KEYS *").await, [format!("lb:{{{id}}}:lock")]);
    }

    #[tokio::test]
    async fn loading_renews_the_claim() {
        let (bench, id) = (Bench::start().await, a_quiz());
        let claim = claim(&bench.board, &id).await;
        bench.ask::<u32>(&format!("PEXPIRE lb:{{{id}}}:lock 1000")).await;
        let shadow = Keys::of(&id).shadow(&claim.token);
        load(&bench.board, &claim, &shadow, &snapshot(&id, 1, &[10])).await.unwrap();
        for key in &shadow {
            let left: u64 = bench.ask(&format!("PTTL {key}")).await;
            assert!(left > 1000, "{key} lasts {left} ms");
        }
    }

    #[tokio::test]
    async fn a_shadow_that_lost_a_part_is_not_put_in_place() {
        let (bench, id) = (Bench::start().await, a_quiz());
        let snapshot = snapshot(&id, 1, &[10, 20]);
        for lost in 0..2 {
            let claim = claim(&bench.board, &id).await;
            let shadow = Keys::of(&id).shadow(&claim.token);
            load(&bench.board, &claim, &shadow, &snapshot).await.unwrap();
            bench.ask::<u32>(&format!("DEL {}", shadow[lost])).await;
            assert_eq!(swap(&bench.board, &claim, &shadow, &snapshot).await.unwrap(), Applied::Missing);
            assert_eq!(bench.ask::<Vec<String>>("KEYS *").await, [""; 0]);
        }
        assert_eq!(read(&bench.board, &id, 0, 1).await, None);
    }

    #[tokio::test]
    async fn what_was_loaded_before_everything_was_lost_is_not_put_in_place() {
        let (bench, id) = (Bench::start().await, a_quiz());
        let claim = claim(&bench.board, &id).await;
        let shadow = Keys::of(&id).shadow(&claim.token);
        let snapshot = snapshot(&id, 1, &[10, 20]);
        load(&bench.board, &claim, &shadow, &snapshot).await.unwrap();
        bench.ask::<()>("FLUSHALL").await;
        let outcome = load(&bench.board, &claim, &shadow, &snapshot).await.unwrap();
        assert_eq!(outcome, Applied::Missing);
        assert_eq!(swap(&bench.board, &claim, &shadow, &snapshot).await.unwrap(), Applied::Missing);
        assert_eq!(bench.ask::<Vec<String>>("KEYS *").await, [""; 0]);
    }
}
