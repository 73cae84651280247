//! What a board was not told: by a caller that hung up, a process that died, a Redis that takes
//! nothing.

use proto::v1::JoinQuizRequest;
use scoring::{
    clock::Clock,
    ledger::{self, Join, Ledger},
    quiz::Username,
};

use crate::support::{
    TestApp,
    quiz::{Quiz, Row, host, row, rows},
    sql::Sql,
    within,
};

fn keys(quiz: &Quiz) -> [String; 3] {
    ["z", "n", "m"].map(|key| format!("lb:{{{}}}:{key}", quiz.id))
}

/// The ledger as another process has it, which never tells a board.
fn ledger_of(app: &TestApp) -> std::sync::Arc<dyn Ledger> {
    ledger::open(&app.stores.ledger_url, 2, Clock::default()).unwrap()
}

async fn join_untold(app: &TestApp, quiz: &Quiz, name: &str) {
    let join = Join { username: Username::parse(name).unwrap(), user: None, join_id: None };
    ledger_of(app).join(quiz.id.parse().unwrap(), &join).await.unwrap();
}

async fn board_shows(app: &TestApp, quiz: &Quiz, mut expected: Vec<Row>) {
    expected.sort();
    within("the board shows them", async {
        loop {
            let board = app.get(&format!("/quizzes/{}/leaderboard", quiz.id), None).await.ok();
            let mut rows = rows(&board);
            rows.sort();
            if rows == expected {
                return;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_whose_caller_hangs_up_is_carried_out_and_shown() {
    let app = TestApp::start_on_servers().await;
    let quiz = app.pending_quiz(&[10]).await;
    app.join(&quiz, "alice_dev").await;
    let mut lock = Sql::open(&app.stores.ledger_url).await;
    lock.execute("BEGIN; SELECT FROM quiz_counters FOR UPDATE").await;
    let join = JoinQuizRequest { quiz_id: quiz.id.clone(), username: "bob".to_owned(), ..Default::default() };
    let mut quizzes = app.quizzes();
    let mut witness = Sql::open(&app.stores.ledger_url).await;
    tokio::select! {
        _ = quizzes.join_quiz(join) => panic!("the quiz is locked"),
        () = witness.until_locked_out(1) => {}
    }
    lock.execute("COMMIT").await;
    board_shows(&app, &quiz, vec![row(1, "alice_dev", 0), row(1, "bob", 0)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_pending_quiz_that_nobody_told_comes_to_its_board() {
    let mut app = TestApp::start_on_servers().await;
    let quiz = app.pending_quiz(&[10]).await;
    app.join(&quiz, "alice_dev").await;
    board_shows(&app, &quiz, vec![row(1, "alice_dev", 0)]).await;
    join_untold(&app, &quiz, "bob").await;
    board_shows(&app, &quiz, vec![row(1, "alice_dev", 0), row(1, "bob", 0)]).await;

    // An hour before the only process comes back.
    app.stop_gateway().await;
    app.stop_scoring().await;
    join_untold(&app, &quiz, "cy").await;
    let an_hour_ago = "UPDATE quiz_counters SET moved_at = moved_at - 3600000";
    Sql::open(&app.stores.ledger_url).await.execute(an_hour_ago).await;
    app.start_scoring().await;
    app.start_gateway().await;
    board_shows(&app, &quiz, ["alice_dev", "bob", "cy"].map(|name| row(1, name, 0)).to_vec()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_of_a_quiz_deleted_while_redis_takes_nothing_goes_afterwards() {
    let app = TestApp::start_on_servers().await;
    let quiz = app.pending_quiz(&[10]).await;
    app.join(&quiz, "alice_dev").await;
    within("the board is there, for a time", async {
        let ttl = |key: &String| app.ask_redis(&["PTTL", key])[0].parse::<i64>().unwrap();
        while !keys(&quiz).iter().all(|key| ttl(key) > 0) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // As after a failover: nothing can be changed there.
    app.ask_redis(&["REPLICAOF", "127.0.0.1", "1"]);
    app.delete(&format!("/admin/quizzes/{}", quiz.id), Some(&host())).await.ok();
    app.ask_redis(&["REPLICAOF", "NO", "ONE"]);
    within("the board goes", async {
        while keys(&quiz).iter().any(|key| app.ask_redis(&["EXISTS", key]) == ["1"]) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_of_a_quiz_that_is_gone_is_not_shown_whoever_deleted_it() {
    let app = TestApp::start_on_servers().await;
    let quiz = app.pending_quiz(&[10]).await;
    app.join(&quiz, "alice_dev").await;
    board_shows(&app, &quiz, vec![row(1, "alice_dev", 0)]).await;
    ledger_of(&app).delete(quiz.id.parse().unwrap()).await.unwrap();
    within("it is gone", async {
        while app.get(&format!("/quizzes/{}/leaderboard", quiz.id), None).await.status != 404 {}
    })
    .await;
}
