//! The promises, kept over real servers; and what only a server can do to a board: lose keys,
//! forget functions, run out of memory, become a replica, hang, die and come back.

mod several;

use std::time::Instant;

use redis::{Cmd, FromRedisValue, aio::MultiplexedConnection, cmd};

use super::{
    super::{
        contract::{
            self, EPOCH, Stage, a_quiz, apply, at_version, change, claim, find, member, nudge, put, read,
            snapshot,
        },
        model::{self, World},
    },
    *,
};
use crate::{board::Phase, quiz::Status};

async fn stage() -> Stage {
    on(servers::redis::Redis::start())
}

async fn stage_without_functions() -> Stage {
    on(without_functions())
}

fn without_functions() -> servers::redis::Redis {
    servers::redis::Redis::start_with(&["rename-command FUNCTION \"\"", "rename-command FCALL \"\""])
}

fn on(server: servers::redis::Redis) -> Stage {
    let shutdown = Shutdown::default();
    let open = || Arc::new(Redis::open(&server.url(), &shutdown).unwrap());
    Stage::new(open(), open()).with(server)
}

mod functions {
    use super::*;
    contract::suite!(stage);
}

mod scripts {
    use super::*;
    contract::suite!(stage_without_functions);
}

/// A server to break, and a board on it.
pub(super) struct Bench {
    pub(super) server: servers::redis::Redis,
    pub(super) board: Redis,
    raw: MultiplexedConnection,
    _shutdown: Shutdown,
}

impl Bench {
    pub(super) async fn start() -> Self {
        Self::on(servers::redis::Redis::start()).await
    }

    async fn on(server: servers::redis::Redis) -> Self {
        let shutdown = Shutdown::default();
        let board = Redis::open(&server.url(), &shutdown).unwrap();
        let raw = raw(&server).await;
        Self { server, board, raw, _shutdown: shutdown }
    }

    pub(super) async fn ask<T: FromRedisValue>(&self, words: &str) -> T {
        let mut words = words.split(' ');
        let mut cmd: Cmd = cmd(words.next().unwrap());
        cmd.arg(words.collect::<Vec<_>>()).query_async(&mut self.raw.clone()).await.unwrap()
    }

    /// The keys of a board that go a day from now; the others stay.
    async fn keys_that_go(&self, id: &BoardId) -> Vec<&'static str> {
        let mut going = Vec::new();
        for (key, name) in Keys::of(id).board().iter().zip(["z", "n", "m"]) {
            let left: i64 = self.ask(&format!("PTTL {key}")).await;
            assert!(left < 0 || (86_000_000..=86_400_000).contains(&left), "{key} lasts {left} ms");
            if left > 0 {
                going.push(name);
            }
        }
        going
    }

    async fn is_missing(&self, id: &BoardId) -> bool {
        let is_stale = change(id, 0, &[]);
        let follows = change(id, 2, &[(0, Some(30))]);
        contract::well(self.board.apply(&[is_stale, follows]).await) == [Applied::Missing, Applied::Missing]
            && read(&self.board, id, 0, 10).await.is_none()
            && find(&self.board, std::slice::from_ref(id)).await == [Found::Missing]
    }
}

async fn raw(server: &servers::redis::Redis) -> MultiplexedConnection {
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// Asks again and again until it is so.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("it comes to be so");
}

#[tokio::test]
async fn a_board_that_lost_any_one_key_is_missing_and_can_be_rebuilt() {
    let bench = Bench::start().await;
    for name in ["z", "n", "m"] {
        let id = a_quiz();
        put(&bench.board, &id, 2, &[10, 20]).await;
        assert_eq!(bench.ask::<u32>(&format!("DEL lb:{{{id}}}:{name}")).await, 1);
        assert!(bench.is_missing(&id).await, "without {name}");
        assert_eq!(put(&bench.board, &id, 1, &[10, 20]).await, Applied::Done);
        assert_eq!(read(&bench.board, &id, 0, 10).await.unwrap().total, 2);
    }
}

#[tokio::test]
async fn a_board_at_rest_goes_whichever_way_it_came_there_and_stays_once_its_quiz_is_started() {
    let (bench, id) = (Bench::start().await, a_quiz());
    let phase = |status, run| Phase { status: Some(status), run };
    let pending = Snapshot { phase: phase(Status::Pending, 0), ..snapshot(&id, 1, &[]) };
    let claim = claim(&bench.board, &id).await;
    assert_eq!(bench.board.replace(&claim, &pending).await.unwrap(), Applied::Done);
    assert_eq!(bench.keys_that_go(&id).await, ["m"], "there are no rows yet");

    let joined = Change { phase: pending.phase, ..change(&id, 1, &[(0, Some(0))]) };
    assert_eq!(apply(&bench.board, joined).await, Applied::Done);
    assert_eq!(bench.keys_that_go(&id).await, ["z", "n", "m"]);
    assert_eq!(apply(&bench.board, change(&id, 2, &[])).await, Applied::Done);
    assert_eq!(bench.keys_that_go(&id).await, [""; 0]);

    let end = Change { phase: phase(Status::Ended, 1), ..change(&id, 4, &[]) };
    assert_eq!(apply(&bench.board, end.clone()).await, Applied::Gap(3));
    assert_eq!(apply(&bench.board, change(&id, 3, &[(0, Some(30))])).await, Applied::Done);
    assert_eq!(bench.keys_that_go(&id).await, [""; 0]);
    assert_eq!(apply(&bench.board, end).await, Applied::Done);
    assert_eq!(bench.keys_that_go(&id).await, ["z", "n", "m"]);

    assert_eq!(put(&bench.board, &id, 6, &[0]).await, Applied::Done);
    assert_eq!(bench.keys_that_go(&id).await, [""; 0]);
}

#[tokio::test]
async fn a_board_with_something_foreign_in_a_key_is_missing_and_can_be_rebuilt() {
    let bench = Bench::start().await;
    for foreign in ["SET z 1", "SET n 1", "SET m 1", "HSET m epoch x", "HSET m participants -", "ZADD z 1 x"]
    {
        let id = a_quiz();
        put(&bench.board, &id, 2, &[10, 20]).await;
        let (command, rest) = foreign.split_once(' ').unwrap();
        bench.ask::<redis::Value>(&format!("{command} lb:{{{id}}}:{rest}")).await;
        assert!(bench.is_missing(&id).await, "{foreign}");
        assert_eq!(put(&bench.board, &id, 2, &[10, 20]).await, Applied::Done);
        assert_eq!(read(&bench.board, &id, 0, 10).await.unwrap().total, 2);
    }
}

#[tokio::test]
async fn a_server_that_forgot_everything_is_taught_again() {
    let bench = Bench::start().await;
    let id = a_quiz();
    put(&bench.board, &id, 2, &[10, 20]).await;
    bench.ask::<()>("FUNCTION FLUSH").await;
    assert_eq!(apply(&bench.board, change(&id, 2, &[(0, Some(30))])).await, Applied::Done);
    bench.ask::<()>("FLUSHALL").await;
    bench.ask::<()>("FUNCTION FLUSH").await;
    assert!(bench.is_missing(&id).await);
    bench.ask::<()>("FUNCTION FLUSH").await;
    assert_eq!(put(&bench.board, &id, 1, &[10]).await, Applied::Done);
}

#[tokio::test]
async fn a_server_that_refuses_to_write_is_not_read_either_because_it_cannot_follow() {
    for (refuse, allow) in
        [("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"), ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE")]
    {
        for server in [servers::redis::Redis::start(), without_functions()] {
            let bench = Bench::on(server).await;
            let id = a_quiz();
            put(&bench.board, &id, 2, &[10, 20]).await;
            read_or_fail(&bench.board, &id).await.unwrap();
            find(&bench.board, std::slice::from_ref(&id)).await;
            bench.ask::<()>(refuse).await;
            for _ in 0..5 {
                assert!(bench.board.apply(&[change(&id, 2, &[(0, Some(30))])]).await[0].is_err());
                bench.board.claim(&id).await.unwrap_err();
                assert!(bench.board.find(std::slice::from_ref(&id)).await[0].is_err());
                read_or_fail(&bench.board, &id).await.unwrap_err();
            }
            bench.ask::<()>(allow).await;
            assert_eq!(apply(&bench.board, change(&id, 2, &[(0, Some(30))])).await, Applied::Done);
            assert_eq!(read(&bench.board, &id, 0, 10).await.unwrap().version.seq, 3);
        }
    }
}

#[tokio::test]
async fn a_dead_server_is_told_at_once_and_its_return_within_two_seconds() {
    let mut bench = Bench::start().await;
    let id = a_quiz();
    put(&bench.board, &id, 2, &[10, 20]).await;
    let mut nudges = bench.board.nudges(&id);
    nudge(&mut nudges).await;
    bench.server.kill();
    let killed = Instant::now();
    for _ in 0..100 {
        assert!(bench.board.find(std::slice::from_ref(&id)).await[0].is_err());
        assert!(bench.board.apply(&[change(&id, 2, &[])]).await[0].is_err());
    }
    assert!(killed.elapsed() < 4 * REDIS_CALL, "{:?} for 200 calls", killed.elapsed());

    bench.server.restart();
    let returned = Instant::now();
    nudge(&mut nudges).await;
    assert!(returned.elapsed() < Duration::from_secs(2), "nudged after {:?}", returned.elapsed());
    assert!(bench.is_missing(&id).await);
    assert_eq!(put(&bench.board, &id, 2, &[10, 20]).await, Applied::Done);
    nudge(&mut nudges).await;
}

#[tokio::test]
async fn a_hanging_server_holds_nobody_up_for_long() {
    let bench = Bench::start().await;
    let id = a_quiz();
    put(&bench.board, &id, 2, &[10, 20]).await;
    bench.server.pause();
    let paused = Instant::now();
    let calls = (0..50).map(|_| read_or_fail(&bench.board, &id));
    assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_err));
    assert!(paused.elapsed() < 4 * REDIS_CALL, "{:?} for 50 calls at once", paused.elapsed());
    let opened = Instant::now();
    for _ in 0..50 {
        read_or_fail(&bench.board, &id).await.unwrap_err();
    }
    assert!(opened.elapsed() < 4 * REDIS_CALL, "{:?} for 50 calls in a row", opened.elapsed());
    bench.board.replace(&Claim::new(&id), &snapshot(&id, 3, &[1])).await.unwrap_err();

    bench.server.resume();
    let resumed = Instant::now();
    until(async || read_or_fail(&bench.board, &id).await.is_ok()).await;
    assert!(resumed.elapsed() < Duration::from_secs(2), "back after {:?}", resumed.elapsed());
    assert_eq!(apply(&bench.board, change(&id, 2, &[(0, Some(30))])).await, Applied::Done);
}

async fn read_or_fail(board: &Redis, id: &BoardId) -> Result<Option<View>> {
    board.read(id, Window::Page { offset: 0, limit: 1 }, &[]).await
}

#[tokio::test]
async fn a_server_may_come_later() {
    let mut server = servers::redis::Redis::start();
    server.kill();
    let shutdown = Shutdown::default();
    let (board, id) = (Redis::open(&server.url(), &shutdown).unwrap(), a_quiz());
    let mut nudges = board.nudges(&id);
    board.claim(&id).await.unwrap_err();
    server.restart();
    nudge(&mut nudges).await;
    assert_eq!(put(&board, &id, 1, &[10]).await, Applied::Done);
    assert!(shutdown.drain(Duration::from_secs(5)).await, "listening ends");
}

#[tokio::test]
async fn more_rows_of_one_version_than_a_call_carries_ask_for_a_rebuild() {
    let bench = Bench::start().await;
    let id = a_quiz();
    put(&bench.board, &id, 0, &[]).await;
    let rows: Vec<_> = (0..8193).map(|number| (number, Some(1))).collect();
    let mut at_once = change(&id, 0, &rows);
    at_once.rows = at_once.rows.into_iter().map(|row| at_version(row, 1)).collect();
    at_once.to = 1;
    assert_eq!(apply(&bench.board, at_once).await, Applied::Missing);
}

#[tokio::test]
async fn each_change_is_told_once_in_the_words_of_the_channel() {
    let bench = Bench::start().await;
    let id = a_quiz();
    let client = redis::Client::open(bench.server.url()).unwrap();
    let (mut sink, mut messages) = client.get_async_pubsub().await.unwrap().split();
    sink.subscribe(format!("quiz:updates:{id}")).await.unwrap();
    let rows: Vec<_> = (0..300).map(|number| (number, Some(7))).collect();
    put(&bench.board, &id, 1, &[10, 20]).await;
    apply(&bench.board, change(&id, 1, &rows)).await;
    apply(&bench.board, change(&id, 1, &rows)).await;
    apply(&bench.board, change(&id, 301, &[])).await;
    bench.board.forget(&id).await.unwrap();
    let last = member(299);
    for expected in [
        r#"{"version":1,"changed":2}"#.to_owned(),
        format!(r#"{{"participant_id":"{last}","score":7,"version":301,"changed":300}}"#),
        r#"{"version":302,"changed":0}"#.to_owned(),
        r#"{"version":0,"changed":0}"#.to_owned(),
    ] {
        let message = futures_util::StreamExt::next(&mut messages).await.unwrap();
        assert_eq!(message.get_payload::<String>().unwrap(), expected);
    }
}

#[tokio::test]
async fn a_board_is_listened_to_while_somebody_watches_it() {
    let bench = Bench::start().await;
    let id = a_quiz();
    let listeners = async || bench.ask::<(String, u32)>(&format!("PUBSUB NUMSUB quiz:updates:{id}")).await.1;
    let mut first = bench.board.nudges(&id);
    let second = bench.board.nudges(&id);
    nudge(&mut first).await;
    drop(first);
    assert_eq!(listeners().await, 1);
    drop(second);
    until(async || listeners().await == 0).await;
    let mut third = bench.board.nudges(&id);
    nudge(&mut third).await;
    assert_eq!(listeners().await, 1);
}

#[tokio::test]
async fn a_claim_ends_by_itself() {
    let bench = Bench::start().await;
    let id = a_quiz();
    let unused = claim(&bench.board, &id).await;
    let left: i64 = bench.ask(&format!("PTTL lb:{{{id}}}:lock")).await;
    assert!((1..=3_000).contains(&left), "{left} ms");
    bench.ask::<u32>(&format!("PEXPIRE lb:{{{id}}}:lock 1")).await;
    until(async || bench.board.claim(&id).await.unwrap().is_some()).await;
    assert_eq!(bench.board.replace(&unused, &snapshot(&id, 1, &[10])).await.unwrap(), Applied::Missing);
    assert_eq!(bench.ask::<Vec<String>>("KEYS *").await, [format!("lb:{{{id}}}:lock")]);
}

#[tokio::test]
async fn versions_and_epochs_are_exact_up_to_two_to_the_53rd() {
    let bench = Bench::start().await;
    let (id, last) = (a_quiz(), (1 << 53) - 1);
    put(&bench.board, &id, last - 2, &[10]).await;
    assert_eq!(apply(&bench.board, change(&id, last - 1, &[])).await, Applied::Gap(last - 2));
    assert_eq!(apply(&bench.board, change(&id, last - 2, &[])).await, Applied::Done);
    assert_eq!(apply(&bench.board, change(&id, last - 1, &[])).await, Applied::Done);
    let version = Version { epoch: EPOCH, seq: last };
    assert_eq!(find(&bench.board, &[id]).await, [Found::Whole(version)]);
}

impl World for Bench {
    fn board(&self) -> &dyn Board {
        &self.board
    }

    async fn lose_everything(&self, _id: &BoardId) {
        self.ask::<()>("FLUSHALL").await;
    }

    async fn lose_a_key(&self, id: &BoardId, number: usize) {
        self.ask::<u32>(&format!("DEL {}", Keys::of(id).board()[number])).await;
    }

    async fn end_claim(&self, id: &BoardId) {
        self.ask::<u32>(&format!("DEL {}", Keys::of(id).lock())).await;
    }
}

/// Portions so small that changes and boards of the model take several calls.
const CRUMBS: Portions = Portions { change: 4, load: 1 };

#[tokio::test]
async fn the_chain_of_changes_holds_whatever_happens() {
    let mut bench = Bench::start().await;
    bench.board.portions = CRUMBS;
    model::runs(&bench, model::runs_or(50)).await.unwrap();
}

#[tokio::test]
async fn a_chain_with_any_one_rule_broken_does_not_hold() {
    for (rule, broken) in [
        ("if from > applied then", "if false then"),
        ("if epoch < present or to <= applied then", "if epoch < present then"),
        ("if epoch < present or to <= applied then", "if to <= applied then"),
        ("if epoch > present then", "if false then"),
        ("if redis.pcall('ZCARD', z) ~= total or redis.pcall('HLEN', n) ~= total then", "if false then"),
        ("    if present > tonumber(epoch) or", "    if false and"),
    ] {
        let mut bench = Bench::start().await;
        bench.board.portions = CRUMBS;
        bench.board.functions = Functions::broken(rule, broken);
        let found = model::runs(&bench, 100).await;
        assert!(found.is_err(), "nobody found that {rule:?} was {broken:?}");
    }
}
