//! What is Postgres' own: outages, waits, and the plans of the hot path.

mod waits;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use servers::{certificates::Authority, postgres::Postgres};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use tokio::{io::AsyncReadExt as _, net::TcpListener};

use super::*;
use crate::{
    board::{BoardId, Member, Window},
    config::bounds::LEDGER_CLOSES,
    ids::{ParticipantId, QuizId},
    ledger::{
        Error, Join, Outcome, Recorded, User,
        contract::{
            Fresh,
            play::{Game, named, worth},
        },
    },
    quiz::Plan,
    refusal::Refusal,
};

fn ledger_in(postgres: &Postgres) -> Arc<dyn Ledger> {
    open(&postgres.url(), 8, Clock::default()).unwrap()
}

/// Makes a quiz, which takes both kinds of connections into use.
async fn make_quiz(ledger: &dyn Ledger) -> crate::ledger::Result<QuizId> {
    let plan = Plan::parse("a quiz", "", "", None).unwrap();
    let quiz = ledger.create("host", &plan).await?;
    Ok(ledger.quiz(quiz.id).await?.id)
}

/// Asks until it answers again.
async fn comes_back(ledger: &dyn Ledger) {
    let until = Instant::now() + Duration::from_secs(20);
    while let Err(error) = make_quiz(ledger).await {
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
        assert!(Instant::now() < until, "it does not come back");
    }
}

async fn is_unavailable_within(limit: Duration, ledger: &dyn Ledger) {
    let asked = Instant::now();
    let error = make_quiz(ledger).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert!(asked.elapsed() < limit, "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_unavailable_and_what_it_committed_comes_back_with_it() {
    let mut postgres = Postgres::start();
    let ledger = ledger_in(&postgres);
    ledger.migrate().await.unwrap();
    let quiz = make_quiz(&*ledger).await.unwrap();

    postgres.kill();
    for _ in 0..2 {
        is_unavailable_within(Duration::from_secs(4), &*ledger).await;
    }
    postgres.restart();
    comes_back(&*ledger).await;
    assert_eq!(ledger.quiz(quiz).await.unwrap().id, quiz);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_up_on_whoever_calls_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://postgres@{}/postgres", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut caller, _) = listener.accept().await.unwrap();
            // All that it asks is read: what is unread would make this a reset.
            let _ = caller.read(&mut [0; 64]).await;
        }
    });
    let ledger = open(&url, 8, Clock::default()).unwrap();
    is_unavailable_within(Duration::from_secs(10), &*ledger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_is_unavailable_until_it_goes_on() {
    let postgres = Postgres::start();
    let ledger = ledger_in(&postgres);
    ledger.migrate().await.unwrap();
    make_quiz(&*ledger).await.unwrap();

    postgres.pause();
    is_unavailable_within(Duration::from_secs(7), &*ledger).await;
    postgres.resume();
    comes_back(&*ledger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_keeps_nobody_from_closing() {
    let postgres = Postgres::start();
    let ledger = ledger_in(&postgres);
    ledger.migrate().await.unwrap();
    postgres.pause();
    // It keeps its connection for as long as a long call may take.
    let mut migrating = std::pin::pin!(ledger.migrate());
    timeout(Duration::from_millis(100), &mut migrating).await.unwrap_err();
    timeout(10 * LEDGER_CLOSES, ledger.close()).await.expect("it closes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_recorded_after_somebody_gave_up_beginning_is_committed() {
    let postgres = Postgres::start();
    let fresh = Fresh::at(postgres.url(), None).await;
    let game = fresh.game(2, &["ada"]).await;
    for (question, name) in [(0, "bob"), (1, "cyd")] {
        postgres.pause();
        let join = named(name);
        timeout(Duration::from_millis(100), fresh.ledger.join(game.quiz, &join)).await.unwrap_err();
        postgres.resume();
        fresh.record_one(&game.answer(0, question, 10)).await;
        let mut witness = PgConnection::connect(&fresh.url).await.unwrap();
        let seen = witness.fetch_one("SELECT count(*) FROM answers").await.unwrap();
        assert_eq!(
            seen.get::<i64, _>(0),
            1 + i64::try_from(question).unwrap(),
            "acknowledged, not committed"
        );
    }
}

/// How many connections have recorded.
const RECORDERS: &str = "pg_stat_activity WHERE datname = current_database() AND query LIKE 'WITH named%'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_go_by_one_connection_and_one_that_is_lost_is_replaced() {
    let postgres = Postgres::start();
    let fresh = Fresh::at(postgres.url(), None).await;
    let game = fresh.game(10, &["ada"]).await;
    let mut witness = PgConnection::connect(&fresh.url).await.unwrap();
    let begun = Instant::now();
    for question in 0..9 {
        fresh.record_one(&game.answer(0, question, 10)).await;
    }
    // After each second it may be another one.
    let at_most = 1 + begun.elapsed().as_secs().cast_signed();
    let ask = AssertSqlSafe(format!("SELECT count(*) FROM {RECORDERS}"));
    let recorders: i64 = witness.fetch_one(ask).await.unwrap().get(0);
    assert!((1..=at_most).contains(&recorders), "{recorders} connections");

    let cut = AssertSqlSafe(format!("SELECT pg_terminate_backend(pid, 5000) FROM {RECORDERS}"));
    let cut = witness.fetch_all(cut).await.unwrap();
    assert!(cut.iter().all(|row| row.get::<bool, _>(0)));
    let answer = game.answer(0, 9, 10);
    // One that went back to the pool just then is replaced before anybody notices.
    match fresh.ledger.record(std::slice::from_ref(&answer)).await {
        Err(error) => {
            assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
            fresh.record_one(&answer).await;
        }
        Ok(recorded) => assert!(matches!(*recorded.outcomes, [Outcome::Counted(_)])),
    }
}

#[tokio::test]
async fn opening_waits_for_no_server() {
    let mut postgres = Postgres::start();
    postgres.stop();
    let ledger = ledger_in(&postgres);
    let error = ledger.migrate().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    postgres.restart();
    ledger.migrate().await.unwrap();
    let nowhere = ledger.quiz(QuizId::random()).await;
    assert!(matches!(nowhere, Err(Error::Refused(Refusal::QuizNotFound))), "{nowhere:?}");
}

/// Records an answer while somebody else holds the lock of its quiz, changes something, and commits.
async fn record_during(fresh: &Fresh, game: &Game, change: &'static str) -> Recorded {
    let mut other = PgConnection::connect(&fresh.url).await.unwrap();
    other.execute("BEGIN; SELECT FROM quiz_counters FOR UPDATE").await.unwrap();
    other.execute(change).await.unwrap();
    let answer = [game.answer(0, 0, 10)];
    let patient = open_waiting(LEDGER_CALL, &fresh.url, 1, Clock::default()).unwrap();
    let (recorded, ()) = tokio::join!(patient.record(&answer), async {
        until_somebody_waits(fresh).await;
        other.execute("COMMIT").await.unwrap();
    });
    recorded.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_while_a_batch_waits_for_its_quiz_is_heeded() {
    for (change, expected) in [
        ("UPDATE quiz_counters SET status = 'ended'", Outcome::Refused(Refusal::QuizEnded)),
        ("UPDATE quiz_counters SET ends_at = started_at - 1", Outcome::Refused(Refusal::QuizEnded)),
        ("UPDATE quiz_counters SET run = 2", Outcome::OtherRun),
        ("UPDATE participants SET removed = TRUE", Outcome::Refused(Refusal::NotAParticipant)),
    ] {
        let fresh = Fresh::postgres().await;
        let game = fresh.game(1, &["ada"]).await;
        assert_eq!(record_during(&fresh, &game, change).await.outcomes, [expected], "{change}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiz_that_somebody_holds_keeps_no_answer_of_another_waiting() {
    let fresh = Fresh::postgres().await;
    let (held, free) = (fresh.game(1, &["ada"]).await, fresh.game(1, &["bob"]).await);
    let batch = [held.answer(0, 0, 10), free.answer(0, 0, 10)];
    let mut other = PgConnection::connect(&fresh.url).await.unwrap();
    let hold = format!("BEGIN; SELECT FROM quiz_counters WHERE quiz_id = '{}' FOR UPDATE", held.quiz);
    other.execute(AssertSqlSafe(hold)).await.unwrap();

    let recorded = fresh.record(&batch).await;
    assert_eq!(recorded.outcomes[0], Outcome::Held);
    assert_eq!(worth(&recorded.outcomes[1]), (10, 10));
    let moved: Vec<_> = recorded.changes.iter().map(|change| change.board.clone()).collect();
    assert_eq!(moved, [BoardId::Quiz(free.quiz)], "nothing was done to the quiz that is held");

    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(worth(&fresh.record_one(&batch[0]).await), (10, 10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_that_is_taken_while_a_batch_waits_for_its_quiz_can_answer() {
    let fresh = Fresh::postgres().await;
    let game = fresh.game(1, &["ada"]).await;
    fresh.execute("UPDATE participants SET removed = TRUE").await;
    let recorded = record_during(&fresh, &game, "UPDATE participants SET removed = FALSE").await;
    assert_eq!(worth(&recorded.outcomes[0]), (10, 10));
    let [first, second] = &recorded.changes[..] else { panic!("a change for each of two tries") };
    assert_eq!((first.to, first.rows.len(), second.rows.len()), (second.from, 0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_while_an_upload_brings_the_same_person_keeps_no_answer_waiting() {
    let fresh = Fresh::postgres().await;
    let game = fresh.game(1, &["ada"]).await;
    let mut upload = PgConnection::connect(&fresh.url).await.unwrap();
    upload.execute("BEGIN; INSERT INTO users VALUES ('u_000000000007', 'school', '7')").await.unwrap();

    let user = Some(User { issuer: "school".to_owned(), subject: "7".to_owned() });
    let bob = Join { user, ..named("bob") };
    let ((), joined) = tokio::join!(
        async {
            until_somebody_waits(&fresh).await;
            assert_eq!(worth(&fresh.record_one(&game.answer(0, 0, 10)).await), (10, 10));
            upload.execute("COMMIT").await.unwrap();
        },
        fresh.ledger.join(game.quiz, &bob),
    );
    assert_eq!(joined.unwrap().seat.username, "bob");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_ranked_for_somebody_who_is_not_there() {
    let fresh = Fresh::postgres().await;
    let game = fresh.game(1, &["ada"]).await;
    // Whoever looks at the key of a row fails.
    fresh
        .execute(
            "CREATE OR REPLACE VIEW quiz_rows AS
             SELECT quiz_id AS board, participant_id AS member, username, 0 AS quiz_count,
                 CAST(0 AS BIGINT) AS duration_ms, CAST(1 / score AS BIGINT) AS key, seq, removed
             FROM participants",
        )
        .await;
    let (board, none) = (BoardId::Quiz(game.quiz), Window::Page { offset: 0, limit: 0 });
    let [stranger, ada] = [ParticipantId::random(), game.seats[0]].map(Member::Participant);
    fresh.ledger.view(&board, none, &[stranger, ada]).await.unwrap_err();
    let view = fresh.ledger.view(&board, none, &[stranger]).await.unwrap();
    assert_eq!((view.standings, view.total), (vec![None], 1));
}

/// Waits until somebody in this database waits for a lock.
async fn until_somebody_waits(fresh: &Fresh) {
    let mut witness = PgConnection::connect(&fresh.url).await.unwrap();
    let waiting = "SELECT FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while witness.fetch_optional(waiting).await.unwrap().is_none() {}
}

/// The first answer of a ledger, and whether it came by TLS.
async fn is_secure(url: &str) -> crate::ledger::Result<bool> {
    let ledger = open(url, 8, Clock::default()).unwrap();
    ledger.now().await?;
    ledger.close().await;
    let options = PgConnectOptions::from_str(url).unwrap();
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    let asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    Ok(connection.fetch_one(asked).await.unwrap().get(0))
}

#[tokio::test]
async fn a_server_is_spoken_to_by_tls_as_the_url_demands() {
    let (ours, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let postgres = Postgres::start_with_tls(&ours);
    let file = |name: &str, authority: &Authority| {
        let file = folder.path().join(name);
        std::fs::write(&file, authority.pem()).unwrap();
        file.display().to_string()
    };
    let (ours, theirs) = (file("ours", &ours), file("theirs", &Authority::new()));
    let url = |query: String| format!("{}?{query}", postgres.url());
    assert!(!is_secure(&url("sslmode=disable".to_owned())).await.unwrap());
    assert!(is_secure(&url("sslmode=require".to_owned())).await.unwrap());
    assert!(is_secure(&url(format!("sslmode=verify-full&sslrootcert={ours}"))).await.unwrap());
    for refused in ["sslmode=verify-full".to_owned(), format!("sslmode=verify-full&sslrootcert={theirs}")] {
        let error = is_secure(&url(refused)).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_) | Error::Failed(_)), "{error:?}");
    }
    let plain = Postgres::shared();
    is_secure(&format!("{}?sslmode=require", plain.url())).await.expect_err("it speaks no TLS");
}

#[test]
fn a_url_that_leads_nowhere_is_refused_without_repeating_it() {
    let refused = open("postgres://ada:secret@host:port/", 8, Clock::default()).err().unwrap();
    assert!(refused.contains("LEDGER_URL") && !refused.contains("secret"), "{refused}");
}

#[test]
fn what_a_long_transaction_tells_the_server_is_how_long_the_call_waits() {
    let limit = format!("statement_timeout = '{}s'", LEDGER_LONG_CALL.as_secs());
    for begin in [BEGIN_LONG, BEGIN_MIGRATION] {
        assert!(begin.contains(&limit), "{begin}");
    }
}

#[tokio::test]
async fn no_more_connections_are_made_than_the_settings_allow() {
    let url = Postgres::shared().fresh_database();
    let ledger = open(&url, 2, Clock::default()).unwrap();
    ledger.migrate().await.unwrap();
    for made in join_all((0..30).map(|_| make_quiz(&*ledger))).await {
        made.unwrap();
    }
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let ours = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'scoring'";
    let count: i64 = connection.fetch_one(ours).await.unwrap().get(0);
    assert!((2..=4).contains(&count), "{count}, where two may write and two read");
}

/// The plan of a statement for a whole batch, as a connection of the writer makes it.
async fn plan(connection: &mut PgConnection, statement: &str, arguments: usize) -> String {
    // Placeholders without values are planned as in a plan that is kept: without looking at them.
    connection.execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
    connection.execute(AssertSqlSafe(format!("PREPARE hot AS {statement}"))).await.unwrap();
    let nulls = vec!["NULL"; arguments].join(", ");
    let explain = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN EXECUTE hot ({nulls})")));
    let lines = explain.fetch_all(&mut *connection).await.unwrap();
    connection.execute("DEALLOCATE hot").await.unwrap();
    lines.iter().map(|line| line.get::<String, _>(0) + "\n").collect()
}

/// On fresh tables, where everything looks equally cheap: a plan that is made there is kept.
#[tokio::test]
async fn the_hot_path_reaches_its_rows_by_their_keys_alone() {
    let url = Postgres::shared().fresh_database();
    super::open(&url, 8, Clock::default()).unwrap().migrate().await.unwrap();
    let options = PgConnectOptions::from_str(&url).unwrap().options(WRITER);
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    for (statement, arguments) in [(record::INSERT, 13), (record::LOOK_UP, 8)] {
        let plan = plan(&mut connection, statement, arguments).await;
        for (table, key) in [
            ("quiz_counters", &["quiz_id = "][..]),
            ("participants", &["quiz_id = ", "participant_id = "]),
            ("answers", &["quiz_id = ", "run = ", "participant_id = ", "n_id = "]),
        ] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{table} is scanned:\n{plan}");
            let conditions: Vec<&str> = conditions_on(table, &plan);
            assert!(!conditions.is_empty() || table == "answers", "{table} is read:\n{plan}");
            for condition in conditions {
                assert!(
                    key.iter().all(|column| condition.contains(column)),
                    "{table} by {condition}:\n{plan}"
                );
            }
        }
    }
}

/// By what the indexes of a table are searched.
fn conditions_on<'a>(table: &str, plan: &'a str) -> Vec<&'a str> {
    let mut lines = plan.lines();
    let mut conditions = Vec::new();
    while let Some(line) = lines.next() {
        let is_search = line.contains("Index Scan") || line.contains("Index Only Scan");
        if is_search && line.contains(&format!(" {table}_")) {
            conditions.push(lines.next().filter(|line| line.contains("Index Cond")).unwrap_or("nothing"));
        }
    }
    conditions
}
