//! People across quizzes, by gRPC: subjects, uploads, the ends of quizzes, performance, activity.

use prost_types::{Duration, Timestamp};
use proto::v1::{
    CreateQuizRequest, DeleteQuizRequest, EndQuizRequest, Entry, GetLeaderboardRequest,
    GetPerformanceRequest, JoinQuizRequest, Leaderboard, ListResultsRequest, ListSessionsRequest,
    ListSubjectsRequest, PutSubjectRequest, ResultRow, SessionRow, UploadHeader, UploadRows,
    UploadSessionsRequest, UploadSessionsResponse, User, WatchActivityRequest, WatchActivityResponse,
    WatchLeaderboardRequest, get_leaderboard_request, get_performance_request, list_sessions_request,
    upload_sessions_request::Part, watch_activity_response::Event, watch_leaderboard_request,
};
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt as _;

use crate::support::{
    TestApp,
    quiz::{Quiz, RIGHT},
    within,
};

on_both_pairs! {
    uploads_add_up_on_the_boards_of_quiz_and_subject,
    a_watched_subject_moves_with_an_upload,
    an_upload_with_a_bad_row_keeps_nothing_and_names_the_line,
    a_user_uploads_only_its_own_session_and_only_where_it_may,
    a_header_comes_first_and_once,
    the_end_of_a_quiz_makes_sessions_and_results,
    a_quiz_past_its_time_makes_sessions_by_itself_also_after_all_were_down,
    each_stream_hears_each_event_once_and_in_order,
    a_stream_is_taken_up_again_where_it_broke,
    performance_is_told_by_quiz_and_by_user,
    a_deleted_quiz_leaves_the_subject,
    subjects_are_put_and_listed,
}

const HOST: &str = "host";

fn user(sub: &str) -> User {
    User { issuer: "school".to_owned(), subject: sub.to_owned(), username: format!("{sub} by name") }
}

fn row(line: u32, sub: &str, score: u32, seconds: i64) -> SessionRow {
    SessionRow {
        line,
        subject: sub.to_owned(),
        username: sub.to_owned(),
        score: Some(score),
        duration: Some(Duration { seconds, nanos: 0 }),
        ..SessionRow::default()
    }
}

fn header(quiz_id: &str) -> UploadHeader {
    UploadHeader {
        quiz_id: quiz_id.to_owned(),
        acting_as: HOST.to_owned(),
        issuer: "school".to_owned(),
        ..UploadHeader::default()
    }
}

fn reason(status: &Status) -> (Code, String) {
    (status.code(), status.get_details_error_info().map(|info| info.reason).unwrap_or_default())
}

impl TestApp {
    async fn subject(&self, code: &str) {
        let request = PutSubjectRequest { code: code.to_owned(), name: format!("The {code}") };
        self.quizzes().put_subject(request).await.unwrap();
    }

    async fn quiz_of(&self, subject: &str, self_report: bool) -> String {
        let request = CreateQuizRequest {
            owner_id: HOST.to_owned(),
            title: "Cells".to_owned(),
            subject: subject.to_owned(),
            self_report,
            ..CreateQuizRequest::default()
        };
        self.quizzes().create_quiz(request).await.unwrap().into_inner().quiz.unwrap().quiz_id
    }

    async fn send(&self, parts: Vec<Part>) -> Result<UploadSessionsResponse, Status> {
        let parts = parts.into_iter().map(|part| UploadSessionsRequest { part: Some(part) });
        let sent =
            self.quizzes().upload_sessions(futures_util::stream::iter(parts.collect::<Vec<_>>())).await;
        sent.map(tonic::Response::into_inner)
    }

    async fn upload(&self, quiz_id: &str, rows: Vec<SessionRow>) -> UploadSessionsResponse {
        let parts = vec![Part::Header(header(quiz_id)), Part::Rows(UploadRows { rows })];
        self.send(parts).await.unwrap()
    }

    async fn subject_board(&self, code: &str, around: Option<User>) -> Result<Leaderboard, Status> {
        let request = GetLeaderboardRequest {
            board: Some(get_leaderboard_request::Board::Subject(code.to_owned())),
            limit: Some(if around.is_some() { 1 } else { 100 }),
            around_user: around,
            ..GetLeaderboardRequest::default()
        };
        Ok(self.scoring().get_leaderboard(request).await?.into_inner().leaderboard.unwrap())
    }

    /// Reads a subject's board until it is as expected.
    async fn subject_board_when(&self, code: &str, is_there: impl Fn(&Leaderboard) -> bool) -> Leaderboard {
        within("the subject's board follows", async {
            loop {
                let board = self.subject_board(code, None).await.unwrap();
                if is_there(&board) {
                    return board;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    async fn activity(&self, after_seq: Option<u64>) -> Streaming<WatchActivityResponse> {
        self.scoring().watch_activity(WatchActivityRequest { after_seq }).await.unwrap().into_inner()
    }

    /// Joins as these users, answers the only question of a started quiz rightly, and ends it.
    async fn play(&self, quiz: &str, users: &[&str]) {
        let question = crate::support::quiz::question(10);
        let options = question["options"].as_array().unwrap().iter();
        let question = proto::v1::AddQuestionRequest {
            quiz_id: quiz.to_owned(),
            acting_as: HOST.to_owned(),
            text: "Which one?".to_owned(),
            options: options.map(|option| option.as_str().unwrap().to_owned()).collect(),
            correct_answer: Some(u32::try_from(RIGHT).unwrap()),
            points: Some(10),
        };
        let question = self.quizzes().add_question(question).await.unwrap().into_inner().question.unwrap();
        let start = proto::v1::StartQuizRequest { quiz_id: quiz.to_owned(), acting_as: HOST.to_owned() };
        self.quizzes().start_quiz(start).await.unwrap();
        for sub in users {
            let join = JoinQuizRequest {
                quiz_id: quiz.to_owned(),
                user: Some(user(sub)),
                ..JoinQuizRequest::default()
            };
            let seat = self.quizzes().join_quiz(join).await.unwrap().into_inner();
            let answer = proto::v1::SubmitAnswerRequest {
                quiz_id: quiz.to_owned(),
                participant_id: seat.participant_id,
                question_id: question.question_id.clone(),
                answer_index: Some(u32::try_from(RIGHT).unwrap()),
                submission_id: String::new(),
            };
            self.scoring().submit_answer(answer).await.unwrap();
        }
    }

    async fn end(&self, quiz: &str) {
        let request = EndQuizRequest { quiz_id: quiz.to_owned(), acting_as: HOST.to_owned() };
        self.quizzes().end_quiz(request).await.unwrap();
    }

    async fn results(&self, quiz: &str, run: u32) -> Result<Vec<ResultRow>, Status> {
        let request = ListResultsRequest { quiz_id: quiz.to_owned(), acting_as: HOST.to_owned(), run };
        let mut stream = self.quizzes().list_results(request).await?.into_inner();
        let mut rows = Vec::new();
        while let Some(message) = stream.message().await? {
            rows.extend(message.results);
        }
        Ok(rows)
    }
}

fn ranked(entries: &[Entry]) -> Vec<(u32, &str, u32, u32)> {
    entries.iter().map(|row| (row.rank, &*row.username, row.score, row.quiz_count)).collect()
}

async fn next(stream: &mut Streaming<WatchActivityResponse>) -> WatchActivityResponse {
    within("something happens", stream.message()).await.unwrap().expect("the stream goes on")
}

async fn uploads_add_up_on_the_boards_of_quiz_and_subject(app: TestApp) {
    app.subject("BIO").await;
    let [first, second] = [app.quiz_of("BIO", false).await, app.quiz_of("BIO", false).await];
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
    let around = app.subject_board("BIO", Some(user("cy"))).await.unwrap();
    assert_eq!(ranked(&around.entries), [(3, "cy", 50, 1)]);
    let nobody = app.subject_board("BIO", Some(user("eve"))).await.unwrap_err();
    assert_eq!(reason(&nobody), (Code::NotFound, "PARTICIPANT_NOT_FOUND".to_owned()));
    let nowhere = app.subject_board("ART", None).await.unwrap_err();
    assert_eq!(reason(&nowhere), (Code::NotFound, "SUBJECT_NOT_FOUND".to_owned()));

    let rows = app.board_at(&Quiz { id: first, questions: vec![] }, 2).await;
    assert_eq!(rows, [(1, "bob".to_owned(), 50), (2, "ada".to_owned(), 30)]);
}

async fn a_watched_subject_moves_with_an_upload(app: TestApp) {
    app.subject("BIO").await;
    let quiz = app.quiz_of("BIO", false).await;
    let request = WatchLeaderboardRequest {
        board: Some(watch_leaderboard_request::Board::Subject("BIO".to_owned())),
        ..WatchLeaderboardRequest::default()
    };
    let mut states = app.scoring().watch_leaderboard(request).await.unwrap().into_inner();
    let mut state = within("the first state", states.message()).await.unwrap().unwrap();
    assert_eq!(state.leaderboard.unwrap().total, 0);
    app.upload(&quiz, vec![row(1, "ada", 30, 10)]).await;
    state = within("the next state", states.message()).await.unwrap().unwrap();
    assert_eq!(ranked(&state.leaderboard.unwrap().entries), [(1, "ada", 30, 1)]);
}

async fn an_upload_with_a_bad_row_keeps_nothing_and_names_the_line(app: TestApp) {
    let quiz = app.quiz_of("", false).await;
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
    let of = |quiz_id| ListSessionsRequest {
        of: Some(list_sessions_request::Of::QuizId(quiz_id)),
        acting_as: HOST.to_owned(),
        ..ListSessionsRequest::default()
    };
    let listed = app.quizzes().list_sessions(of(quiz.clone())).await.unwrap().into_inner();
    assert_eq!(listed.total, 0);

    let partial = UploadHeader { partial: true, ..header(&quiz) };
    let told = app.send(vec![Part::Header(partial), Part::Rows(UploadRows { rows: bad })]).await.unwrap();
    assert_eq!((told.inserted, told.error_count), (1, 11));
    let listed = app.quizzes().list_sessions(of(quiz)).await.unwrap().into_inner();
    let session = &listed.sessions[0];
    assert_eq!((listed.total, &*session.username, session.score, session.uploaded), (1, "ada", 1, true));
    assert!(session.session_id.starts_with("session_") && session.user_id.starts_with("u_"));
}

async fn a_user_uploads_only_its_own_session_and_only_where_it_may(app: TestApp) {
    let [open, closed] = [app.quiz_of("", true).await, app.quiz_of("", false).await];
    let own = |quiz: &str| UploadHeader { user: Some(user("ada")), ..header(quiz) };
    let send = async |quiz: &str, rows| {
        app.send(vec![Part::Header(own(quiz)), Part::Rows(UploadRows { rows })]).await
    };
    let refused = send(&closed, vec![row(1, "ada", 1, 1)]).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::PermissionDenied, "FORBIDDEN".to_owned()));
    let told = send(&open, vec![row(1, "bob", 1, 1)]).await.unwrap();
    assert_eq!((told.inserted, &*told.errors[0].code), (0, "FORBIDDEN"));
    let mut nameless = row(1, "", 1, 1);
    nameless.username.clear();
    assert_eq!(send(&open, vec![nameless.clone()]).await.unwrap().inserted, 1);
    assert_eq!(send(&open, vec![nameless]).await.unwrap().unchanged, 1);
    assert_eq!(app.results(&open, 0).await.unwrap()[0].username, "ada by name");
    // To another host the quiz is not there.
    let stranger = UploadHeader { acting_as: "another".to_owned(), ..header(&open) };
    let refused = app.send(vec![Part::Header(stranger)]).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::NotFound, "QUIZ_NOT_FOUND".to_owned()));
}

async fn a_header_comes_first_and_once(app: TestApp) {
    let quiz = app.quiz_of("", false).await;
    let (head, rows) =
        (Part::Header(header(&quiz)), Part::Rows(UploadRows { rows: vec![row(1, "ada", 1, 1)] }));
    for parts in [vec![], vec![rows.clone(), head.clone()], vec![head.clone(), rows, head]] {
        let refused = app.send(parts).await.unwrap_err();
        assert_eq!(reason(&refused), (Code::InvalidArgument, "INVALID_ARGUMENT".to_owned()));
    }
    assert_eq!(app.results(&quiz, 0).await.unwrap(), []);
}

async fn the_end_of_a_quiz_makes_sessions_and_results(app: TestApp) {
    app.subject("BIO").await;
    let quiz = app.quiz_of("BIO", false).await;
    app.play(&quiz, &["ada", "bob"]).await;
    app.end(&quiz).await;
    let board = app.subject_board_when("BIO", |board| board.total == 2).await;
    assert_eq!(board.entries.iter().map(|row| row.score).collect::<Vec<_>>(), [10, 10]);

    let results = app.results(&quiz, 1).await.unwrap();
    let told: Vec<_> =
        results.iter().map(|row| (row.score, row.answered, row.correct, &*row.subject)).collect();
    let mut subs: Vec<_> = told.iter().map(|row| row.3).collect();
    subs.sort_unstable();
    assert_eq!((subs, told[0].0, told[0].1, told[0].2), (vec!["ada", "bob"], 10, 1, 1));
    let refused = app.results(&quiz, 2).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::InvalidArgument, "INVALID_ARGUMENT".to_owned()));
}

async fn a_quiz_past_its_time_makes_sessions_by_itself_also_after_all_were_down(mut app: TestApp) {
    app.subject("BIO").await;
    let quiz = app.quiz_of("BIO", false).await;
    app.play(&quiz, &["ada"]).await;
    app.stop_scoring().await;
    app.clock.advance(std::time::Duration::from_secs(24 * 60 * 60));
    app.start_scoring().await;
    let board = app.subject_board_when("BIO", |board| board.total == 1).await;
    assert_eq!(ranked(&board.entries), [(1, "ada by name", 10, 1)]);
    let of = ListSessionsRequest {
        of: Some(list_sessions_request::Of::User(user("ada"))),
        ..ListSessionsRequest::default()
    };
    let session = app.quizzes().list_sessions(of).await.unwrap().into_inner().sessions.remove(0);
    let lasted = session.ended_at.unwrap().seconds - session.started_at.unwrap().seconds;
    assert_eq!((session.uploaded, lasted), (false, 30 * 60));
}

async fn each_stream_hears_each_event_once_and_in_order(app: TestApp) {
    app.subject("BIO").await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        let mut stream = app.activity(None).await;
        assert_eq!(next(&mut stream).await, WatchActivityResponse::default());
        streams.push(stream);
    }
    let quizzes = [app.quiz_of("BIO", false).await, app.quiz_of("", false).await];
    for number in 0..20 {
        let name = format!("pupil {number}");
        app.upload(&quizzes[number % 2], vec![row(1, &name, 1, 1), row(2, &format!("{name}b"), 1, 1)]).await;
    }
    for mut stream in streams {
        let (mut uploads, mut changes) = (Vec::new(), 0);
        for seq in 1..=30 {
            let message = next(&mut stream).await;
            assert_eq!((message.seq, message.skipped, message.at.is_some()), (seq, 0, true));
            match message.event.unwrap() {
                Event::SessionsUploaded(sessions) => {
                    assert_eq!((sessions.count, sessions.duration.unwrap().seconds), (2, 1));
                    uploads.push(sessions.username);
                }
                Event::SubjectChanged(change) => {
                    changes += 1;
                    assert_eq!((change.subject.as_str(), change.version), ("BIO", 2 * changes));
                }
            }
        }
        let expected: Vec<_> = (0..20).map(|number| format!("pupil {number}")).collect();
        assert_eq!((uploads, changes), (expected, 10));
    }
}

async fn a_stream_is_taken_up_again_where_it_broke(mut app: TestApp) {
    let quiz = app.quiz_of("", false).await;
    let mut stream = app.activity(None).await;
    assert_eq!(next(&mut stream).await.seq, 0);
    for number in 1..=300 {
        app.upload(&quiz, vec![row(1, &format!("pupil {number}"), 1, 1)]).await;
    }
    for seq in 1..=3 {
        assert_eq!(next(&mut stream).await.seq, seq);
    }
    app.stop_scoring().await;
    app.start_scoring().await;
    let mut again = app.activity(Some(3)).await;
    assert_eq!(next(&mut again).await, WatchActivityResponse { seq: 3, ..WatchActivityResponse::default() });
    for seq in 4..=300 {
        let message = next(&mut again).await;
        assert_eq!((message.seq, message.skipped), (seq, 0));
    }
    app.upload(&quiz, vec![row(1, "the last", 1, 1)]).await;
    assert_eq!(next(&mut again).await.seq, 301);
    // A number that is not given yet can only be of another ledger.
    let mut ahead = app.activity(Some(9000)).await;
    assert_eq!(next(&mut ahead).await.seq, 301);
    // What is no longer kept is told as skipped.
    app.clock.advance(std::time::Duration::from_secs(2 * 60 * 60));
    app.upload(&quiz, vec![row(1, "much later", 1, 1)]).await;
    let mut late = app.activity(Some(3)).await;
    assert_eq!(next(&mut late).await.seq, 3);
    let message = next(&mut late).await;
    assert_eq!((message.seq, message.skipped), (302, 298));
}

async fn performance_is_told_by_quiz_and_by_user(app: TestApp) {
    app.subject("BIO").await;
    let quiz = app.quiz_of("BIO", false).await;
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
    app.upload(&app.quiz_of("BIO", false).await, vec![row(1, "ada", 20, 7)]).await;
    let all = ask("", who("ada")).await.unwrap();
    assert_eq!(all.quizzes.iter().map(|quiz| quiz.score).collect::<Vec<_>>().len(), 2);
    let bio = &all.subjects[0];
    assert_eq!((bio.best_score, bio.total_score, bio.quiz_count, bio.rank, bio.total), (20, 30, 2, 1, 2));
    assert!((bio.average_score - 15.0).abs() < 1e-9 && (bio.percentile - 100.0).abs() < 1e-9);
    assert_eq!(bio.subject_name, "The BIO");
    assert_eq!(ask("", who("eve")).await.unwrap(), proto::v1::GetPerformanceResponse::default());

    let refused = ask(&quiz, who("eve")).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::PermissionDenied, "NOT_A_PARTICIPANT".to_owned()));
    for (quiz_id, who) in [("", Some(by_seat)), ("quiz_000000000000", who("ada"))] {
        let refused = ask(quiz_id, who).await.unwrap_err();
        assert_eq!(reason(&refused), (Code::NotFound, "QUIZ_NOT_FOUND".to_owned()));
    }
    let refused = ask(&quiz, None).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

async fn a_deleted_quiz_leaves_the_subject(app: TestApp) {
    app.subject("BIO").await;
    let [kept, deleted] = [app.quiz_of("BIO", false).await, app.quiz_of("BIO", false).await];
    app.upload(&kept, vec![row(1, "ada", 30, 10)]).await;
    app.upload(&deleted, vec![row(1, "ada", 50, 5), row(2, "bob", 1, 1)]).await;
    app.subject_board_when("BIO", |board| board.total == 2).await;
    let mut stream = app.activity(None).await;
    next(&mut stream).await;
    let request = DeleteQuizRequest { quiz_id: deleted.clone(), acting_as: HOST.to_owned() };
    app.quizzes().delete_quiz(request).await.unwrap();
    let board = app.subject_board_when("BIO", |board| board.total == 1).await;
    assert_eq!(ranked(&board.entries), [(1, "ada", 30, 1)]);
    let Some(Event::SubjectChanged(change)) = next(&mut stream).await.event else { panic!("no change") };
    assert_eq!((change.quiz_id, change.version), (deleted, board.version));
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
    for (code, name, field) in [("bio", "Biology", "code"), ("BIO", " ", "name")] {
        let request = PutSubjectRequest { code: code.to_owned(), name: name.to_owned() };
        let refused = app.quizzes().put_subject(request).await.unwrap_err();
        let violations = refused.get_details_bad_request().unwrap().field_violations;
        assert_eq!((refused.code(), &*violations[0].field), (Code::InvalidArgument, field));
    }
}
