//! A quiz from its making to its end, as its host and its participants live it.

use serde_json::json;

use crate::support::{
    TestApp,
    quiz::{RIGHT, WRONG, host, row, rows},
};

on_both_pairs! {
    a_board_moves_while_a_quiz_is_played,
    the_first_four_members_of_a_frame_and_of_a_row_stay_what_they_were,
    correct_answers_are_told_to_nobody_before_the_end_and_then_to_the_host,
    a_quiz_of_as_many_and_as_long_questions_as_there_may_be_can_be_read,
}

async fn a_board_moves_while_a_quiz_is_played(app: TestApp) {
    let quiz = app.pending_quiz(&[10, 20]).await;
    let alice = app.join(&quiz, "alice_dev").await;
    let bob = app.join(&quiz, "bob_coder").await;
    app.start_quiz(&quiz).await.ok();

    let mut socket = app.watch(&quiz, &bob).await;
    let first = socket.until(|frame| frame["total_participants"] == 2).await;
    assert_eq!((&first["quiz_id"], &first["status"]), (&json!(quiz.id), &json!("started")));

    let verdict = app.answer(&quiz, &alice, 0, RIGHT).await.ok();
    assert_eq!(
        (&verdict["correct"], &verdict["points_earned"], &verdict["total_score"]),
        (&json!(true), &json!(10), &json!(10))
    );
    let frame = socket.at(verdict["version"].as_u64().unwrap()).await;
    assert_eq!(rows(&frame), [row(1, "alice_dev", 10), row(2, "bob_coder", 0)]);
    assert_eq!(frame["you"]["participant_id"], bob.id.as_str());

    app.answered(&quiz, &alice, 1, WRONG).await;
    let version = app.answered(&quiz, &bob, 1, RIGHT).await;
    let frame = socket.at(version).await;
    assert_eq!(rows(&frame), [row(1, "bob_coder", 20), row(2, "alice_dev", 10)]);

    let ended = app.end_quiz(&quiz).await.ok();
    assert_eq!(ended["total_participants"], 2);
    assert_eq!(ended["final_results"][0]["participant_id"], bob.id.as_str());
    let last = socket.until(|frame| frame["status"] == "ended").await;
    assert_eq!(rows(&last), [row(1, "bob_coder", 20), row(2, "alice_dev", 10)]);
    assert_eq!(app.end_quiz(&quiz).await.ok(), ended, "ending again returns the same again");
}

async fn the_first_four_members_of_a_frame_and_of_a_row_stay_what_they_were(app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let mut socket = app.watch(&quiz, &seat).await;
    let mut text = socket.text().await;
    while !text.contains("alice_dev") {
        text = socket.text().await;
    }

    let shape = format!(
        r#"{{"quiz_id":"{}","leaderboard":[{{"participant_id":"{}","username":"alice_dev","score":0,"rank":1"#,
        quiz.id, seat.id
    );
    assert!(text.starts_with(&shape), "{text}");
    assert!(text.contains(r#"],"total_participants":1,"timestamp":"20"#), "{text}");
}

async fn correct_answers_are_told_to_nobody_before_the_end_and_then_to_the_host(app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let asked = app.get(&format!("/quizzes/{}/questions", quiz.id), Some(&seat.token)).await.ok();
    assert!(asked.to_string().contains("Which one?"), "{asked}");
    assert!(!asked.to_string().contains("correct"), "{asked}");

    let path = format!("/admin/quizzes/{}/questions", quiz.id);
    let running = app.get(&path, Some(&host())).await.ok();
    assert!(!running.to_string().contains("correct"), "{running}");
    app.end_quiz(&quiz).await.ok();
    let ended = app.get(&path, Some(&host())).await.ok();
    assert!(ended.to_string().contains(r#""correct_answer":1"#), "{ended}");
}

async fn a_quiz_of_as_many_and_as_long_questions_as_there_may_be_can_be_read(app: TestApp) {
    let quiz = app.pending_quiz(&[]).await;
    let path = format!("/admin/quizzes/{}/questions", quiz.id);
    let longest = |characters: usize, number: u32| format!("{number}{}", "題".repeat(characters - 1));
    let options: Vec<String> = (0..10).map(|option| longest(200, option)).collect();
    for _ in 0..500 {
        let question = json!({ "text": longest(1000, 1), "options": options, "correct_answer": 0 });
        app.post(&path, Some(&host()), &question).await.ok();
    }
    let seat = app.join(&quiz, "alice_dev").await;
    app.start_quiz(&quiz).await.ok();
    let asked = app.get(&format!("/quizzes/{}/questions", quiz.id), Some(&seat.token)).await.ok();
    assert_eq!(asked["questions"].as_array().unwrap().len(), 500);
    assert_eq!(app.get(&path, Some(&host())).await.ok()["questions"].as_array().unwrap().len(), 500);
}
