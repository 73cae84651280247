//! Who waits for whom, and for how long, where places are few.

use tokio::{
    io::{AsyncWriteExt as _, copy_bidirectional},
    net::TcpStream,
    sync::Notify,
};

use super::*;
use crate::ledger::contract::play::call;

/// Locks a quiz, as a long step of another process does, until what is given back is dropped.
async fn hold(fresh: &Fresh, quiz: QuizId) -> PgConnection {
    let mut other = PgConnection::connect(&fresh.url).await.unwrap();
    let hold = format!("BEGIN; SELECT FROM quiz_counters WHERE quiz_id = '{quiz}' FOR UPDATE");
    other.execute(AssertSqlSafe(hold)).await.unwrap();
    other
}

/// Waits until so many in this database wait for a lock.
async fn until_so_many_wait(fresh: &Fresh, count: i64) {
    let mut witness = PgConnection::connect(&fresh.url).await.unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while witness.fetch_one(waiting).await.unwrap().get::<i64, _>(0) < count {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_a_quiz_that_somebody_holds_keeps_nobody_of_another_waiting() {
    let fresh = Fresh::postgres().await;
    let (held, free) = (fresh.game(1, &["ada"]).await, fresh.game(1, &["bob"]).await);
    let mut other = hold(&fresh, held.quiz).await;
    let crowd: Vec<Join> = (0..8)
        .map(|number| Join { join_id: call(&format!("call-{number}")), ..named(&format!("ada{number}")) })
        .collect();
    let (refused, took) =
        tokio::join!(join_all(crowd.iter().map(|join| fresh.ledger.join(held.quiz, join))), async {
            until_so_many_wait(&fresh, 8).await;
            let asked = Instant::now();
            fresh.join(free.quiz, "cyd").await;
            asked.elapsed()
        });
    assert!(took < HELD_WRITE_WAIT + Duration::from_secs(1), "{took:?}");
    for refused in refused {
        let error = refused.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    }

    other.execute("COMMIT").await.unwrap();
    for join in &crowd {
        assert!(
            fresh.ledger.join(held.quiz, join).await.unwrap().change.is_some(),
            "nothing was done before"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_ends_a_quiz_that_somebody_holds_waits_longer_than_who_joins_it() {
    let fresh = Fresh::postgres().await;
    let game = fresh.game(1, &["ada"]).await;
    let mut other = hold(&fresh, game.quiz).await;
    let (ended, ()) = tokio::join!(fresh.ledger.end(game.quiz), async {
        until_so_many_wait(&fresh, 1).await;
        // Time passes in the server alone.
        let longer = format!("SELECT pg_sleep({})", (2 * HELD_WRITE_WAIT).as_secs_f64());
        other.execute(AssertSqlSafe(longer)).await.unwrap();
        other.execute("COMMIT").await.unwrap();
    });
    ended.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_lanes_than_connections_take_turns() {
    let fresh = Fresh::postgres().await;
    let game = fresh.game(8, &["ada", "bob"]).await;
    let few = open(&fresh.url, 1, Clock::default()).unwrap();
    let lane = async |seat: usize| {
        for question in 0..8 {
            few.record(&[game.answer(seat, question, 10)]).await.unwrap();
        }
    };
    let asked = Instant::now();
    tokio::join!(lane(0), lane(1));
    assert!(asked.elapsed() < POSTGRES_CONNECTS, "{:?}", asked.elapsed());
}

/// Leads to a database. On the first connection nothing passes any more from the ping on that is
/// sent once a connection came to rest; says when that is.
async fn link_that_dies_at_a_ping(url: &str) -> (String, Arc<Notify>) {
    let options = PgConnectOptions::from_str(url).unwrap();
    let server = format!("{}:{}", options.get_host(), options.get_port());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = url.replace(&server, &listener.local_addr().unwrap().to_string());
    assert_ne!(link, url);
    let is_dead = Arc::new(Notify::new());
    let died = Arc::clone(&is_dead);
    tokio::spawn(async move {
        let (mut caller, _) = listener.accept().await.unwrap();
        let mut called = TcpStream::connect(&server).await.unwrap();
        let (mut asked, mut told) = ([0; 1 << 16], [0; 1 << 16]);
        let mut is_at_rest = false;
        loop {
            tokio::select! {
                read = caller.read(&mut asked) => {
                    if is_at_rest {
                        break;
                    }
                    let asked = &asked[..read.unwrap()];
                    called.write_all(asked).await.unwrap();
                    is_at_rest = asked.ends_with(b"Q\0\0\0\x05\0");
                }
                read = called.read(&mut told) => caller.write_all(&told[..read.unwrap()]).await.unwrap(),
            }
        }
        is_dead.notify_one();
        loop {
            let (mut caller, _) = listener.accept().await.unwrap();
            let mut called = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut caller, &mut called).await });
        }
    });
    (link, died)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_whose_connection_dies_on_its_way_back_is_free_again() {
    let fresh = Fresh::postgres().await;
    for is_transaction in [false, true] {
        let (link, died) = link_that_dies_at_a_ping(&fresh.url).await;
        let ledger = open(&link, 1, Clock::default()).unwrap();
        if is_transaction {
            ledger.questions(QuizId::random()).await.unwrap_err();
        } else {
            ledger.now().await.unwrap();
        }
        died.notified().await;
        // Who comes at once may find nobody, but nobody waits twice.
        let asked = Instant::now();
        if ledger.now().await.is_err() {
            ledger.now().await.unwrap();
        }
        assert!(asked.elapsed() < 2 * POSTGRES_CONNECTS, "{:?}", asked.elapsed());
    }
}
