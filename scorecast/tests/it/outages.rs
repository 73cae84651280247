//! One half away: what the other goes on doing, and how all is well again.

use serde_json::json;

use crate::support::{
    TestApp,
    quiz::{RIGHT, row, rows},
};

on_both_pairs! {
    sockets_stay_open_and_stale_while_scoring_is_away_and_follow_again_afterwards,
    while_scoring_is_away_answers_are_told_to_come_again,
    sockets_of_a_gateway_that_leaves_are_told_when_to_come_again_and_find_the_same_board,
}

async fn sockets_stay_open_and_stale_while_scoring_is_away_and_follow_again_afterwards(mut app: TestApp) {
    let quiz = app.started_quiz(&[10, 20]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let mut socket = app.watch(&quiz, &seat).await;
    let version = app.answered(&quiz, &seat, 0, RIGHT).await;
    let before = socket.at(version).await;
    assert_eq!(before.get("stale"), None);

    app.stop_scoring().await;
    let stale = socket.until(|frame| frame["stale"] == json!(true)).await;
    assert_eq!(rows(&stale), rows(&before), "what was known stays on the screen");

    app.start_scoring().await;
    socket.until(|frame| frame.get("stale").is_none()).await;
    let version = app.answered(&quiz, &seat, 1, RIGHT).await;
    assert_eq!(rows(&socket.at(version).await), [row(1, "alice_dev", 30)]);
}

async fn while_scoring_is_away_answers_are_told_to_come_again(mut app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    app.stop_scoring().await;
    assert_eq!(app.answer(&quiz, &seat, 0, RIGHT).await.refusal(), (503, "UNAVAILABLE"));
    app.start_scoring().await;
    crate::support::within("answers are taken again", async {
        while app.answer(&quiz, &seat, 0, RIGHT).await.status == 503 {}
    })
    .await;
    assert_eq!(app.answer(&quiz, &seat, 0, RIGHT).await.refusal(), (409, "ALREADY_ANSWERED"));
}

async fn sockets_of_a_gateway_that_leaves_are_told_when_to_come_again_and_find_the_same_board(
    mut app: TestApp,
) {
    let quiz = app.started_quiz(&[10]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let mut socket = app.watch(&quiz, &seat).await;
    let version = app.answered(&quiz, &seat, 0, RIGHT).await;
    let before = socket.at(version).await;

    let ((code, reason), ()) = tokio::join!(socket.closed(), app.stop_gateway());
    assert_eq!(code, 1001);
    let wait = reason.strip_prefix("retry_after_ms=").and_then(|ms| ms.parse::<u32>().ok());
    assert!(wait.is_some(), "{reason}");

    app.start_gateway().await;
    let again = app.watch(&quiz, &seat).await.frame().await;
    assert_eq!((&again["version"], &again["epoch"]), (&before["version"], &before["epoch"]));
    assert_eq!(rows(&again), rows(&before));
}
