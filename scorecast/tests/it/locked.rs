//! What somebody keeps locked in Postgres, and that nothing else waits for it.

use futures_util::future::{join_all, select_all};
use proto::v1::GetStandingsRequest;
use serde_json::json;
use std::time::Duration;

use crate::support::{
    TestApp,
    quiz::{Quiz, host, jwt},
    sql::Sql,
    within,
};

/// Locks a quiz until what is given back is dropped.
async fn lock(app: &TestApp, quiz: &Quiz) -> Sql {
    let mut sql = Sql::open(&app.stores.ledger_url).await;
    sql.execute(&format!("BEGIN; SELECT FROM quiz_counters WHERE quiz_id = '{}' FOR UPDATE", quiz.id)).await;
    sql
}

async fn until_ended(app: &TestApp, quiz: &Quiz) {
    within("it ends by itself", async {
        let path = format!("/admin/quizzes/{}", quiz.id);
        while app.get(&path, Some(&host())).await.ok()["status"] != json!("ended") {}
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiz_that_cannot_be_ended_holds_up_no_other_and_no_board() {
    let app = TestApp::start_on_servers().await;
    let (locked, other) = (app.started_quiz(&[10]).await, app.started_quiz(&[10]).await);
    let _locked = lock(&app, &locked).await;
    app.clock.advance(Duration::from_secs(31 * 60));
    until_ended(&app, &other).await;

    let mut witness = Sql::open(&app.stores.ledger_url).await;
    witness.until_locked_out(1).await;
    let going = app.started_quiz(&[10]).await;
    app.join(&going, "alice_dev").await;
    let keys = ["z", "n", "m"].map(|key| format!("lb:{{{}}}:{key}", going.id));
    within("the board comes back", async {
        app.ask_redis(&["DEL", &keys[0]]);
        while app.ask_redis(&["EXISTS", &keys[0]]) != ["1"] {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiz_that_cannot_be_settled_holds_up_no_other() {
    let app = TestApp::start_on_servers().await;
    let mut quizzes = Vec::new();
    let mut sql = Sql::open(&app.stores.ledger_url).await;
    for _ in 0..2 {
        let quiz = app.pending_quiz(&[10]).await;
        let path = format!("/quizzes/{}/join", quiz.id);
        app.post(&path, Some(&jwt("grace", None)), &json!({ "username": "grace" })).await.ok();
        app.start_quiz(&quiz).await.ok();
        quizzes.push(quiz);
    }
    app.end_quiz(&quizzes[0]).await.ok();
    let settled =
        |quiz: &Quiz| format!("SELECT count(*) FROM runs WHERE is_settled AND quiz_id = '{}'", quiz.id);
    within("the first is settled", async { while sql.number(&settled(&quizzes[0])).await == 0 {} }).await;
    let _lock = lock(&app, &quizzes[0]).await;
    sql.execute("UPDATE runs SET is_settled = FALSE, settled_to = ''").await;
    sql.until_locked_out(1).await;
    app.end_quiz(&quizzes[1]).await.ok();
    within("the second is settled", async { while sql.number(&settled(&quizzes[1])).await == 0 {} }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_strangers_leaves_others_their_way_to_the_ledger() {
    let app = TestApp::start_on_servers().await;
    let quiz = app.started_quiz(&[10]).await;
    app.join(&quiz, "alice_dev").await;
    let mut lock = Sql::open(&app.stores.ledger_url).await;
    lock.execute("BEGIN; LOCK TABLE participants IN ACCESS EXCLUSIVE MODE").await;
    let ask = async |number: u32| {
        let participant_ids = vec![format!("p_{number:012}")];
        let request = GetStandingsRequest { quiz_id: quiz.id.clone(), participant_ids };
        app.scoring().get_standings(request).await
    };
    let asked = select_all((0..24).map(|number| Box::pin(ask(number))));
    let (refused, _, others) = within("some are refused", asked).await;
    assert_eq!(refused.unwrap_err().code(), tonic::Code::Unavailable);
    app.get(&format!("/quizzes/{}/info", quiz.id), None).await.ok();
    lock.execute("COMMIT").await;
    within("all are told something", join_all(others)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_among_others_has_nobody_ranked_by_the_ledger() {
    let app = TestApp::start_on_servers().await;
    let quiz = app.started_quiz(&[10]).await;
    let alice = app.join(&quiz, "alice_dev").await;
    let standings = async || {
        let participant_ids = vec![alice.id.clone(), "p_000000000000".to_owned()];
        let request = GetStandingsRequest { quiz_id: quiz.id.clone(), participant_ids };
        app.scoring().get_standings(request).await
    };
    standings().await.unwrap();
    // Whoever looks at the key of a row in the ledger fails.
    let mut sql = Sql::open(&app.stores.ledger_url).await;
    sql.execute(
        "CREATE OR REPLACE VIEW quiz_rows AS
         SELECT quiz_id AS board, participant_id AS member, username, 0 AS quiz_count,
             CAST(0 AS BIGINT) AS duration_ms, CAST(1 / score AS BIGINT) AS key, seq, removed
         FROM participants",
    )
    .await;
    assert_eq!(standings().await.unwrap().into_inner().standings.len(), 1);
}
