//! Finished attempts from elsewhere.

use futures_util::{StreamExt as _, stream};
use prost_types::Timestamp;
use proto::v1::{
    CreateQuizRequest, SessionRow, UploadHeader, UploadSessionsRequest, upload_sessions_request::Part,
};
use tokio::task::JoinSet;
use tonic::Code;

use super::{field, header, plan, reason, row, rows_of, user};
use crate::support::TestApp;

on_both_pairs! {
    an_upload_with_a_bad_row_keeps_nothing_and_names_the_line,
    a_user_uploads_only_its_own_session_and_only_where_it_may,
    a_header_comes_first_and_once,
    a_header_names_a_quiz_of_ones_own,
    whoever_is_there_already_is_an_error_of_the_line,
    a_score_is_at_most_what_the_questions_give,
    more_rows_than_an_upload_may_have_are_refused,
    a_users_own_upload_has_few_rows,
    users_who_send_slowly_hold_up_nobody,
    an_upload_that_its_sender_gives_up_leaves_nothing,
}

async fn an_upload_with_a_bad_row_keeps_nothing_and_names_the_line(app: TestApp) {
    let quiz = app.quiz_of("").await;
    let future = Timestamp { seconds: 40_000_000_000, nanos: 0 };
    let bad = vec![
        row(1, "ada", 1, 1),
        SessionRow { problem: "score is no number".to_owned(), line: 2, ..SessionRow::default() },
        SessionRow { score: None, ..row(3, "bob", 1, 1) },
        SessionRow { duration: None, ..row(4, "bob", 1, 1) },
        row(5, "bob", 1, -1),
        row(6, "", 1, 1),
        row(7, "b\u{7}b", 1, 1),
        SessionRow { ended_at: Some(future), ..row(8, "bob", 1, 1) },
        row(9, "ada", 2, 1),
        SessionRow { username: "ADA".to_owned(), ..row(10, "bob", 1, 1) },
        SessionRow { started_at: Some(Timestamp { seconds: i64::MAX, nanos: 0 }), ..row(11, "bob", 1, 1) },
        SessionRow { score: Some(1 << 22), ..row(12, "bob", 1, 1) },
    ];
    let told = app.upload(&quiz, bad.clone()).await;
    assert_eq!((told.inserted, told.unchanged, told.error_count), (0, 0, 11));
    let codes: Vec<_> = told.errors.iter().map(|error| (error.line, &*error.code)).collect();
    let invalid = "INVALID_ARGUMENT";
    let expected = [
        (2, invalid),
        (3, invalid),
        (4, invalid),
        (5, invalid),
        (6, invalid),
        (7, invalid),
        (8, invalid),
        (9, "SESSION_EXISTS"),
        (10, "USERNAME_TAKEN"),
        (11, invalid),
        (12, invalid),
    ];
    assert_eq!(codes, expected);
    assert_eq!(told.errors[0].error, "score is no number");
    assert!(told.errors[1].error.starts_with("score: "), "{:?}", told.errors[1]);
    assert_eq!(app.sessions_of(&quiz).await, []);

    let partial = UploadHeader { partial: true, ..header(&quiz) };
    let told = app.send(vec![Part::Header(partial), rows_of(bad)]).await.unwrap();
    assert_eq!((told.inserted, told.error_count), (1, 11));
    let sessions = app.sessions_of(&quiz).await;
    let [session] = &sessions[..] else { panic!("one good row") };
    assert_eq!((&*session.username, session.score, session.uploaded), ("ada", 1, true));
    assert!(session.session_id.starts_with("session_") && session.user_id.starts_with("u_"));
}

async fn a_user_uploads_only_its_own_session_and_only_where_it_may(app: TestApp) {
    let open = app.make_quiz(CreateQuizRequest { self_report: true, ..plan() }).await.unwrap();
    let closed = app.quiz_of("").await;
    let own = |quiz: &str| UploadHeader { user: Some(user("ada")), ..header(quiz) };
    let send = async |quiz: &str, rows| app.send(vec![Part::Header(own(quiz)), rows_of(rows)]).await;
    let refused = send(&closed, vec![row(1, "ada", 1, 1)]).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::PermissionDenied, "FORBIDDEN".to_owned()));
    let told = send(&open, vec![row(1, "bob", 1, 1)]).await.unwrap();
    assert_eq!((told.inserted, &*told.errors[0].code), (0, "FORBIDDEN"));
    let mut nameless = row(1, "", 1, 1);
    nameless.username.clear();
    assert_eq!(send(&open, vec![nameless.clone()]).await.unwrap().inserted, 1);
    assert_eq!(send(&open, vec![nameless]).await.unwrap().unchanged, 1);
    assert_eq!(app.results(&open, 0).await.unwrap()[0].username, "ada by name");
}

async fn a_header_comes_first_and_once(app: TestApp) {
    let quiz = app.quiz_of("").await;
    let (head, rows) = (Part::Header(header(&quiz)), rows_of(vec![row(1, "ada", 1, 1)]));
    for parts in [vec![], vec![rows.clone(), head.clone()], vec![head.clone(), rows, head]] {
        assert_eq!(field(&app.send(parts).await.unwrap_err()), "header");
    }
    let neither = futures_util::stream::iter([UploadSessionsRequest { part: None }]);
    assert_eq!(field(&app.quizzes().upload_sessions(neither).await.unwrap_err()), "part");
    assert_eq!(app.results(&quiz, 0).await.unwrap(), []);
}

async fn a_header_names_a_quiz_of_ones_own(app: TestApp) {
    let quiz = app.quiz_of("").await;
    let rows = || rows_of(vec![row(1, "ada", 1, 1)]);
    let own = |quiz: &str| UploadHeader { user: Some(user("ada")), ..header(quiz) };
    for header in [
        header("quiz_000000000000"),
        header("nonsense"),
        header(""),
        own("quiz_000000000000"),
        UploadHeader { acting_as: "another".to_owned(), ..header(&quiz) },
    ] {
        let refused = app.send(vec![Part::Header(header.clone()), rows()]).await.unwrap_err();
        assert_eq!(reason(&refused), (Code::NotFound, "QUIZ_NOT_FOUND".to_owned()), "{header:?}");
    }
    let operator = UploadHeader { acting_as: String::new(), ..header(&quiz) };
    assert_eq!(app.send(vec![Part::Header(operator), rows()]).await.unwrap().inserted, 1);
}

async fn whoever_is_there_already_is_an_error_of_the_line(app: TestApp) {
    let quiz = app.quiz_of("").await;
    app.take_seat(&quiz, "ada").await;
    app.upload(&quiz, vec![row(1, "bob", 1, 1)]).await;
    let rows = vec![
        row(1, "ada", 1, 1),
        row(2, "bob", 1, 1),
        row(3, "bob", 2, 1),
        SessionRow { username: "BOB".to_owned(), ..row(4, "cy", 1, 1) },
        row(5, "dee", 1, 1),
    ];
    let told = app.upload(&quiz, rows).await;
    let codes: Vec<_> = told.errors.iter().map(|error| (error.line, &*error.code)).collect();
    assert_eq!(codes, [(1, "SESSION_EXISTS"), (3, "SESSION_EXISTS"), (4, "USERNAME_TAKEN")]);
    assert_eq!((told.inserted, told.unchanged, app.sessions_of(&quiz).await.len()), (0, 1, 1));
}

async fn a_score_is_at_most_what_the_questions_give(app: TestApp) {
    let quiz = app.quiz_of("").await;
    app.begin(&quiz).await;
    let told = app.upload(&quiz, vec![row(1, "ada", 11, 1)]).await;
    assert_eq!((told.inserted, &*told.errors[0].error), (0, "score: must be at most 10"));
    assert_eq!(app.upload(&quiz, vec![row(1, "ada", 10, 1)]).await.inserted, 1);
}

async fn more_rows_than_an_upload_may_have_are_refused(app: TestApp) {
    let quiz = app.quiz_of("").await;
    let many = || rows_of(vec![SessionRow::default(); 50_000]);
    let mut parts = vec![Part::Header(header(&quiz))];
    parts.extend((0..10).map(|_| many()));
    parts.push(rows_of(vec![SessionRow::default()]));
    let refused = app.send(parts).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::ResourceExhausted, "PAYLOAD_TOO_LARGE".to_owned()));
}

async fn a_users_own_upload_has_few_rows(app: TestApp) {
    let quiz = app.make_quiz(CreateQuizRequest { self_report: true, ..plan() }).await.unwrap();
    let own = UploadHeader { user: Some(user("ada")), ..header(&quiz) };
    let send = async |rows| {
        app.send(vec![Part::Header(own.clone()), rows_of(vec![row(1, "ada", 1, 1); rows])]).await
    };
    let refused = send(101).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::ResourceExhausted, "PAYLOAD_TOO_LARGE".to_owned()));
    assert_eq!(refused.message(), "a user's own upload has at most 100 rows");
    assert_eq!(app.sessions_of(&quiz).await, []);
    let told = send(100).await.unwrap();
    assert_eq!((told.inserted, told.unchanged), (1, 99));
}

async fn users_who_send_slowly_hold_up_nobody(app: TestApp) {
    let quiz = app.make_quiz(CreateQuizRequest { self_report: true, ..plan() }).await.unwrap();
    let mut slow = JoinSet::new();
    for number in 0..8 {
        let own = UploadHeader { user: Some(user(&format!("slow {number}"))), ..header(&quiz) };
        let begun = stream::iter([UploadSessionsRequest { part: Some(Part::Header(own)) }]);
        let mut quizzes = app.quizzes();
        slow.spawn(async move { quizzes.upload_sessions(begun.chain(stream::pending())).await });
    }
    // These come after the headers, and give scoring time to take them in.
    for _ in 0..20 {
        assert_eq!(app.sessions_of(&quiz).await, []);
    }
    assert_eq!(app.upload(&quiz, vec![row(1, "bob", 1, 1)]).await.inserted, 1);
    assert_eq!(app.results(&quiz, 0).await.unwrap().len(), 1);
    assert!(slow.try_join_next().is_none(), "they are at it still");
}

async fn an_upload_that_its_sender_gives_up_leaves_nothing(app: TestApp) {
    let quiz = app.quiz_of("").await;
    let begun = [Part::Header(header(&quiz)), rows_of(vec![row(1, "ada", 1, 1)])];
    let begun = stream::iter(begun.map(|part| UploadSessionsRequest { part: Some(part) }));
    let mut quizzes = app.quizzes();
    let sending = tokio::spawn(async move { quizzes.upload_sessions(begun.chain(stream::pending())).await });
    for moment in ["it has taken in the rows", "it has heard of the end"] {
        // These come behind, and give scoring time.
        for _ in 0..20 {
            assert_eq!(app.sessions_of(&quiz).await, [], "{moment}");
        }
        sending.abort();
    }
    assert_eq!(app.upload(&quiz, vec![row(1, "ada", 2, 1)]).await.inserted, 1);
}
