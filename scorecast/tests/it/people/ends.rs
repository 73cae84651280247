//! What becomes of seats when their quiz ends.

use std::time::Duration;

use proto::v1::{CreateQuizRequest, GetQuizRequest, ListSessionsRequest, QuizStatus, list_sessions_request};
use tonic::Code;

use super::{plan, ranked, reason, user};
use crate::support::TestApp;

const LONGER_THAN_A_QUIZ: Duration = Duration::from_secs(31 * 60);
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

on_both_pairs! {
    the_end_of_a_quiz_makes_sessions_and_results,
    a_quiz_past_its_time_makes_sessions_by_itself,
    a_quiz_past_its_time_makes_sessions_also_after_all_were_down,
    results_are_of_a_run_that_there_was_and_for_its_host,
}

async fn the_end_of_a_quiz_makes_sessions_and_results(app: TestApp) {
    app.subject("BIO").await;
    let quiz = app.quiz_of("BIO").await;
    app.play(&quiz, &["ada", "bob"]).await;
    app.end(&quiz).await;
    let board = app.subject_board_when("BIO", |board| board.total == 2).await;
    assert_eq!(board.entries.iter().map(|row| row.score).collect::<Vec<_>>(), [10, 10]);

    let results = app.results(&quiz, 1).await.unwrap();
    let mut subs: Vec<_> = results.iter().map(|row| &*row.subject).collect();
    subs.sort_unstable();
    assert_eq!(subs, ["ada", "bob"]);
    assert!(results.iter().all(|row| (row.score, row.answered, row.correct) == (10, 1, 1)), "{results:?}");
}

async fn a_quiz_past_its_time_makes_sessions_by_itself(app: TestApp) {
    app.subject("BIO").await;
    let quiz = app.quiz_of("BIO").await;
    app.play(&quiz, &["ada"]).await;
    app.clock.advance(LONGER_THAN_A_QUIZ);
    lasted_half_an_hour(&app, &quiz).await;
}

async fn a_quiz_past_its_time_makes_sessions_also_after_all_were_down(mut app: TestApp) {
    app.subject("BIO").await;
    let quiz = app.quiz_of("BIO").await;
    app.play(&quiz, &["ada"]).await;
    app.stop_scoring().await;
    app.clock.advance(A_DAY);
    app.start_scoring().await;
    lasted_half_an_hour(&app, &quiz).await;
}

/// The quiz ends at its end time without a call, and so does ada's session.
async fn lasted_half_an_hour(app: &TestApp, quiz: &str) {
    let board = app.subject_board_when("BIO", |board| board.total == 1).await;
    assert_eq!(ranked(&board.entries), [(1, "ada by name", 10, 1)]);
    let of = Some(list_sessions_request::Of::User(user("ada")));
    let request = ListSessionsRequest { of, ..ListSessionsRequest::default() };
    let session = app.quizzes().list_sessions(request).await.unwrap().into_inner().sessions.remove(0);
    let lasted = session.ended_at.unwrap().seconds - session.started_at.unwrap().seconds;
    assert_eq!((session.uploaded, lasted), (false, 30 * 60));

    let request = GetQuizRequest { quiz_id: quiz.to_owned(), acting_as: String::new() };
    let quiz = app.quizzes().get_quiz(request).await.unwrap().into_inner().quiz.unwrap();
    assert_eq!(quiz.status(), QuizStatus::Ended);
    assert_eq!((quiz.ended_at, session.ended_at), (quiz.end_time, quiz.end_time));
}

async fn results_are_of_a_run_that_there_was_and_for_its_host(app: TestApp) {
    let quiz = app.quiz_of("").await;
    assert_eq!(app.results(&quiz, 0).await.unwrap(), [], "the present one, before the first start");
    app.play(&quiz, &["ada"]).await;
    for run in [0, 1] {
        assert_eq!(app.results(&quiz, run).await.unwrap().len(), 1, "run {run}");
    }
    for run in [2, u32::MAX] {
        let refused = app.results(&quiz, run).await.unwrap_err();
        assert_eq!(reason(&refused), (Code::InvalidArgument, "INVALID_ARGUMENT".to_owned()), "run {run}");
    }
    let foreign = CreateQuizRequest { owner_id: "another".to_owned(), ..plan() };
    let foreign = app.make_quiz(foreign).await.unwrap();
    for quiz in [&*foreign, "quiz_000000000000", "nonsense"] {
        let refused = app.results(quiz, 0).await.unwrap_err();
        assert_eq!(reason(&refused), (Code::NotFound, "QUIZ_NOT_FOUND".to_owned()), "{quiz}");
    }
}
