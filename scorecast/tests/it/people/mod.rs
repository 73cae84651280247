//! People across quizzes, by gRPC: subjects, uploads, the ends of quizzes, performance, activity.

mod activity;
mod ends;
mod import;
mod killed;
mod performance;
mod sessions;
mod subjects;
mod texts;
mod uploads;
mod volume;

use prost_types::Duration;
use proto::v1::{
    AddQuestionRequest, CreateQuizRequest, EndQuizRequest, Entry, GetLeaderboardRequest, JoinQuizRequest,
    JoinQuizResponse, Leaderboard, ListResultsRequest, ListSessionsRequest, PutSubjectRequest, ResultRow,
    Session, SessionRow, StartQuizRequest, SubmitAnswerRequest, UploadHeader, UploadRows,
    UploadSessionsRequest, UploadSessionsResponse, User, get_leaderboard_request, list_sessions_request,
    upload_sessions_request::Part,
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::support::{TestApp, within};

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

fn rows_of(rows: Vec<SessionRow>) -> Part {
    Part::Rows(UploadRows { rows })
}

/// The status of a refusal, and the code of the contract.
fn reason(status: &Status) -> (Code, String) {
    (status.code(), status.get_details_error_info().map(|info| info.reason).unwrap_or_default())
}

/// The field that a refusal of bad input names.
fn field(status: &Status) -> String {
    let bad = status.get_details_bad_request().unwrap_or_else(|| panic!("no field in {status:?}"));
    assert_eq!(reason(status), (Code::InvalidArgument, "INVALID_ARGUMENT".to_owned()));
    bad.field_violations.into_iter().map(|violation| violation.field).collect()
}

fn ranked(entries: &[Entry]) -> Vec<(u32, &str, u32, u32)> {
    entries.iter().map(|row| (row.rank, &*row.username, row.score, row.quiz_count)).collect()
}

impl TestApp {
    async fn subject(&self, code: &str) {
        let request = PutSubjectRequest { code: code.to_owned(), name: format!("The {code}") };
        self.quizzes().put_subject(request).await.unwrap();
    }

    async fn quiz_of(&self, subject: &str) -> String {
        self.make_quiz(CreateQuizRequest { subject: subject.to_owned(), ..plan() }).await.unwrap()
    }

    async fn make_quiz(&self, plan: CreateQuizRequest) -> Result<String, Status> {
        Ok(self.quizzes().create_quiz(plan).await?.into_inner().quiz.unwrap().quiz_id)
    }

    async fn send(&self, parts: Vec<Part>) -> Result<UploadSessionsResponse, Status> {
        let parts = parts.into_iter().map(|part| UploadSessionsRequest { part: Some(part) });
        let sent =
            self.quizzes().upload_sessions(futures_util::stream::iter(parts.collect::<Vec<_>>())).await;
        sent.map(tonic::Response::into_inner)
    }

    async fn upload(&self, quiz_id: &str, rows: Vec<SessionRow>) -> UploadSessionsResponse {
        self.send(vec![Part::Header(header(quiz_id)), rows_of(rows)]).await.unwrap()
    }

    async fn subject_board(&self, code: &str) -> Result<Leaderboard, Status> {
        let board = Some(get_leaderboard_request::Board::Subject(code.to_owned()));
        self.board(GetLeaderboardRequest { board, ..GetLeaderboardRequest::default() }).await
    }

    async fn board(&self, request: GetLeaderboardRequest) -> Result<Leaderboard, Status> {
        Ok(self.scoring().get_leaderboard(request).await?.into_inner().leaderboard.unwrap())
    }

    /// Reads a subject's board until it is as expected.
    async fn subject_board_when(&self, code: &str, is_there: impl Fn(&Leaderboard) -> bool) -> Leaderboard {
        within("the subject's board follows", async {
            loop {
                let board = self.subject_board(code).await.unwrap();
                if is_there(&board) {
                    return board;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// Adds the only question of a quiz, for 10 points, and starts it.
    async fn begin(&self, quiz: &str) -> String {
        let question = AddQuestionRequest {
            quiz_id: quiz.to_owned(),
            acting_as: HOST.to_owned(),
            text: "Which one?".to_owned(),
            options: ["this", "that"].map(str::to_owned).to_vec(),
            correct_answer: Some(1),
            points: Some(10),
        };
        let question = self.quizzes().add_question(question).await.unwrap().into_inner().question.unwrap();
        let start = StartQuizRequest { quiz_id: quiz.to_owned(), acting_as: HOST.to_owned() };
        self.quizzes().start_quiz(start).await.unwrap();
        question.question_id
    }

    async fn take_seat(&self, quiz: &str, sub: &str) -> JoinQuizResponse {
        let join =
            JoinQuizRequest { quiz_id: quiz.to_owned(), user: Some(user(sub)), ..JoinQuizRequest::default() };
        self.quizzes().join_quiz(join).await.unwrap().into_inner()
    }

    /// Joins as these users and answers the only question of a quiz rightly.
    async fn play(&self, quiz: &str, users: &[&str]) {
        let question_id = self.begin(quiz).await;
        for sub in users {
            let answer = SubmitAnswerRequest {
                quiz_id: quiz.to_owned(),
                participant_id: self.take_seat(quiz, sub).await.participant_id,
                question_id: question_id.clone(),
                answer_index: Some(1),
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

    /// The sessions of a quiz, newest first.
    async fn sessions_of(&self, quiz: &str) -> Vec<Session> {
        let of = Some(list_sessions_request::Of::QuizId(quiz.to_owned()));
        let request = ListSessionsRequest { of, limit: Some(1000), ..ListSessionsRequest::default() };
        let listed = self.quizzes().list_sessions(request).await.unwrap().into_inner();
        assert_eq!(listed.sessions.len(), listed.total as usize);
        listed.sessions
    }
}

/// A quiz without a subject.
fn plan() -> CreateQuizRequest {
    CreateQuizRequest { owner_id: HOST.to_owned(), title: "Cells".to_owned(), ..CreateQuizRequest::default() }
}
