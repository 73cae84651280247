//! A scoring service that holds boards in memory, and fails when told to.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
};

use proto::v1::{
    quiz_service_server::{QuizService, QuizServiceServer},
    scoring_service_server::{ScoringService, ScoringServiceServer},
    *,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::{Notify, watch},
    task::JoinHandle,
};
use tokio_stream::{Stream, StreamExt as _, wrappers::TcpListenerStream, wrappers::WatchStream};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, transport::Server};
use tonic_types::{ErrorDetails, StatusExt as _};

pub(crate) const QUIZ: &str = "quiz_a1b2c3d4e5f6";
pub(crate) const ALICE: &str = "p_aaaaaaaaaaaa";
pub(crate) const BOB: &str = "p_bbbbbbbbbbbb";
pub(crate) const QUESTION: &str = "q_000000000001";

/// A refusal as scoring words it.
pub(crate) fn refusal(code: Code, reason: &str, sentence: &str) -> Status {
    Status::with_error_details(code, sentence, ErrorDetails::with_error_info(reason, "scorecast", []))
}

/// One state of a quiz: its version and its rows, best first, as (participant, score).
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) version: u64,
    pub(crate) epoch: u64,
    pub(crate) rows: Vec<(String, u32)>,
}

impl State {
    pub(crate) fn new(version: u64, rows: &[(&str, u32)]) -> Self {
        let rows = rows.iter().map(|(id, score)| ((*id).to_owned(), *score)).collect();
        Self { version, epoch: 1_790_000_000, rows }
    }

    fn leaderboard(&self, board: &str, limit: usize) -> Leaderboard {
        let entries = self.rows.iter().zip(1..).take(limit);
        let of_quiz = board.starts_with("quiz_");
        Leaderboard {
            board: Some(if of_quiz {
                leaderboard::Board::QuizId(board.to_owned())
            } else {
                leaderboard::Board::Subject(board.to_owned())
            }),
            entries: entries
                .map(|((id, score), rank)| Entry {
                    id: Some(if of_quiz {
                        entry::Id::ParticipantId(id.clone())
                    } else {
                        entry::Id::UserId(id.clone())
                    }),
                    username: format!("name of {id}"),
                    score: *score,
                    rank,
                    ..Entry::default()
                })
                .collect(),
            total: self.rows.len() as u32,
            version: self.version,
            epoch: self.epoch,
            status: QuizStatus::Started.into(),
            timestamp: Some(prost_types::Timestamp { seconds: 1_770_027_300, nanos: 123_000_000 }),
        }
    }

    fn standing(&self, participant: &str) -> Option<Standing> {
        let (row, rank) = self.rows.iter().zip(1..).find(|((id, _), _)| id == participant)?;
        Some(Standing {
            participant_id: participant.to_owned(),
            username: format!("name of {participant}"),
            score: row.1,
            rank,
            total: self.rows.len() as u32,
            percentile: 100.0,
        })
    }
}

/// What a call is answered with instead.
#[derive(Clone)]
pub(crate) enum Fault {
    Status(Status),
    Silence,
    /// Nothing else, but not before it is told to.
    Pause(Arc<Notify>),
}

/// What the service holds, and what it was asked.
#[derive(Default)]
struct Held {
    boards: Mutex<HashMap<String, watch::Sender<Option<State>>>>,
    faults: Mutex<HashMap<&'static str, VecDeque<Fault>>>,
    asked: Mutex<Vec<Asked>>,
    activity: watch::Sender<Vec<WatchActivityResponse>>,
}

/// A call that arrived.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asked {
    Answer(SubmitAnswerRequest),
    Join(JoinQuizRequest),
    Create(CreateQuizRequest),
    Show(GetQuizRequest),
    List(ListQuizzesRequest),
    Standings(GetStandingsRequest),
    Watch(WatchLeaderboardRequest),
    Activity(WatchActivityRequest),
    Upload { header: UploadHeader, rows: usize },
    Other(&'static str),
}

/// The service, listening until it is stopped; what it holds survives.
pub(crate) struct Scoring {
    pub(crate) address: SocketAddr,
    held: Arc<Held>,
    running: Option<(CancellationToken, JoinHandle<()>)>,
}

impl Scoring {
    /// Starts with the quiz [`QUIZ`] in which Alice leads before Bob, at version 1.
    pub(crate) async fn start() -> Self {
        let held = Arc::new(Held::default());
        let state = State::new(1, &[(ALICE, 50), (BOB, 30)]);
        held.boards.lock().unwrap().insert(QUIZ.to_owned(), watch::Sender::new(Some(state)));
        let mut scoring = Self { address: "127.0.0.1:0".parse().unwrap(), held, running: None };
        scoring.listen().await;
        scoring
    }

    /// Listens, again at the same address if it has listened before.
    pub(crate) async fn listen(&mut self) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        let listener = socket.listen(1024).unwrap();
        self.address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, Arc::clone(&self.held), stop.clone()));
        self.running = Some((stop, served));
    }

    /// Ends all streams and listens no more.
    pub(crate) async fn stop(&mut self) {
        let (stop, served) = self.running.take().expect("it runs");
        stop.cancel();
        served.await.unwrap();
    }

    /// Makes one more quiz, in which Alice is alone.
    pub(crate) fn open(&self, quiz_id: &str) {
        let board = watch::Sender::new(Some(State::new(1, &[(ALICE, 50)])));
        self.held.boards.lock().unwrap().insert(quiz_id.to_owned(), board);
    }

    /// Makes a subject of which nobody has a session, at version 1.
    pub(crate) fn open_subject(&self, code: &str) {
        let board = watch::Sender::new(Some(State::new(1, &[])));
        self.held.boards.lock().unwrap().insert(code.to_owned(), board);
    }

    /// Shows a state of [`QUIZ`].
    pub(crate) fn show(&self, state: State) {
        self.show_on(QUIZ, state);
    }

    /// Shows a state of a board.
    pub(crate) fn show_on(&self, board: &str, state: State) {
        self.held.boards.lock().unwrap()[board].send_replace(Some(state));
    }

    /// Lets something happen, behind so many events that are lost.
    pub(crate) fn happen(&self, event: watch_activity_response::Event, skipped: u64) {
        self.held.activity.send_modify(|events| {
            let seq = events.last().map_or(0, |last| last.seq) + skipped + 1;
            let at = Some(prost_types::Timestamp { seconds: 1_770_027_300, nanos: 123_000_000 });
            events.push(WatchActivityResponse { seq, at, skipped, event: Some(event) });
        });
    }

    /// Deletes [`QUIZ`].
    pub(crate) fn delete(&self) {
        let board = self.held.boards.lock().unwrap().remove(QUIZ).expect("it exists");
        board.send_replace(None);
    }

    /// Answers the next call of a method with a fault.
    pub(crate) fn fail(&self, method: &'static str, fault: Fault) {
        self.held.faults.lock().unwrap().entry(method).or_default().push_back(fault);
    }

    /// What it was asked so far, of the kind that `kind` picks.
    pub(crate) fn asked<T>(&self, kind: impl Fn(&Asked) -> Option<T>) -> Vec<T> {
        self.held.asked.lock().unwrap().iter().filter_map(kind).collect()
    }
}

async fn serve(listener: TcpListener, held: Arc<Held>, stop: CancellationToken) {
    let health = tonic_health::server::HealthReporter::new();
    health.set_service_status("", tonic_health::ServingStatus::Serving).await;
    let health = tonic_health::server::HealthService::from_health_reporter(health);
    let service = Service { held, stop: stop.clone() };
    Server::builder()
        .add_service(tonic_health::pb::health_server::HealthServer::new(health))
        .add_service(ScoringServiceServer::new(service.clone()))
        .add_service(QuizServiceServer::new(service))
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop.cancelled())
        .await
        .unwrap();
}

#[derive(Clone)]
struct Service {
    held: Arc<Held>,
    stop: CancellationToken,
}

impl Service {
    /// Notes a call, and carries out the fault that waits for it.
    async fn hear(&self, method: &'static str, asked: Asked) -> Result<(), Status> {
        self.held.asked.lock().unwrap().push(asked);
        let fault = self.held.faults.lock().unwrap().get_mut(method).and_then(VecDeque::pop_front);
        match fault {
            None => Ok(()),
            Some(Fault::Status(status)) => Err(status),
            Some(Fault::Silence) => std::future::pending().await,
            Some(Fault::Pause(over)) => {
                over.notified().await;
                Ok(())
            }
        }
    }

    /// A stream that ends when the service stops.
    fn until_stopped<T: Send + 'static>(
        &self,
        stream: impl Stream<Item = Result<T, Status>> + Send + 'static,
    ) -> Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>> {
        let stopped = self.stop.clone().cancelled_owned();
        let last = tokio_stream::once(Err(Status::unavailable("draining")));
        Box::pin(futures_util::StreamExt::take_until(stream, stopped).chain(last))
    }

    fn board(&self, quiz_id: &str) -> Result<watch::Receiver<Option<State>>, Status> {
        let boards = self.held.boards.lock().unwrap();
        let board = boards.get(quiz_id).ok_or_else(not_found)?;
        Ok(board.subscribe())
    }

    fn state(&self, quiz_id: &str) -> Result<State, Status> {
        self.board(quiz_id)?.borrow().clone().ok_or_else(not_found)
    }
}

fn not_found() -> Status {
    refusal(Code::NotFound, "QUIZ_NOT_FOUND", "quiz not found")
}

fn quiz(quiz_id: &str) -> Quiz {
    Quiz {
        quiz_id: quiz_id.to_owned(),
        join_code: "402913".to_owned(),
        title: "Home Cleaning Quiz".to_owned(),
        owner_id: r#"["","ada"]"#.to_owned(),
        status: QuizStatus::Started.into(),
        duration: Some(prost_types::Duration { seconds: 1800, nanos: 0 }),
        started_at: Some(prost_types::Timestamp { seconds: 1_770_027_300, nanos: 123_000_000 }),
        total_questions: 1,
        total_participants: 2,
        ..Quiz::default()
    }
}

#[tonic::async_trait]
impl ScoringService for Service {
    async fn submit_answer(
        &self,
        request: Request<SubmitAnswerRequest>,
    ) -> Result<Response<SubmitAnswerResponse>, Status> {
        self.hear("submit_answer", Asked::Answer(request.into_inner())).await?;
        let verdict = SubmitAnswerResponse { correct: true, points_earned: 10, total_score: 50, version: 18 };
        Ok(Response::new(verdict))
    }

    async fn get_leaderboard(
        &self,
        request: Request<GetLeaderboardRequest>,
    ) -> Result<Response<GetLeaderboardResponse>, Status> {
        self.hear("get_leaderboard", Asked::Other("get_leaderboard")).await?;
        let request = request.into_inner();
        use get_leaderboard_request::Board;
        let (Some(Board::QuizId(board)) | Some(Board::Subject(board))) = &request.board else {
            return Err(not_found());
        };
        let limit = request.limit.unwrap_or(100) as usize;
        let leaderboard = Some(self.state(board)?.leaderboard(board, limit));
        Ok(Response::new(GetLeaderboardResponse { leaderboard }))
    }

    type WatchLeaderboardStream =
        Pin<Box<dyn Stream<Item = Result<WatchLeaderboardResponse, Status>> + Send>>;

    async fn watch_leaderboard(
        &self,
        request: Request<WatchLeaderboardRequest>,
    ) -> Result<Response<Self::WatchLeaderboardStream>, Status> {
        let request = request.into_inner();
        self.hear("watch_leaderboard", Asked::Watch(request.clone())).await?;
        use watch_leaderboard_request::Board;
        let (Some(Board::QuizId(board)) | Some(Board::Subject(board))) = request.board else {
            return Err(not_found());
        };
        let limit = request.limit.unwrap_or(100) as usize;
        let states = WatchStream::new(self.board(&board)?).map(move |state| {
            let state = state.ok_or_else(not_found)?;
            Ok(WatchLeaderboardResponse {
                leaderboard: Some(state.leaderboard(&board, limit)),
                standing: state.standing(&request.participant_id),
                cause: None,
            })
        });
        Ok(Response::new(self.until_stopped(states)))
    }

    async fn get_standings(
        &self,
        request: Request<GetStandingsRequest>,
    ) -> Result<Response<GetStandingsResponse>, Status> {
        let request = request.into_inner();
        self.hear("get_standings", Asked::Standings(request.clone())).await?;
        let state = self.state(&request.quiz_id)?;
        let standings = request.participant_ids.iter().filter_map(|id| state.standing(id)).collect();
        Ok(Response::new(GetStandingsResponse { standings, version: state.version, epoch: state.epoch }))
    }

    type WatchActivityStream = Pin<Box<dyn Stream<Item = Result<WatchActivityResponse, Status>> + Send>>;

    async fn watch_activity(
        &self,
        request: Request<WatchActivityRequest>,
    ) -> Result<Response<Self::WatchActivityStream>, Status> {
        let request = request.into_inner();
        self.hear("watch_activity", Asked::Activity(request)).await?;
        let events = self.held.activity.subscribe();
        let last = events.borrow().last().map_or(0, |event| event.seq);
        let begin = WatchActivityResponse {
            seq: request.after_seq.unwrap_or(last),
            ..WatchActivityResponse::default()
        };
        let rest = futures_util::stream::unfold((begin.seq, events), async |(seq, mut events)| {
            let later = |event: &&WatchActivityResponse| event.seq > seq;
            let has_later = |events: &Vec<WatchActivityResponse>| events.iter().any(|event| later(&event));
            let next = events.wait_for(has_later).await.ok()?.iter().find(later).cloned()?;
            Some((Ok(next.clone()), (next.seq, events)))
        });
        Ok(Response::new(self.until_stopped(tokio_stream::once(Ok(begin)).chain(rest))))
    }
}

#[tonic::async_trait]
impl QuizService for Service {
    async fn create_quiz(
        &self,
        request: Request<CreateQuizRequest>,
    ) -> Result<Response<CreateQuizResponse>, Status> {
        self.hear("create_quiz", Asked::Create(request.into_inner())).await?;
        let quiz = Quiz { status: QuizStatus::Pending.into(), ..quiz(QUIZ) };
        Ok(Response::new(CreateQuizResponse { quiz: Some(quiz) }))
    }

    async fn get_quiz(&self, request: Request<GetQuizRequest>) -> Result<Response<GetQuizResponse>, Status> {
        let request = request.into_inner();
        self.hear("get_quiz", Asked::Show(request.clone())).await?;
        self.state(&request.quiz_id)?;
        Ok(Response::new(GetQuizResponse { quiz: Some(quiz(&request.quiz_id)) }))
    }

    async fn get_quiz_by_code(
        &self,
        request: Request<GetQuizByCodeRequest>,
    ) -> Result<Response<GetQuizByCodeResponse>, Status> {
        self.hear("get_quiz_by_code", Asked::Other("get_quiz_by_code")).await?;
        match request.into_inner().join_code.as_str() {
            "402913" => Ok(Response::new(GetQuizByCodeResponse { quiz: Some(quiz(QUIZ)) })),
            _ => Err(not_found()),
        }
    }

    async fn list_quizzes(
        &self,
        request: Request<ListQuizzesRequest>,
    ) -> Result<Response<ListQuizzesResponse>, Status> {
        self.hear("list_quizzes", Asked::List(request.into_inner())).await?;
        Ok(Response::new(ListQuizzesResponse { quizzes: vec![quiz(QUIZ)], total: 1 }))
    }

    async fn add_question(
        &self,
        _: Request<AddQuestionRequest>,
    ) -> Result<Response<AddQuestionResponse>, Status> {
        self.hear("add_question", Asked::Other("add_question")).await?;
        Err(Status::unimplemented("no test needs it"))
    }

    async fn list_questions(
        &self,
        request: Request<ListQuestionsRequest>,
    ) -> Result<Response<ListQuestionsResponse>, Status> {
        self.hear("list_questions", Asked::Other("list_questions")).await?;
        let question = Question {
            question_id: QUESTION.to_owned(),
            quiz_id: request.into_inner().quiz_id,
            text: "Which one?".to_owned(),
            options: vec!["this".to_owned(), "that".to_owned()],
            correct_answer: Some(1),
            points: 10,
        };
        Ok(Response::new(ListQuestionsResponse { questions: vec![question] }))
    }

    async fn delete_question(
        &self,
        _: Request<DeleteQuestionRequest>,
    ) -> Result<Response<DeleteQuestionResponse>, Status> {
        self.hear("delete_question", Asked::Other("delete_question")).await?;
        Ok(Response::new(DeleteQuestionResponse {}))
    }

    async fn start_quiz(
        &self,
        request: Request<StartQuizRequest>,
    ) -> Result<Response<StartQuizResponse>, Status> {
        self.hear("start_quiz", Asked::Other("start_quiz")).await?;
        Ok(Response::new(StartQuizResponse { quiz: Some(quiz(&request.into_inner().quiz_id)) }))
    }

    async fn end_quiz(&self, request: Request<EndQuizRequest>) -> Result<Response<EndQuizResponse>, Status> {
        self.hear("end_quiz", Asked::Other("end_quiz")).await?;
        let request = request.into_inner();
        let final_results = self.state(&request.quiz_id)?.leaderboard(&request.quiz_id, 100).entries;
        let quiz = Quiz { status: QuizStatus::Ended.into(), ..quiz(&request.quiz_id) };
        Ok(Response::new(EndQuizResponse { quiz: Some(quiz), final_results }))
    }

    async fn delete_quiz(
        &self,
        _: Request<DeleteQuizRequest>,
    ) -> Result<Response<DeleteQuizResponse>, Status> {
        self.hear("delete_quiz", Asked::Other("delete_quiz")).await?;
        Ok(Response::new(DeleteQuizResponse {}))
    }

    async fn join_quiz(
        &self,
        request: Request<JoinQuizRequest>,
    ) -> Result<Response<JoinQuizResponse>, Status> {
        let request = request.into_inner();
        self.hear("join_quiz", Asked::Join(request.clone())).await?;
        Ok(Response::new(JoinQuizResponse {
            participant_id: ALICE.to_owned(),
            quiz_id: request.quiz_id,
            username: request.username,
            created: request.user.is_none(),
        }))
    }

    async fn remove_participant(
        &self,
        _: Request<RemoveParticipantRequest>,
    ) -> Result<Response<RemoveParticipantResponse>, Status> {
        self.hear("remove_participant", Asked::Other("remove_participant")).await?;
        Ok(Response::new(RemoveParticipantResponse {}))
    }

    async fn list_answers(
        &self,
        _: Request<ListAnswersRequest>,
    ) -> Result<Response<ListAnswersResponse>, Status> {
        self.hear("list_answers", Asked::Other("list_answers")).await?;
        Ok(Response::new(ListAnswersResponse { answers: Vec::new() }))
    }

    type ListResultsStream = tokio_stream::Empty<Result<ListResultsResponse, Status>>;

    async fn list_results(
        &self,
        _: Request<ListResultsRequest>,
    ) -> Result<Response<Self::ListResultsStream>, Status> {
        Err(Status::unimplemented("no test needs it"))
    }

    async fn put_subject(
        &self,
        _: Request<PutSubjectRequest>,
    ) -> Result<Response<PutSubjectResponse>, Status> {
        Err(Status::unimplemented("no test needs it"))
    }

    async fn list_subjects(
        &self,
        request: Request<ListSubjectsRequest>,
    ) -> Result<Response<ListSubjectsResponse>, Status> {
        self.hear("list_subjects", Asked::Other("list_subjects")).await?;
        let codes = request.into_inner().codes.into_iter();
        let subjects = codes.map(|code| Subject { name: format!("name of {code}"), code }).collect();
        Ok(Response::new(ListSubjectsResponse { subjects }))
    }

    async fn upload_sessions(
        &self,
        request: Request<tonic::Streaming<UploadSessionsRequest>>,
    ) -> Result<Response<UploadSessionsResponse>, Status> {
        use upload_sessions_request::Part;
        let (mut parts, mut header, mut inserted) = (request.into_inner(), None, 0);
        while let Some(message) = parts.message().await? {
            match message.part {
                Some(Part::Header(first)) => header = Some(first),
                Some(Part::Rows(rows)) => inserted += rows.rows.len() as u32,
                None => {
                    return Err(refusal(Code::InvalidArgument, "INVALID_ARGUMENT", "part: must be there"));
                }
            }
        }
        let header = header.expect("the header comes first");
        self.hear("upload_sessions", Asked::Upload { header, rows: inserted as usize }).await?;
        Ok(Response::new(UploadSessionsResponse { inserted, ..UploadSessionsResponse::default() }))
    }

    async fn list_sessions(
        &self,
        _: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        Err(Status::unimplemented("no test needs it"))
    }

    async fn get_performance(
        &self,
        _: Request<GetPerformanceRequest>,
    ) -> Result<Response<GetPerformanceResponse>, Status> {
        Err(Status::unimplemented("no test needs it"))
    }
}
