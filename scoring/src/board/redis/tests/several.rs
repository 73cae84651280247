//! Redis in other shapes than one server in the clear: a cluster, sentinels, TLS.

use std::{iter::repeat_with, sync::OnceLock};

use servers::{
    certificates::Authority,
    redis::{Cluster, Redis as Server, Sentinels},
};

use super::*;
use crate::board::contract::{nudge, well};

/// A cluster that tests share: each has boards of its own.
fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(Cluster::start)
}

async fn stage_in_a_cluster() -> Stage {
    let shutdown = Shutdown::default();
    let open = || Arc::new(Redis::open(&shared().url(), &shutdown).unwrap());
    Stage::new(open(), open())
}

mod in_a_cluster {
    use super::*;
    contract::suite!(stage_in_a_cluster);
}

fn opened(url: &str) -> (Redis, Shutdown) {
    let shutdown = Shutdown::default();
    (Redis::open(url, &shutdown).unwrap(), shutdown)
}

#[tokio::test]
async fn boards_that_lie_all_over_a_cluster_are_asked_at_once_and_answer_in_order() {
    let (board, _shutdown) = opened(&shared().url());
    let ids: Vec<_> = (0..60).map(|_| a_quiz()).collect();
    for (seq, id) in (10..).zip(&ids).step_by(2) {
        put(&board, id, seq, &[10]).await;
    }
    let nodes: std::collections::HashSet<_> =
        ids.iter().map(|id| shared().master_of(&Keys::of(id).lock())).collect();
    assert!(nodes.len() > 1, "they lie on several nodes");
    let found = find(&board, &ids).await;
    for ((number, seq), found) in (0..).zip(10..).zip(found) {
        let whole = Found::Whole(Version { epoch: EPOCH, seq });
        assert_eq!(found, if number % 2 == 0 { whole } else { Found::Missing }, "board {number}");
    }
    let changes: Vec<_> = (10..).zip(&ids).map(|(seq, id)| change(id, seq, &[(0, Some(30))])).collect();
    let applied = well(board.apply(&changes).await);
    for (number, applied) in applied.into_iter().enumerate() {
        assert_eq!(applied, if number % 2 == 0 { Applied::Done } else { Applied::Missing }, "board {number}");
    }
}

#[tokio::test]
async fn a_node_of_a_cluster_that_forgot_the_functions_is_taught_again() {
    let cluster = Cluster::start();
    let (board, _shutdown) = opened(&cluster.url());
    let ids: Vec<_> = (0..30).map(|_| a_quiz()).collect();
    for id in &ids {
        put(&board, id, 1, &[10]).await;
    }
    for node in &cluster.nodes {
        assert_eq!(node.ask(&["FUNCTION", "FLUSH"]), ["OK"]);
        assert_eq!(find(&board, &ids).await.len(), ids.len());
    }
}

#[tokio::test]
async fn when_a_replica_of_a_cluster_takes_over_boards_go_on() {
    let mut cluster = Cluster::start_with_replicas();
    let (board, _shutdown) = opened(&cluster.url());
    let id = a_quiz();
    put(&board, &id, 2, &[10, 20]).await;
    let mut nudges = board.nudges(&id);
    nudge(&mut nudges).await;
    cluster.kill_master_of(&Keys::of(&id).lock());
    goes_on(&board, &id, &mut nudges).await;
}

#[tokio::test]
async fn while_a_node_of_a_cluster_hangs_boards_elsewhere_go_on() {
    let cluster = Cluster::start();
    for node in &cluster.nodes {
        assert_eq!(node.ask(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]), ["OK"]);
    }
    let (board, _shutdown) = opened(&cluster.url());
    let (away, there) = two_on_different_nodes(&cluster);
    for id in [&away, &there] {
        put(&board, id, 1, &[10]).await;
    }
    cluster.nodes[cluster.master_of(&Keys::of(&away).lock())].pause();

    // For longer than the others take to see that it is gone.
    let (mut seq, until, mut worst) = (1, Instant::now() + Duration::from_secs(6), Duration::ZERO);
    let mut applied = Instant::now();
    while Instant::now() < until {
        let changes = [change(&away, seq, &[]), change(&there, seq, &[]), change(&there, seq + 2, &[])];
        let outcomes = board.apply(&changes).await;
        assert!(outcomes[0].is_err());
        if let (Ok(first), Ok(second)) = (&outcomes[1], &outcomes[2]) {
            assert_eq!((*first, *second), (Applied::Done, Applied::Gap(seq + 1)));
            seq += 1;
            worst = worst.max(applied.elapsed());
            applied = Instant::now();
        }
        let found = board.find(&[there.clone(), away.clone()]).await;
        assert!(found[1].is_err());
        if let Ok(found) = found[0] {
            assert_eq!(found, Found::Whole(Version { epoch: EPOCH, seq }));
        }
        // Whoever watches the board that is away asks for it, too.
        let watching = (0..10).map(|_| read_or_fail(&board, &away));
        assert!(futures_util::future::join_all(watching).await.iter().all(Result::is_err));
    }
    assert!(worst.max(applied.elapsed()) < Duration::from_secs(3), "{worst:?} between two changes");
}

/// Two boards of which not both lie on one node.
fn two_on_different_nodes(cluster: &Cluster) -> (BoardId, BoardId) {
    let master_of = |id: &BoardId| cluster.master_of(&Keys::of(id).lock());
    let one = a_quiz();
    let other = repeat_with(a_quiz).find(|other| master_of(other) != master_of(&one));
    (one, other.expect("there is always one more"))
}

#[tokio::test]
async fn boards_are_found_where_a_cluster_moved_them() {
    let cluster = Cluster::start();
    let (board, _shutdown) = opened(&cluster.url());
    let ids: Vec<_> = (0..30).map(|_| a_quiz()).collect();
    for id in &ids {
        put(&board, id, 1, &[10]).await;
    }
    cluster.empty(0);
    assert!(ids.iter().all(|id| cluster.master_of(&Keys::of(id).lock()) != 0));
    for id in &ids {
        assert_eq!(apply(&board, change(id, 1, &[(0, Some(30))])).await, Applied::Done);
    }
}

#[tokio::test]
async fn who_is_told_to_try_again_while_a_board_moves_does_so_in_time() {
    let cluster = Cluster::start();
    let (board, _shutdown) = opened(&cluster.url());
    let id = a_quiz();
    // A board without rows has only one of its keys: the others are looked for where it is moved to.
    put(&board, &id, 1, &[]).await;
    let key = Keys::of(&id).lock();
    let here = cluster.master_of(&key);
    let (here, there) = (&cluster.nodes[here], &cluster.nodes[(here + 1) % cluster.nodes.len()]);
    let slot = here.ask(&["CLUSTER", "KEYSLOT", &key]).concat();
    let own = |node: &Server| node.ask(&["CLUSTER", "MYID"]).concat();
    assert_eq!(there.ask(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &own(here)]), ["OK"]);
    assert_eq!(here.ask(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &own(there)]), ["OK"]);
    let stopping = async {
        let has_told = |node: &Server| node.ask(&["INFO", "errorstats"]).concat().contains("TRYAGAIN");
        until(async || [here, there].into_iter().any(has_told)).await;
        for node in [here, there] {
            assert_eq!(node.ask(&["CLUSTER", "SETSLOT", &slot, "STABLE"]), ["OK"]);
        }
    };
    let looked_for = std::slice::from_ref(&id);
    let (found, ()) = tokio::join!(board.find(looked_for), stopping);
    assert_eq!(well(found), [Found::Whole(Version { epoch: EPOCH, seq: 1 })]);
}

#[tokio::test]
async fn when_sentinels_choose_another_master_boards_go_on_there() {
    let mut group = Sentinels::start();
    let (board, _shutdown) = opened(&group.url());
    let id = a_quiz();
    put(&board, &id, 2, &[10, 20]).await;
    let mut nudges = board.nudges(&id);
    nudge(&mut nudges).await;
    group.stores[0].kill();
    group.wait_until_master(1);
    goes_on(&board, &id, &mut nudges).await;

    // The old master comes back as a replica, and nothing is kept there any more.
    group.stores[0].restart();
    for seq in 10..20 {
        assert_eq!(put(&board, &id, seq, &[10]).await, Applied::Done);
    }
}

/// The board is there soon, or can be made anew, and who watches hears of it.
async fn goes_on(board: &Redis, id: &BoardId, nudges: &mut Nudges) {
    until(async || board.find(std::slice::from_ref(id)).await[0].is_ok()).await;
    until(async || match board.claim(id).await {
        Ok(Some(claim)) => {
            matches!(board.replace(&claim, &snapshot(id, 5, &[10, 20])).await, Ok(Applied::Done))
        }
        _ => false,
    })
    .await;
    nudge(nudges).await;
    assert_eq!(apply(board, change(id, 5, &[(0, Some(30))])).await, Applied::Done);
    assert_eq!(read(board, id, 0, 10).await.unwrap().version.seq, 6);
}

#[tokio::test]
async fn a_server_with_tls_is_reached_by_those_who_know_its_authority_and_are_known() {
    let (ours, id) = (Authority::new(), a_quiz());
    let server = Server::start_with_tls(&ours);
    let (board, _shutdown) = opened(&server.url());
    let mut nudges = board.nudges(&id);
    assert_eq!(put(&board, &id, 1, &[10]).await, Applied::Done);
    nudge(&mut nudges).await;

    let folder = tempfile::tempdir().unwrap();
    let theirs = folder.path().join("ca");
    std::fs::write(&theirs, Authority::new().pem()).unwrap();
    let (address, url) = (server.address(), server.url());
    let (_, own) = url.split_once("&").unwrap();
    for stranger in [
        format!("redis://{address}"),
        format!("rediss://{address}"),
        format!("rediss://{address}?ssl_ca_certs={}&{own}", theirs.display()),
        url.split_once('&').unwrap().0.to_owned(),
    ] {
        let (board, _shutdown) = opened(&stranger);
        assert!(board.find(std::slice::from_ref(&id)).await[0].is_err(), "{stranger}");
    }
}
