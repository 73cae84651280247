//! The life of a quiz: its end by the clock, and another run.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    TestApp,
    quiz::{RIGHT, host, row, rows, text},
};

const LONGER_THAN_A_QUIZ: Duration = Duration::from_secs(31 * 60);

on_both_pairs! {
    a_quiz_past_its_time_takes_no_answers_and_is_ended_by_itself_at_its_end_time,
    a_quiz_whose_time_ran_out_while_nothing_ran_has_ended_at_its_end_time,
    another_run_keeps_seats_and_tokens_and_begins_at_zero_in_one_change,
    a_user_has_one_seat_however_often_it_joins_and_an_anonymous_join_is_always_another,
    a_deleted_quiz_is_gone_with_its_sockets,
}

async fn a_quiz_past_its_time_takes_no_answers_and_is_ended_by_itself_at_its_end_time(app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let mut socket = app.watch(&quiz, &seat).await;
    let path = format!("/admin/quizzes/{}", quiz.id);
    let end_time = text(&app.get(&format!("{path}/status"), Some(&host())).await.ok()["end_time"]);

    app.clock.advance(LONGER_THAN_A_QUIZ);
    assert_eq!(app.answer(&quiz, &seat, 0, RIGHT).await.refusal(), (409, "QUIZ_ENDED"));
    let last = socket.until(|frame| frame["status"] == "ended").await;
    assert_eq!(rows(&last), [row(1, "alice_dev", 0)]);
    let ended = app.get(&path, Some(&host())).await.ok();
    assert_eq!((ended["status"].as_str(), ended["ended_at"].as_str()), (Some("ended"), Some(&*end_time)));
}

async fn a_quiz_whose_time_ran_out_while_nothing_ran_has_ended_at_its_end_time(mut app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let path = format!("/admin/quizzes/{}/status", quiz.id);
    let end_time = text(&app.get(&path, Some(&host())).await.ok()["end_time"]);
    app.stop_gateway().await;
    app.stop_scoring().await;
    app.clock.advance(LONGER_THAN_A_QUIZ);
    app.start_scoring().await;
    app.start_gateway().await;

    let mut socket = app.watch(&quiz, &seat).await;
    socket.until(|frame| frame["status"] == "ended").await;
    let ended = app.get(&format!("/admin/quizzes/{}", quiz.id), Some(&host())).await.ok();
    assert_eq!(ended["ended_at"].as_str(), Some(&*end_time));
}

async fn another_run_keeps_seats_and_tokens_and_begins_at_zero_in_one_change(app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let mut socket = app.watch(&quiz, &seat).await;
    let version = app.answered(&quiz, &seat, 0, RIGHT).await;
    socket.at(version).await;
    app.end_quiz(&quiz).await.ok();
    socket.until(|frame| frame["status"] == "ended").await;

    app.start_quiz(&quiz).await.ok();
    let frame = socket.until(|frame| frame["status"] == "started").await;
    assert_eq!(rows(&frame), [row(1, "alice_dev", 0)]);
    let version = app.answered(&quiz, &seat, 0, RIGHT).await;
    assert_eq!(rows(&socket.at(version).await), [row(1, "alice_dev", 10)]);
}

async fn a_user_has_one_seat_however_often_it_joins_and_an_anonymous_join_is_always_another(app: TestApp) {
    let quiz = app.pending_quiz(&[10]).await;
    let path = format!("/quizzes/{}/join", quiz.id);
    let user = crate::support::quiz::jwt("grace@example.org", None);
    let first = app.post(&path, Some(&user), &json!({ "username": "grace" })).await;
    let again = app.post(&path, Some(&user), &json!({ "username": "another name" })).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.body["participant_id"], again.body["participant_id"]);
    assert_eq!(again.body["username"], "grace");

    let (one, two) = (app.join(&quiz, "one").await, app.join(&quiz, "two").await);
    assert_ne!(one.id, two.id);
    assert_eq!(app.get(&format!("/quizzes/{}/info", quiz.id), None).await.ok()["total_participants"], 3);
}

async fn a_deleted_quiz_is_gone_with_its_sockets(app: TestApp) {
    let quiz = app.pending_quiz(&[10]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let mut socket = app.watch(&quiz, &seat).await;
    socket.frame().await;
    app.delete(&format!("/admin/quizzes/{}", quiz.id), Some(&host())).await.ok();
    assert_eq!(socket.closed().await.0, 4404);
    let info = app.get(&format!("/quizzes/{}/info", quiz.id), None).await;
    assert_eq!(info.refusal(), (404, "QUIZ_NOT_FOUND"));
}
