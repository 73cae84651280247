//! Texts that a ledger cannot keep, or nobody could read, never get there: the field is named.

use std::fmt::Debug;

use proto::v1::{
    AddQuestionRequest, CreateQuizRequest, GetLeaderboardRequest, GetPerformanceRequest,
    GetQuizByCodeRequest, GetQuizRequest, JoinQuizRequest, ListAnswersRequest, ListQuizzesRequest,
    ListSessionsRequest, SessionRow, SubmitAnswerRequest, UploadHeader, User, get_leaderboard_request,
    get_performance_request, list_answers_request, list_sessions_request, upload_sessions_request::Part,
};
use tonic::{Code, Status};

use super::{HOST, field, header, plan, reason, row, rows_of, user};
use crate::support::TestApp;

on_both_pairs! {
    a_text_of_a_quiz_with_a_control_character_is_refused,
    a_person_with_a_control_character_is_refused_wherever_it_is_named,
    a_line_of_an_upload_with_a_control_character_is_an_error_of_the_line,
    what_is_looked_up_with_a_control_character_is_not_found,
}

/// NUL, which Postgres cannot keep; others of ASCII; one beyond it.
const CONTROLS: [char; 4] = ['\0', '\u{7}', '\u{7f}', '\u{85}'];

fn spoilt(control: char) -> String {
    format!("a{control}b")
}

fn named<T: Debug>(refused: Result<T, Status>) -> String {
    field(&refused.unwrap_err())
}

async fn a_text_of_a_quiz_with_a_control_character_is_refused(app: TestApp) {
    let quiz = app.quiz_of("").await;
    for bad in CONTROLS.map(spoilt) {
        for (request, expected) in [
            (CreateQuizRequest { owner_id: bad.clone(), ..plan() }, "owner_id"),
            (CreateQuizRequest { title: bad.clone(), ..plan() }, "title"),
            (CreateQuizRequest { description: bad.clone(), ..plan() }, "description"),
        ] {
            assert_eq!(named(app.make_quiz(request).await), expected, "{bad:?}");
        }
        let question = |text: &str, option: &str| AddQuestionRequest {
            quiz_id: quiz.clone(),
            text: text.to_owned(),
            options: vec!["this".to_owned(), option.to_owned()],
            correct_answer: Some(0),
            ..AddQuestionRequest::default()
        };
        for (request, expected) in [(question(&bad, "that"), "text"), (question("Which?", &bad), "options")] {
            assert_eq!(named(app.quizzes().add_question(request).await), expected, "{bad:?}");
        }
        let listed = ListQuizzesRequest { owner_id: bad.clone(), ..ListQuizzesRequest::default() };
        assert_eq!(named(app.quizzes().list_quizzes(listed).await), "owner_id", "{bad:?}");
    }
    // One line is one line; a question and a description may have several.
    let two = || "two\nlines".to_owned();
    assert_eq!(named(app.make_quiz(CreateQuizRequest { title: two(), ..plan() }).await), "title");
    app.make_quiz(CreateQuizRequest { description: two(), ..plan() }).await.unwrap();
}

async fn a_person_with_a_control_character_is_refused_wherever_it_is_named(app: TestApp) {
    app.subject("BIO").await;
    let quiz = app.make_quiz(CreateQuizRequest { self_report: true, ..plan() }).await.unwrap();
    for bad in CONTROLS.map(spoilt).into_iter().chain(["x".repeat(256)]) {
        for (person, expected) in [
            (User { issuer: bad.clone(), ..user("ada") }, "user.issuer"),
            (User { subject: bad.clone(), ..user("ada") }, "user.subject"),
        ] {
            let join = JoinQuizRequest {
                quiz_id: quiz.clone(),
                user: Some(person.clone()),
                ..JoinQuizRequest::default()
            };
            let answers = ListAnswersRequest {
                quiz_id: quiz.clone(),
                who: Some(list_answers_request::Who::User(person.clone())),
            };
            let sessions = ListSessionsRequest {
                of: Some(list_sessions_request::Of::User(person.clone())),
                ..ListSessionsRequest::default()
            };
            let performance = GetPerformanceRequest {
                quiz_id: String::new(),
                who: Some(get_performance_request::Who::User(person.clone())),
            };
            let around = GetLeaderboardRequest {
                board: Some(get_leaderboard_request::Board::Subject("BIO".to_owned())),
                around_user: Some(person.clone()),
                ..GetLeaderboardRequest::default()
            };
            let upload = UploadHeader { user: Some(person), ..header(&quiz) };
            assert_eq!(named(app.quizzes().join_quiz(join).await), expected, "{bad:?}");
            assert_eq!(named(app.quizzes().list_answers(answers).await), expected, "{bad:?}");
            assert_eq!(named(app.quizzes().list_sessions(sessions).await), expected, "{bad:?}");
            assert_eq!(named(app.quizzes().get_performance(performance).await), expected, "{bad:?}");
            assert_eq!(named(app.board(around).await), format!("around_{expected}"), "{bad:?}");
            assert_eq!(named(app.send(vec![Part::Header(upload)]).await), expected, "{bad:?}");
        }
        let upload = UploadHeader { issuer: bad.clone(), ..header(&quiz) };
        assert_eq!(named(app.send(vec![Part::Header(upload)]).await), "issuer", "{bad:?}");
        let join = |name: &str, token_name: &str, join_id: &str| JoinQuizRequest {
            quiz_id: quiz.clone(),
            username: name.to_owned(),
            user: Some(User { username: token_name.to_owned(), ..user("ada") }),
            join_id: join_id.to_owned(),
        };
        for (request, expected) in [
            (join(&bad, "ada", ""), "username"),
            (join("", &bad, ""), "username"),
            (join("ada", "ada", &bad), "join_id"),
        ] {
            assert_eq!(named(app.quizzes().join_quiz(request).await), expected, "{bad:?}");
        }
    }
}

async fn a_line_of_an_upload_with_a_control_character_is_an_error_of_the_line(app: TestApp) {
    let quiz = app.quiz_of("").await;
    for bad in CONTROLS.map(spoilt) {
        let rows = vec![
            row(1, "ada", 1, 1),
            SessionRow { subject: bad.clone(), ..row(2, "bob", 1, 1) },
            SessionRow { username: bad.clone(), ..row(3, "cy", 1, 1) },
            SessionRow { problem: bad.clone(), ..row(4, "dee", 1, 1) },
        ];
        let told = app.send(vec![Part::Header(header(&quiz)), rows_of(rows)]).await.unwrap();
        let errors: Vec<_> =
            told.errors.iter().map(|e| (e.line, &*e.code, e.error.split(':').next().unwrap())).collect();
        let code = "INVALID_ARGUMENT";
        assert_eq!(errors, [(2, code, "user_id"), (3, code, "username"), (4, code, &*bad)]);
        assert_eq!(told.inserted, 0);
    }
}

async fn what_is_looked_up_with_a_control_character_is_not_found(app: TestApp) {
    let quiz = app.quiz_of("").await;
    let seat = app.take_seat(&quiz, "ada").await.participant_id;
    for bad in CONTROLS.map(spoilt) {
        let spoil = |text: &str| format!("{text}{bad}");
        let get =
            |quiz_id: String, acting_as: &str| GetQuizRequest { quiz_id, acting_as: acting_as.to_owned() };
        let answer = |participant_id: String, submission_id: &str| SubmitAnswerRequest {
            quiz_id: quiz.clone(),
            participant_id,
            question_id: "q_000000000000".to_owned(),
            answer_index: Some(0),
            submission_id: submission_id.to_owned(),
        };
        let by_code = GetQuizByCodeRequest { join_code: spoil("12345") };
        let (absent, denied) =
            ((Code::NotFound, "QUIZ_NOT_FOUND"), (Code::PermissionDenied, "NOT_A_PARTICIPANT"));
        for (refused, expected) in [
            (app.quizzes().get_quiz(get(spoil(&quiz), HOST)).await.unwrap_err(), absent),
            (app.quizzes().get_quiz(get(quiz.clone(), &bad)).await.unwrap_err(), absent),
            (app.quizzes().get_quiz_by_code(by_code).await.unwrap_err(), absent),
            (app.scoring().submit_answer(answer(spoil(&seat), "")).await.unwrap_err(), denied),
        ] {
            assert_eq!(reason(&refused), (expected.0, expected.1.to_owned()), "{bad:?}");
        }
        let refused = app.scoring().submit_answer(answer(seat.clone(), &bad)).await;
        assert_eq!(named(refused), "submission_id", "{bad:?}");
    }
}
