//! Answers: each counts once, and none is lost.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{
    TestApp,
    quiz::{RIGHT, WRONG, name, row, rows},
    sql::Sql,
};

on_both_pairs! {
    a_question_is_answered_once,
    the_same_submission_again_gets_the_stored_verdict_and_the_total_of_now,
    two_answers_of_one_person_at_once_both_count,
    the_same_answer_many_times_at_once_counts_once,
    of_130_people_who_answer_at_once_every_total_is_right,
}

#[tokio::test(flavor = "multi_thread")]
async fn while_an_upload_holds_a_quiz_answers_of_others_count_and_its_own_wait() {
    let app = TestApp::start_on_servers().await;
    let (held, free) = (app.started_quiz(&[10]).await, app.started_quiz(&[10, 20, 30]).await);
    let (ada, bob) = (app.join(&held, "ada").await, app.join(&free, "bob").await);
    let mut upload = Sql::open(&app.stores.ledger_url).await;
    upload
        .execute(&format!("BEGIN; SELECT FROM quiz_counters WHERE quiz_id = '{}' FOR UPDATE", held.id))
        .await;
    let others = async {
        for question in 0..3 {
            app.answered(&free, &bob, question, RIGHT).await;
        }
        upload.execute("COMMIT").await;
    };
    let (waited, ()) = tokio::join!(app.answer(&held, &ada, 0, RIGHT), others);
    // On a slow machine it may have waited too long, and said so.
    if waited.status == 503 {
        app.answered(&held, &ada, 0, RIGHT).await;
    } else {
        assert_eq!(waited.ok()["points_earned"], json!(10));
    }
}

async fn a_question_is_answered_once(app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    app.answered(&quiz, &seat, 0, WRONG).await;
    assert_eq!(app.answer(&quiz, &seat, 0, RIGHT).await.refusal(), (409, "ALREADY_ANSWERED"));
    let given = app.get(&format!("/quizzes/{}/answers", quiz.id), Some(&seat.token)).await.ok();
    assert!(given.to_string().contains(r#""answer_index":2"#), "{given}");
}

async fn the_same_submission_again_gets_the_stored_verdict_and_the_total_of_now(app: TestApp) {
    let quiz = app.started_quiz(&[10, 20, 30]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let path = format!("/quizzes/{}/answer", quiz.id);
    let submission = |question: usize| {
        json!({ "participant_id": seat.id, "question_id": quiz.questions[question],
                "answer_index": RIGHT, "submission_id": "the-first" })
    };
    let once = app.post(&path, Some(&seat.token), &submission(0)).await.ok();
    app.answered(&quiz, &seat, 1, RIGHT).await;
    let again = app.post(&path, Some(&seat.token), &submission(0)).await.ok();
    assert_eq!((&again["correct"], &again["points_earned"]), (&once["correct"], &once["points_earned"]));
    assert_eq!((&once["total_score"], &again["total_score"]), (&json!(10), &json!(30)));

    let elsewhere = app.post(&path, Some(&seat.token), &submission(2)).await;
    assert_eq!(elsewhere.refusal(), (400, "INVALID_ARGUMENT"));
}

async fn two_answers_of_one_person_at_once_both_count(app: TestApp) {
    let quiz = app.started_quiz(&[10, 20, 30, 40]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let answers = join_all((0..4).map(|question| app.answered(&quiz, &seat, question, RIGHT))).await;
    let board = app.board_at(&quiz, answers.into_iter().max().unwrap()).await;
    assert_eq!(board, [row(1, "alice_dev", 100)]);
}

async fn the_same_answer_many_times_at_once_counts_once(app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let replies = join_all((0..8).map(|_| app.answer(&quiz, &seat, 0, RIGHT))).await;
    let counted: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(counted.len(), 1);
    assert!(replies.iter().all(|reply| reply.status == 200 || reply.refusal() == (409, "ALREADY_ANSWERED")));
    let version = counted[0].body["version"].as_u64().unwrap();
    assert_eq!(app.board_at(&quiz, version).await, [row(1, "alice_dev", 10)]);
}

async fn of_130_people_who_answer_at_once_every_total_is_right(app: TestApp) {
    let quiz = app.pending_quiz(&[10, 25]).await;
    let seats = app.join_all(&quiz, 130).await;
    app.start_quiz(&quiz).await.ok();
    let mut socket = app.watch(&quiz, &seats[0]).await;

    // Every second one knows the first answer, every third one the second.
    let is_known = |player: usize, question: usize| player.is_multiple_of(question + 2);
    let answers = seats.iter().enumerate().flat_map(|(player, seat)| {
        let choice = move |question| if is_known(player, question) { RIGHT } else { WRONG };
        [0, 1].map(|question| app.answered(&quiz, seat, question, choice(question)))
    });
    let newest = join_all(answers).await.into_iter().max().unwrap();

    let mut board = app.board_at(&quiz, newest).await;
    assert_eq!(rows(&socket.at(newest).await), board[..100]);
    board.sort_by(|a, b| a.1.cmp(&b.1));
    let scores: Vec<_> = board.into_iter().map(|(_, name, score)| (name, score)).collect();
    let expected = |player| 10 * u64::from(is_known(player, 0)) + 25 * u64::from(is_known(player, 1));
    assert_eq!(scores, (0..130).map(|player| (name(player), expected(player))).collect::<Vec<_>>());
}
