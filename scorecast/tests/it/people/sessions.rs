//! The sessions of a quiz or of a user, page by page.

use proto::v1::{
    CreateQuizRequest, ListSessionsRequest, ListSessionsResponse, User, list_sessions_request::Of,
};
use tonic::{Code, Status};

use super::{HOST, field, plan, reason, row, user};
use crate::support::TestApp;

on_both_pairs! {
    sessions_are_listed_newest_first_by_quiz_and_by_user,
    whose_sessions_and_which_must_be_said,
}

async fn list(app: &TestApp, request: ListSessionsRequest) -> Result<ListSessionsResponse, Status> {
    app.quizzes().list_sessions(request).await.map(tonic::Response::into_inner)
}

fn of(of: Of) -> ListSessionsRequest {
    ListSessionsRequest { of: Some(of), acting_as: HOST.to_owned(), ..ListSessionsRequest::default() }
}

async fn sessions_are_listed_newest_first_by_quiz_and_by_user(app: TestApp) {
    app.subject("BIO").await;
    let [first, second] = [app.quiz_of("BIO").await, app.quiz_of("").await];
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 250_000_000 });
    let mut rows = vec![row(1, "ada", 3, 7), row(2, "bob", 4, 8), row(3, "cy", 5, 9)];
    for (row, second) in rows.iter_mut().zip([2_000, 3_000, 1_000]) {
        (row.started_at, row.ended_at) = (at(second - 10), at(second));
    }
    app.upload(&first, rows).await;
    app.upload(&second, vec![row(1, "ada", 6, 1)]).await;

    let all = list(&app, of(Of::QuizId(first.clone()))).await.unwrap();
    let names: Vec<_> = all.sessions.iter().map(|session| &*session.username).collect();
    assert_eq!((&names[..], all.total), (&["bob", "ada", "cy"][..], 3));
    let ada = &all.sessions[1];
    assert_eq!((&*ada.quiz_id, &*ada.subject, ada.score, ada.uploaded), (&*first, "BIO", 3, true));
    assert_eq!((ada.started_at, ada.ended_at), (at(1_990), at(2_000)));
    assert_eq!(ada.duration.as_ref().unwrap().seconds, 7);

    let page = ListSessionsRequest { limit: Some(1), offset: 1, ..of(Of::QuizId(first)) };
    let page = list(&app, page).await.unwrap();
    assert_eq!((&page.sessions[..], page.total), (&all.sessions[1..2], 3));
    let of_ada = list(&app, of(Of::User(user("ada")))).await.unwrap();
    let scores: Vec<_> = of_ada.sessions.iter().map(|session| session.score).collect();
    assert_eq!((&scores[..], of_ada.total), (&[6, 3][..], 2));
    assert!(of_ada.sessions.iter().all(|session| session.user_id == ada.user_id));
    assert_eq!(list(&app, of(Of::User(user("eve")))).await.unwrap(), ListSessionsResponse::default());
}

async fn whose_sessions_and_which_must_be_said(app: TestApp) {
    let quiz = app.quiz_of("").await;
    let of_quiz = || of(Of::QuizId(quiz.clone()));
    for (request, expected) in [
        (ListSessionsRequest { of: None, ..of_quiz() }, "quiz_id"),
        (ListSessionsRequest { limit: Some(0), ..of_quiz() }, "limit"),
        (ListSessionsRequest { limit: Some(1001), ..of_quiz() }, "limit"),
        (ListSessionsRequest { offset: 1_000_001, ..of_quiz() }, "offset"),
        (of(Of::User(User::default())), "user.subject"),
    ] {
        assert_eq!(field(&list(&app, request.clone()).await.unwrap_err()), expected, "{request:?}");
    }
    let foreign = CreateQuizRequest { owner_id: "another".to_owned(), ..plan() };
    let foreign = app.make_quiz(foreign).await.unwrap();
    for quiz in [&*foreign, "quiz_000000000000", "nonsense"] {
        let refused = list(&app, of(Of::QuizId(quiz.to_owned()))).await.unwrap_err();
        assert_eq!(reason(&refused), (Code::NotFound, "QUIZ_NOT_FOUND".to_owned()), "{quiz}");
    }
}
