//! How somebody did.

use proto::v1::{GetPerformanceRequest, GetPerformanceResponse, User, get_performance_request};
use tonic::Code;

use super::{field, reason, row, user};
use crate::support::TestApp;

on_both_pairs! {
    performance_is_told_by_quiz_and_by_user,
}

async fn performance_is_told_by_quiz_and_by_user(app: TestApp) {
    app.subject("BIO").await;
    let quiz = app.quiz_of("BIO").await;
    app.play(&quiz, &["ada", "bob"]).await;
    let who = |sub: &str| Some(get_performance_request::Who::User(user(sub)));
    let ask = async |quiz_id: &str, who| {
        let request = GetPerformanceRequest { quiz_id: quiz_id.to_owned(), who };
        app.quizzes().get_performance(request).await.map(tonic::Response::into_inner)
    };
    let live = ask(&quiz, who("ada")).await.unwrap();
    let seat = &live.quizzes[0];
    assert_eq!((seat.score, seat.answered, seat.correct, seat.total, live.subjects.len()), (10, 1, 1, 2, 0));
    let by_seat = get_performance_request::Who::ParticipantId(seat.participant_id.clone());
    assert_eq!(ask(&quiz, Some(by_seat.clone())).await.unwrap(), live);
    let expected = if seat.rank == 1 { 100.0 } else { 50.0 };
    assert!((seat.percentile - expected).abs() < 1e-9);

    app.end(&quiz).await;
    app.subject_board_when("BIO", |board| board.total == 2).await;
    app.upload(&app.quiz_of("BIO").await, vec![row(1, "ada", 20, 7)]).await;
    let all = ask("", who("ada")).await.unwrap();
    let mut scores: Vec<_> = all.quizzes.iter().map(|quiz| quiz.score).collect();
    scores.sort_unstable();
    assert_eq!(scores, [10, 20]);
    let bio = &all.subjects[0];
    assert_eq!((bio.best_score, bio.total_score, bio.quiz_count, bio.rank, bio.total), (20, 30, 2, 1, 2));
    assert!((bio.average_score - 15.0).abs() < 1e-9 && (bio.percentile - 100.0).abs() < 1e-9);
    assert_eq!(bio.subject_name, "The BIO");
    assert_eq!(ask("", who("eve")).await.unwrap(), GetPerformanceResponse::default());

    let refused = ask(&quiz, who("eve")).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::PermissionDenied, "NOT_A_PARTICIPANT".to_owned()));
    for stranger in ["p_000000000000", "nonsense", ""] {
        let who = get_performance_request::Who::ParticipantId(stranger.to_owned());
        let refused = ask(&quiz, Some(who)).await.unwrap_err();
        assert_eq!(reason(&refused), (Code::PermissionDenied, "NOT_A_PARTICIPANT".to_owned()), "{stranger}");
    }
    for (quiz_id, who) in [("", Some(by_seat)), ("quiz_000000000000", who("ada")), ("nonsense", who("ada"))] {
        let refused = ask(quiz_id, who).await.unwrap_err();
        assert_eq!(reason(&refused), (Code::NotFound, "QUIZ_NOT_FOUND".to_owned()), "{quiz_id:?}");
    }
    let nobody = get_performance_request::Who::User(User::default());
    for (who, expected) in [(None, "participant_id"), (Some(nobody), "user.subject")] {
        assert_eq!(field(&ask(&quiz, who).await.unwrap_err()), expected);
    }
}
