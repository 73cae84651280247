//! Rankings as they are shown: ties, pages, the own row.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    TestApp,
    quiz::{Quiz, RIGHT, Seat, row, rows, text},
};

on_both_pairs! {
    equal_score_and_time_share_a_rank_and_stand_in_the_order_of_their_ids,
    of_equal_scores_the_quicker_one_stands_first,
    whoever_joins_sees_the_board_at_once_and_is_seen,
    a_row_outside_the_shown_ones_is_told_to_its_owner,
    a_page_around_a_row_is_shifted_at_the_ends,
    a_removed_seat_leaves_the_board_and_its_token_is_worth_nothing,
}

async fn equal_score_and_time_share_a_rank_and_stand_in_the_order_of_their_ids(app: TestApp) {
    let quiz = app.pending_quiz(&[10]).await;
    // Joined before the start, without a point: score 0 and time 0, all equal.
    let mut seats = Vec::new();
    for name in ["ann", "ben", "cat", "dan"] {
        seats.push((app.join(&quiz, name).await, name));
    }
    app.start_quiz(&quiz).await.ok();
    let version = app.answered(&quiz, &seats[0].0, 0, RIGHT).await;
    let board = app.board_at(&quiz, version).await;

    let mut equal = seats.split_off(1);
    equal.sort_by(|a, b| a.0.id.cmp(&b.0.id));
    assert_eq!(
        board,
        [row(1, "ann", 10), row(2, equal[0].1, 0), row(2, equal[1].1, 0), row(2, equal[2].1, 0)]
    );

    let page = app.get(&format!("/quizzes/{}/leaderboard?limit=2&offset=2", quiz.id), None).await.ok();
    assert_eq!(rows(&page), [row(2, equal[1].1, 0), row(2, equal[2].1, 0)], "a tie across a page");
}

async fn of_equal_scores_the_quicker_one_stands_first(app: TestApp) {
    let quiz = app.pending_quiz(&[10]).await;
    let (slow, quick) = (app.join(&quiz, "slow").await, app.join(&quiz, "quick").await);
    app.start_quiz(&quiz).await.ok();
    app.answered(&quiz, &quick, 0, RIGHT).await;
    app.clock.advance(Duration::from_secs(1));
    let version = app.answered(&quiz, &slow, 0, RIGHT).await;
    assert_eq!(app.board_at(&quiz, version).await, [row(1, "quick", 10), row(2, "slow", 10)]);
}

async fn whoever_joins_sees_the_board_at_once_and_is_seen(app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let alice = app.join(&quiz, "alice_dev").await;
    let mut watching = app.watch(&quiz, &alice).await;
    let version = app.answered(&quiz, &alice, 0, RIGHT).await;
    watching.at(version).await;

    let late = app.join(&quiz, "late").await;
    let first = app.watch(&quiz, &late).await.frame().await;
    assert!(rows(&first).contains(&row(1, "alice_dev", 10)), "{first}");
    watching.until(|frame| frame["total_participants"] == 2).await;
}

async fn a_row_outside_the_shown_ones_is_told_to_its_owner(app: TestApp) {
    let quiz = app.pending_quiz(&[10]).await;
    let mut seats = Vec::new();
    for player in 0..12 {
        seats.push(app.join(&quiz, &format!("player {player}")).await);
    }
    let last = seats.pop().unwrap();
    app.start_quiz(&quiz).await.ok();
    let mut socket = app.open(&format!("/quizzes/{}/ws?participant_id={}&limit=10", quiz.id, last.id)).await;
    for seat in &seats {
        app.answered(&quiz, seat, 0, RIGHT).await;
    }

    let own = |rank| move |frame: &Value| frame["you"]["rank"] == json!(rank);
    let frame = socket.until(own(12)).await;
    assert_eq!(rows(&frame).len(), 10);
    assert_eq!((&frame["you"]["participant_id"], &frame["you"]["score"]), (&json!(last.id), &json!(0)));
    assert!(frame["you"]["version"].is_u64());
}

async fn a_page_around_a_row_is_shifted_at_the_ends(app: TestApp) {
    let quiz = app.pending_quiz(&[10]).await;
    for player in 0..7 {
        app.join(&quiz, &format!("player {player}")).await;
    }
    let all = page(&app, &quiz, "limit=100").await;
    assert_eq!(all.len(), 7);
    for (middle, expected) in [(0, 0..3), (1, 0..3), (3, 2..5), (5, 4..7), (6, 4..7)] {
        let around = page(&app, &quiz, &format!("limit=3&around={}", all[middle])).await;
        assert_eq!(around, all[expected], "around {middle}");
    }
}

async fn a_removed_seat_leaves_the_board_and_its_token_is_worth_nothing(app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let (stays, goes) = (app.join(&quiz, "stays").await, app.join(&quiz, "goes").await);
    let mut socket = app.watch(&quiz, &stays).await;
    socket.until(|frame| frame["total_participants"] == 2).await;
    remove(&app, &quiz, &goes).await;
    let frame = socket.until(|frame| frame["total_participants"] == 1).await;
    assert_eq!(rows(&frame), [row(1, "stays", 0)]);
    assert_eq!(app.answer(&quiz, &goes, 0, RIGHT).await.refusal(), (403, "NOT_A_PARTICIPANT"));
    app.join(&quiz, "goes").await;
}

async fn remove(app: &TestApp, quiz: &Quiz, seat: &Seat) {
    let path = format!("/admin/quizzes/{}/participants/{}", quiz.id, seat.id);
    app.delete(&path, Some(&crate::support::quiz::host())).await.ok();
}

/// The ids on one page.
async fn page(app: &TestApp, quiz: &Quiz, query: &str) -> Vec<String> {
    let board = app.get(&format!("/quizzes/{}/leaderboard?{query}", quiz.id), None).await.ok();
    board["leaderboard"].as_array().unwrap().iter().map(|row| text(&row["participant_id"])).collect()
}
