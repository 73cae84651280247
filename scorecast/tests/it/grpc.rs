//! The gRPC side: streams, standings, safe retries, and what errors tell programs.

use prost_types::Timestamp;
use proto::v1::{
    GetLeaderboardRequest, GetStandingsRequest, JoinQuizRequest, SubmitAnswerRequest,
    WatchLeaderboardRequest, WatchLeaderboardResponse, get_leaderboard_request, watch_leaderboard_request,
};
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt as _;

use crate::support::{
    TestApp,
    quiz::{Quiz, RIGHT, Seat},
    within,
};

on_both_pairs! {
    a_stream_shows_the_present_state_and_then_the_newest_never_an_older_one,
    a_stream_with_a_seat_carries_its_standing_and_refuses_a_stranger,
    standings_come_in_the_order_asked_without_strangers,
    the_same_join_again_gets_the_same_seat,
    an_error_tells_programs_its_reason_and_field,
    every_field_of_a_call_is_checked,
}

async fn a_stream_shows_the_present_state_and_then_the_newest_never_an_older_one(app: TestApp) {
    let quiz = app.started_quiz(&[10, 20, 30]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let mut states = watch(&app, &quiz, "").await.unwrap();
    let mut seen = vec![next(&mut states).await];
    for question in 0..3 {
        let version = app.answered(&quiz, &seat, question, RIGHT).await;
        while seen.last().unwrap().leaderboard.as_ref().unwrap().version < version {
            seen.push(next(&mut states).await);
        }
    }
    let boards: Vec<_> = seen.into_iter().map(|state| state.leaderboard.unwrap()).collect();
    assert!(boards.is_sorted_by_key(|board| (board.epoch, board.version)));
    assert!(boards.is_sorted_by_key(|board| seconds(board.timestamp.as_ref())));
    assert_eq!(boards.last().unwrap().entries[0].score, 60);
}

async fn a_stream_with_a_seat_carries_its_standing_and_refuses_a_stranger(app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let (first, second) = (app.join(&quiz, "first").await, app.join(&quiz, "second").await);
    let version = app.answered(&quiz, &first, 0, RIGHT).await;
    let mut states = watch(&app, &quiz, &second.id).await.unwrap();
    let state = loop {
        let state = next(&mut states).await;
        if state.leaderboard.as_ref().unwrap().version >= version {
            break state;
        }
    };
    let standing = state.standing.unwrap();
    assert_eq!((standing.participant_id, standing.rank, standing.total), (second.id, 2, 2));
    let refusal = watch(&app, &quiz, "p_000000000000").await.unwrap_err();
    assert_eq!((refusal.code(), &*reason(&refusal)), (Code::PermissionDenied, "NOT_A_PARTICIPANT"));
}

async fn standings_come_in_the_order_asked_without_strangers(app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let (alice, bob) = (app.join(&quiz, "alice").await, app.join(&quiz, "bob").await);
    let version = app.answered(&quiz, &alice, 0, RIGHT).await;
    app.board_at(&quiz, version).await;
    let asked = [&*bob.id, "p_000000000000", &*alice.id].map(str::to_owned).to_vec();
    let request = GetStandingsRequest { quiz_id: quiz.id.clone(), participant_ids: asked };
    let reply = app.scoring().get_standings(request).await.unwrap().into_inner();
    let rows: Vec<_> = reply.standings.iter().map(|row| (&*row.username, row.score, row.rank)).collect();
    assert_eq!(rows, [("bob", 0, 2), ("alice", 10, 1)]);
    assert!(reply.version >= version);
}

async fn the_same_join_again_gets_the_same_seat(app: TestApp) {
    let quiz = app.pending_quiz(&[10]).await;
    let join = || JoinQuizRequest {
        quiz_id: quiz.id.clone(),
        username: "alice_dev".to_owned(),
        join_id: "the-first".to_owned(),
        user: None,
    };
    let once = app.quizzes().join_quiz(join()).await.unwrap().into_inner();
    let again = app.quizzes().join_quiz(join()).await.unwrap().into_inner();
    assert_eq!((once.created, again.created), (true, false));
    assert_eq!(once.participant_id, again.participant_id);
}

async fn an_error_tells_programs_its_reason_and_field(app: TestApp) {
    let request = JoinQuizRequest { quiz_id: app.pending_quiz(&[10]).await.id, ..Default::default() };
    let refusal = app.quizzes().join_quiz(request).await.unwrap_err();
    let info = refusal.get_details_error_info().unwrap();
    assert_eq!((&*info.domain, &*info.reason), ("scorecast", "INVALID_ARGUMENT"));
    let bad = refusal.get_details_bad_request().unwrap();
    assert_eq!(bad.field_violations.iter().map(|v| &*v.field).collect::<Vec<_>>(), ["username"]);
}

async fn every_field_of_a_call_is_checked(app: TestApp) {
    let quiz = app.started_quiz(&[10]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    for (spoil, code, expected) in ANSWERS {
        let mut request = answer(&quiz, &seat);
        spoil(&mut request);
        let said = format!("{request:?}");
        let refusal = app.scoring().submit_answer(request).await.unwrap_err();
        assert_eq!((refusal.code(), &*reason(&refusal)), (*code, *expected), "{said}");
    }
    for (spoil, code, expected) in BOARDS {
        let board = get_leaderboard_request::Board::QuizId(quiz.id.clone());
        let mut request = GetLeaderboardRequest { board: Some(board), ..Default::default() };
        spoil(&mut request);
        let said = format!("{request:?}");
        let refusal = app.scoring().get_leaderboard(request).await.unwrap_err();
        assert_eq!((refusal.code(), &*reason(&refusal)), (*code, *expected), "{said}");
    }
    let many = vec![seat.id; 10_001];
    let request = GetStandingsRequest { quiz_id: quiz.id, participant_ids: many };
    let refusal = app.scoring().get_standings(request).await.unwrap_err();
    assert_eq!((refusal.code(), &*reason(&refusal)), (Code::InvalidArgument, "INVALID_ARGUMENT"));
}

/// How to spoil a good request, and what it is then refused with.
type Spoilt<R> = (fn(&mut R), Code, &'static str);

const ANSWERS: &[Spoilt<SubmitAnswerRequest>] = &[
    (|r| r.quiz_id.clear(), Code::NotFound, "QUIZ_NOT_FOUND"),
    (|r| r.quiz_id = "quiz_000000000000".to_owned(), Code::NotFound, "QUIZ_NOT_FOUND"),
    (|r| r.participant_id.clear(), Code::PermissionDenied, "NOT_A_PARTICIPANT"),
    (|r| r.participant_id = "nonsense".to_owned(), Code::PermissionDenied, "NOT_A_PARTICIPANT"),
    (|r| r.participant_id = "p_000000000000".to_owned(), Code::PermissionDenied, "NOT_A_PARTICIPANT"),
    (|r| r.question_id.clear(), Code::NotFound, "QUESTION_NOT_FOUND"),
    (|r| r.question_id = "q_000000000000".to_owned(), Code::NotFound, "QUESTION_NOT_FOUND"),
    (|r| r.answer_index = None, Code::InvalidArgument, "INVALID_ARGUMENT"),
    (|r| r.answer_index = Some(4), Code::InvalidArgument, "INVALID_ANSWER_INDEX"),
    (|r| r.answer_index = Some(u32::MAX), Code::InvalidArgument, "INVALID_ANSWER_INDEX"),
    (|r| r.submission_id = "x".repeat(65), Code::InvalidArgument, "INVALID_ARGUMENT"),
    (|r| r.submission_id = "é".to_owned(), Code::InvalidArgument, "INVALID_ARGUMENT"),
];

const BOARDS: &[Spoilt<GetLeaderboardRequest>] = &[
    (|r| r.board = None, Code::InvalidArgument, "INVALID_ARGUMENT"),
    (|r| r.limit = Some(0), Code::InvalidArgument, "INVALID_ARGUMENT"),
    (|r| r.limit = Some(1001), Code::InvalidArgument, "INVALID_ARGUMENT"),
    (|r| r.offset = 1_000_001, Code::InvalidArgument, "INVALID_ARGUMENT"),
    (
        |r| r.board = Some(get_leaderboard_request::Board::Subject("NOSUCH".to_owned())),
        Code::NotFound,
        "SUBJECT_NOT_FOUND",
    ),
];

fn answer(quiz: &Quiz, seat: &Seat) -> SubmitAnswerRequest {
    SubmitAnswerRequest {
        quiz_id: quiz.id.clone(),
        participant_id: seat.id.clone(),
        question_id: quiz.questions[0].clone(),
        answer_index: Some(1),
        submission_id: String::new(),
    }
}

async fn watch(
    app: &TestApp,
    quiz: &Quiz,
    participant_id: &str,
) -> Result<Streaming<WatchLeaderboardResponse>, Status> {
    let request = WatchLeaderboardRequest {
        board: Some(watch_leaderboard_request::Board::QuizId(quiz.id.clone())),
        limit: None,
        participant_id: participant_id.to_owned(),
    };
    app.scoring().watch_leaderboard(request).await.map(tonic::Response::into_inner)
}

async fn next(states: &mut Streaming<WatchLeaderboardResponse>) -> WatchLeaderboardResponse {
    within("a state comes", states.message()).await.unwrap().expect("the stream goes on")
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

fn seconds(timestamp: Option<&Timestamp>) -> (i64, i32) {
    timestamp.map(|at| (at.seconds, at.nanos)).expect("a state says when it was read")
}
