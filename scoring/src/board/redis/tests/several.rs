//! Redis in other shapes than one server in the clear: a cluster, sentinels, TLS.

use std::sync::OnceLock;

use servers::{
    certificates::Authority,
    redis::{Cluster, Redis as Server, Sentinels},
};

use super::*;
use crate::board::contract::nudge;

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
    let found = board.find(&ids).await.unwrap();
    for ((number, seq), found) in (0..).zip(10..).zip(found) {
        let whole = Found::Whole(Version { epoch: EPOCH, seq });
        assert_eq!(found, if number % 2 == 0 { whole } else { Found::Missing }, "board {number}");
    }
    let changes: Vec<_> = (10..).zip(&ids).map(|(seq, id)| change(id, seq, &[(0, Some(30))])).collect();
    let applied = board.apply(&changes).await.unwrap();
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
        assert_eq!(board.find(&ids).await.unwrap().len(), ids.len());
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
    until(async || board.find(std::slice::from_ref(id)).await.is_ok()).await;
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
        board.find(std::slice::from_ref(&id)).await.expect_err(&stranger);
    }
}
