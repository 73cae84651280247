//! Subjects and their boards.

use proto::v1::{
    CreateQuizRequest, DeleteQuizRequest, GetLeaderboardRequest, ListSubjectsRequest, PutSubjectRequest,
    User, WatchLeaderboardRequest, WatchLeaderboardResponse, entry, get_leaderboard_request,
    watch_activity_response::Event, watch_leaderboard_request,
};
use tonic::{Code, Status, Streaming};

use super::{
    HOST,
    activity::{follow, next},
    field, plan, ranked, reason, row, user,
};
use crate::support::{TestApp, quiz::Quiz, within};

on_both_pairs! {
    subjects_are_put_and_listed,
    uploads_add_up_on_the_boards_of_quiz_and_subject,
    a_watched_subject_moves_with_an_upload,
    a_deleted_quiz_leaves_the_subject,
    what_is_no_subject_is_not_found,
    what_a_board_of_a_subject_has_not_is_refused,
}

async fn subjects_are_put_and_listed(app: TestApp) {
    app.subject("MATH").await;
    app.subject("BIO").await;
    let list = async |codes: &[&str]| {
        let codes = codes.iter().map(|code| (*code).to_owned()).collect();
        let listed = app.quizzes().list_subjects(ListSubjectsRequest { codes }).await.unwrap().into_inner();
        listed.subjects.into_iter().map(|subject| subject.code).collect::<Vec<_>>()
    };
    assert_eq!(list(&[]).await, ["BIO", "MATH"]);
    assert_eq!(list(&["MATH", "no code"]).await, ["MATH"]);
    assert_eq!(list(&["no code"]).await, [""; 0]);
    let long = "x".repeat(201);
    for (code, name, expected) in [
        ("bio", "Biology", "code"),
        ("", "Biology", "code"),
        ("TOO_LONG_FOR_CODE", "Biology", "code"),
        ("BIO", " ", "name"),
        ("BIO", &long, "name"),
        ("BIO", "two\nlines", "name"),
    ] {
        let request = PutSubjectRequest { code: code.to_owned(), name: name.to_owned() };
        let refused = app.quizzes().put_subject(request).await.unwrap_err();
        assert_eq!(field(&refused), expected, "{code:?} {name:?}");
    }
    let anew = PutSubjectRequest { code: "BIO".to_owned(), name: " Life ".to_owned() };
    let put = app.quizzes().put_subject(anew).await.unwrap().into_inner().subject.unwrap();
    assert_eq!((&*put.code, &*put.name), ("BIO", "Life"));
}

async fn uploads_add_up_on_the_boards_of_quiz_and_subject(app: TestApp) {
    app.subject("BIO").await;
    let [first, second] = [app.quiz_of("BIO").await, app.quiz_of("BIO").await];
    let told = app.upload(&first, vec![row(1, "ada", 30, 10), row(2, "bob", 50, 5)]).await;
    assert_eq!((told.inserted, told.unchanged, told.error_count), (2, 0, 0));
    app.upload(&second, vec![row(1, "ada", 40, 15), row(2, "cy", 50, 6)]).await;
    let again = app.upload(&second, vec![row(1, "ada", 40, 15), row(2, "cy", 50, 6)]).await;
    assert_eq!((again.inserted, again.unchanged), (0, 2));

    let board = app.subject_board_when("BIO", |board| board.total == 3 && board.version >= 4).await;
    assert_eq!(ranked(&board.entries), [(1, "ada", 70, 2), (2, "bob", 50, 1), (3, "cy", 50, 1)]);
    let ada = &board.entries[0];
    assert_eq!(ada.time.as_ref().unwrap().seconds, 13, "25 s over 2 are 13, half up");
    assert_eq!(ada.total_duration.as_ref().unwrap().seconds, 25);
    let around = |sub: &str| GetLeaderboardRequest {
        board: Some(get_leaderboard_request::Board::Subject("BIO".to_owned())),
        limit: Some(1),
        around_user: Some(user(sub)),
        ..GetLeaderboardRequest::default()
    };
    let page = app.board(around("cy")).await.unwrap();
    assert_eq!(ranked(&page.entries), [(3, "cy", 50, 1)]);
    let nobody = app.board(around("eve")).await.unwrap_err();
    assert_eq!(reason(&nobody), (Code::NotFound, "PARTICIPANT_NOT_FOUND".to_owned()));

    let rows = app.board_at(&Quiz { id: first, questions: vec![] }, 2).await;
    assert_eq!(rows, [(1, "bob".to_owned(), 50), (2, "ada".to_owned(), 30)]);
}

async fn a_watched_subject_moves_with_an_upload(app: TestApp) {
    app.subject("BIO").await;
    let quiz = app.quiz_of("BIO").await;
    let mut states = watch(&app, "BIO", "").await.unwrap();
    app.upload(&quiz, vec![row(1, "ada", 30, 10)]).await;
    let state = within("the next state", states.message()).await.unwrap().unwrap();
    assert_eq!(ranked(&state.leaderboard.unwrap().entries), [(1, "ada", 30, 1)]);
}

async fn a_deleted_quiz_leaves_the_subject(app: TestApp) {
    app.subject("BIO").await;
    let [kept, deleted] = [app.quiz_of("BIO").await, app.quiz_of("BIO").await];
    app.upload(&kept, vec![row(1, "ada", 30, 10)]).await;
    app.upload(&deleted, vec![row(1, "ada", 50, 5), row(2, "bob", 1, 1)]).await;
    app.subject_board_when("BIO", |board| board.total == 2).await;
    let mut stream = follow(&app, None).await;
    next(&mut stream).await;
    let request = DeleteQuizRequest { quiz_id: deleted.clone(), acting_as: HOST.to_owned() };
    app.quizzes().delete_quiz(request).await.unwrap();
    let board = app.subject_board_when("BIO", |board| board.total == 1).await;
    assert_eq!(ranked(&board.entries), [(1, "ada", 30, 1)]);
    let Some(Event::SubjectChanged(change)) = next(&mut stream).await.event else { panic!("no change") };
    assert_eq!((change.quiz_id, change.version), (deleted, board.version));
}

async fn what_is_no_subject_is_not_found(app: TestApp) {
    app.subject("BIO").await;
    for code in ["ART", "bio", "BIO\0"] {
        let plan = CreateQuizRequest { subject: code.to_owned(), ..plan() };
        for refused in [
            app.make_quiz(plan).await.unwrap_err(),
            app.subject_board(code).await.unwrap_err(),
            watch(&app, code, "").await.unwrap_err(),
        ] {
            assert_eq!(reason(&refused), (Code::NotFound, "SUBJECT_NOT_FOUND".to_owned()), "{code:?}");
        }
    }
}

async fn what_a_board_of_a_subject_has_not_is_refused(app: TestApp) {
    app.subject("BIO").await;
    app.upload(&app.quiz_of("BIO").await, vec![row(1, "ada", 1, 1)]).await;
    let board = app.subject_board_when("BIO", |board| board.total == 1).await;
    let Some(entry::Id::UserId(ada)) = board.entries[0].id.clone() else { panic!("{board:?}") };
    let of = || GetLeaderboardRequest {
        board: Some(get_leaderboard_request::Board::Subject("BIO".to_owned())),
        ..GetLeaderboardRequest::default()
    };
    let around = GetLeaderboardRequest { around: ada.clone(), ..of() };
    assert_eq!(app.board(around.clone()).await.unwrap().entries, board.entries);
    let nameless = User { subject: String::new(), ..user("") };
    for (request, expected) in [
        (GetLeaderboardRequest { limit: Some(0), ..of() }, "limit"),
        (GetLeaderboardRequest { limit: Some(1001), ..of() }, "limit"),
        (GetLeaderboardRequest { offset: 1_000_001, ..of() }, "offset"),
        (GetLeaderboardRequest { offset: 1, ..around }, "offset"),
        (GetLeaderboardRequest { around_user: Some(nameless), ..of() }, "around_user.subject"),
    ] {
        assert_eq!(field(&app.board(request.clone()).await.unwrap_err()), expected, "{request:?}");
    }
    for nobody in ["p_000000000000", "nonsense", "\0"] {
        let request = GetLeaderboardRequest { around: nobody.to_owned(), ..of() };
        assert_eq!(field(&app.board(request).await.unwrap_err()), "around", "{nobody:?}");
    }
    let request = GetLeaderboardRequest { around: "u_000000000000".to_owned(), ..of() };
    let refused = app.board(request).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::NotFound, "PARTICIPANT_NOT_FOUND".to_owned()));
    assert_eq!(field(&watch(&app, "BIO", &ada).await.unwrap_err()), "participant_id");
}

/// Follows a subject's board; its first state is there already.
async fn watch(
    app: &TestApp,
    code: &str,
    participant_id: &str,
) -> Result<Streaming<WatchLeaderboardResponse>, Status> {
    let request = WatchLeaderboardRequest {
        board: Some(watch_leaderboard_request::Board::Subject(code.to_owned())),
        participant_id: participant_id.to_owned(),
        ..WatchLeaderboardRequest::default()
    };
    let mut states = app.scoring().watch_leaderboard(request).await?.into_inner();
    let first = within("the first state", states.message()).await?.unwrap();
    assert_eq!(first.leaderboard.unwrap().total, 0);
    Ok(states)
}
