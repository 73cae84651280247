//! `QuizService`: quizzes, their questions and their seats; what looks across quizzes stands beside.

use std::{sync::Arc, time::Duration};

use anyhow::anyhow;
use proto::v1::{self, quiz_service_server::QuizService};
use services::{shutdown::Shutdown, telemetry::limit_reached};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::timeout,
};
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument as _;

use super::{error::unavailable, intake::Intake, sessions, upload, wire};
use crate::{
    board::{BoardId, Window},
    config::bounds::{TRANSFER_TURN, TRANSFERS},
    follow::Follower,
    ids::QuizId,
    ledger::{self, Effect, Join, Ledger, Moved, QuizFilter},
    quiz::{CallId, Plan, Question, Quiz, Status as QuizStatus, Username},
    reconcile::Reconciler,
    refusal::Refusal,
    views::Views,
};

const FINAL_RESULTS: u32 = 100;

/// Serves `QuizService`.
pub(crate) struct QuizApi {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) views: Views,
    reconciler: Reconciler,
    pub(super) follower: Follower,
    pub(super) intake: Intake,
    transfers: Arc<Semaphore>,
    shutdown: Shutdown,
}

impl QuizApi {
    pub(crate) fn new(
        ledger: Arc<dyn Ledger>,
        reconciler: Reconciler,
        follower: Follower,
        views: Views,
        shutdown: Shutdown,
    ) -> Self {
        let (intake, transfers) = (Intake::new(), Arc::new(Semaphore::new(TRANSFERS)));
        Self { ledger, views, reconciler, follower, intake, transfers, shutdown }
    }

    /// Carries a step out to its end, also if whoever asked for it hangs up meanwhile: boards are
    /// told of all that is committed.
    pub(super) async fn carry_out<T: Send + 'static>(
        &self,
        step: impl Future<Output = Result<T, Status>> + Send + 'static,
    ) -> Result<T, Status> {
        let (done, is_done) = oneshot::channel();
        let task = async move { drop(done.send(step.await)) };
        self.shutdown.spawn(task.in_current_span());
        is_done.await.map_err(|_| ledger::Error::Failed(anyhow!("a step broke off")))?
    }

    /// Reads a quiz on behalf of somebody: another owner's is not found.
    pub(super) async fn managed(&self, quiz_id: &str, acting_as: &str) -> ledger::Result<Quiz> {
        let quiz = self.ledger.quiz(wire::quiz_id(quiz_id)?).await?;
        if acting_as.is_empty() || quiz.owner_id == acting_as {
            Ok(quiz)
        } else {
            Err(Refusal::QuizNotFound.into())
        }
    }

    /// Waits for the turn of a long transfer.
    pub(super) async fn transfer(&self) -> Result<OwnedSemaphorePermit, Status> {
        let turn = timeout(TRANSFER_TURN, Arc::clone(&self.transfers).acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| {
            limit_reached("transfers");
            unavailable("too many transfers are under way")
        })
    }

    /// Takes a step in the life of a quiz.
    async fn moved<S>(&self, step: impl FnOnce(Arc<dyn Ledger>) -> S) -> Result<v1::Quiz, Status>
    where
        S: Future<Output = ledger::Result<Moved>> + Send + 'static,
    {
        let (step, follower) = (step(Arc::clone(&self.ledger)), self.follower.clone());
        self.carry_out(async move {
            let moved = step.await?;
            follower.effect(moved.effect).await;
            Ok(wire::quiz(moved.quiz))
        })
        .await
    }

    async fn final_results(&self, quiz: QuizId) -> ledger::Result<Vec<v1::Entry>> {
        let first = Window::Page { offset: 0, limit: FINAL_RESULTS };
        let view = self.ledger.view(&BoardId::Quiz(quiz), first, &[]).await?;
        Ok(view.rows.iter().map(wire::entry).collect())
    }
}

#[tonic::async_trait]
impl QuizService for QuizApi {
    async fn create_quiz(
        &self,
        request: Request<v1::CreateQuizRequest>,
    ) -> Result<Response<v1::CreateQuizResponse>, Status> {
        let request = request.into_inner();
        let owner_id = wire::owner_id(&request.owner_id)?;
        let duration = request
            .duration
            .map(Duration::try_from)
            .transpose()
            .map_err(|_| Refusal::invalid("duration_minutes", "must be 5 to 180 whole minutes"))?;
        let plan = Plan {
            listed: request.listed,
            self_report: request.self_report,
            ..Plan::parse(&request.title, &request.description, &request.subject, duration)?
        };
        let quiz = self.ledger.create(&owner_id, &plan).await?;
        Ok(Response::new(v1::CreateQuizResponse { quiz: Some(wire::quiz(quiz)) }))
    }

    async fn get_quiz(
        &self,
        request: Request<v1::GetQuizRequest>,
    ) -> Result<Response<v1::GetQuizResponse>, Status> {
        let request = request.into_inner();
        let quiz = self.managed(&request.quiz_id, &request.acting_as).await?;
        Ok(Response::new(v1::GetQuizResponse { quiz: Some(wire::quiz(quiz)) }))
    }

    async fn get_quiz_by_code(
        &self,
        request: Request<v1::GetQuizByCodeRequest>,
    ) -> Result<Response<v1::GetQuizByCodeResponse>, Status> {
        let code = request.into_inner().join_code;
        if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Refusal::QuizNotFound.into());
        }
        let quiz = self.ledger.quiz_by_code(&code).await?;
        Ok(Response::new(v1::GetQuizByCodeResponse { quiz: Some(wire::quiz(quiz)) }))
    }

    async fn list_quizzes(
        &self,
        request: Request<v1::ListQuizzesRequest>,
    ) -> Result<Response<v1::ListQuizzesResponse>, Status> {
        let request = request.into_inner();
        let filter = QuizFilter {
            status: wire::status_filter(request.status)?,
            public_only: request.public_only,
            limit: wire::limit(request.limit, 50, 100)?,
            offset: wire::offset(request.offset)?,
            owner_id: Some(wire::owner_id(&request.owner_id)?).filter(|owner| !owner.is_empty()),
        };
        let (quizzes, total) = self.ledger.list(&filter).await?;
        let quizzes = quizzes.into_iter().map(wire::quiz).collect();
        Ok(Response::new(v1::ListQuizzesResponse { quizzes, total }))
    }

    async fn add_question(
        &self,
        request: Request<v1::AddQuestionRequest>,
    ) -> Result<Response<v1::AddQuestionResponse>, Status> {
        let request = request.into_inner();
        let quiz = self.managed(&request.quiz_id, &request.acting_as).await?;
        let question =
            Question::parse(&request.text, &request.options, request.correct_answer, request.points)?;
        self.ledger.add_question(quiz.id, &question).await?;
        let question = Some(wire::question(quiz.id, question));
        Ok(Response::new(v1::AddQuestionResponse { question }))
    }

    async fn list_questions(
        &self,
        request: Request<v1::ListQuestionsRequest>,
    ) -> Result<Response<v1::ListQuestionsResponse>, Status> {
        let request = request.into_inner();
        let id = self.managed(&request.quiz_id, &request.acting_as).await?.id;
        let (quiz, questions) = self.ledger.questions(id).await?;
        let wire = |question| v1::Question { correct_answer: None, ..wire::question(id, question) };
        let questions = if quiz.status == QuizStatus::Ended {
            questions.into_iter().map(|question| wire::question(id, question)).collect()
        } else {
            questions.into_iter().map(wire).collect()
        };
        Ok(Response::new(v1::ListQuestionsResponse { questions }))
    }

    async fn delete_question(
        &self,
        request: Request<v1::DeleteQuestionRequest>,
    ) -> Result<Response<v1::DeleteQuestionResponse>, Status> {
        let request = request.into_inner();
        let quiz = self.managed(&request.quiz_id, &request.acting_as).await?;
        self.ledger.delete_question(quiz.id, wire::question_id(&request.question_id)?).await?;
        Ok(Response::new(v1::DeleteQuestionResponse {}))
    }

    async fn start_quiz(
        &self,
        request: Request<v1::StartQuizRequest>,
    ) -> Result<Response<v1::StartQuizResponse>, Status> {
        let request = request.into_inner();
        let quiz = self.managed(&request.quiz_id, &request.acting_as).await?;
        let started = self.moved(async move |ledger| ledger.start(quiz.id).await).await?;
        Ok(Response::new(v1::StartQuizResponse { quiz: Some(started) }))
    }

    async fn end_quiz(
        &self,
        request: Request<v1::EndQuizRequest>,
    ) -> Result<Response<v1::EndQuizResponse>, Status> {
        let request = request.into_inner();
        let quiz = self.managed(&request.quiz_id, &request.acting_as).await?;
        let ended = self.moved(async move |ledger| ledger.end(quiz.id).await).await?;
        let final_results = self.final_results(quiz.id).await?;
        Ok(Response::new(v1::EndQuizResponse { quiz: Some(ended), final_results }))
    }

    async fn delete_quiz(
        &self,
        request: Request<v1::DeleteQuizRequest>,
    ) -> Result<Response<v1::DeleteQuizResponse>, Status> {
        let request = request.into_inner();
        let quiz = self.managed(&request.quiz_id, &request.acting_as).await?;
        let (ledger, follower, reconciler) =
            (Arc::clone(&self.ledger), self.follower.clone(), self.reconciler.clone());
        self.carry_out(async move {
            let effect = ledger.delete(quiz.id).await?;
            reconciler.forget(BoardId::Quiz(quiz.id)).await;
            follower.sessions_changed([effect]).await;
            Ok(Response::new(v1::DeleteQuizResponse {}))
        })
        .await
    }

    async fn join_quiz(
        &self,
        request: Request<v1::JoinQuizRequest>,
    ) -> Result<Response<v1::JoinQuizResponse>, Status> {
        let request = request.into_inner();
        let quiz = wire::quiz_id(&request.quiz_id)?;
        let name = match &request.user {
            Some(user) if request.username.trim().is_empty() => &user.username,
            _ => &request.username,
        };
        let join = Join {
            username: Username::parse(name)?,
            user: request.user.as_ref().map(wire::user).transpose()?,
            join_id: CallId::parse("join_id", &request.join_id)?,
        };
        let (ledger, follower) = (Arc::clone(&self.ledger), self.follower.clone());
        self.carry_out(async move {
            let joined = ledger.join(quiz, &join).await?;
            let created = joined.change.is_some();
            if let Some(change) = joined.change {
                follower.tell(change).await;
            }
            Ok(Response::new(v1::JoinQuizResponse {
                participant_id: joined.seat.id.to_string(),
                quiz_id: quiz.to_string(),
                username: joined.seat.username,
                created,
            }))
        })
        .await
    }

    async fn remove_participant(
        &self,
        request: Request<v1::RemoveParticipantRequest>,
    ) -> Result<Response<v1::RemoveParticipantResponse>, Status> {
        let request = request.into_inner();
        let quiz = self.managed(&request.quiz_id, &request.acting_as).await?;
        let participant = wire::participant_id(&request.participant_id)?;
        let (ledger, follower) = (Arc::clone(&self.ledger), self.follower.clone());
        self.carry_out(async move {
            let (change, effect) = ledger.remove(quiz.id, participant).await?;
            follower.sessions_changed([Effect::Changed(change), effect]).await;
            Ok(Response::new(v1::RemoveParticipantResponse {}))
        })
        .await
    }

    async fn list_answers(
        &self,
        request: Request<v1::ListAnswersRequest>,
    ) -> Result<Response<v1::ListAnswersResponse>, Status> {
        let request = request.into_inner();
        let quiz = wire::quiz_id(&request.quiz_id)?;
        let answers = self.ledger.answers(quiz, &wire::who(request.who.as_ref())?).await?;
        let answers = answers.iter().map(wire::given_answer).collect();
        Ok(Response::new(v1::ListAnswersResponse { answers }))
    }

    type ListResultsStream = sessions::Results;

    async fn list_results(
        &self,
        request: Request<v1::ListResultsRequest>,
    ) -> Result<Response<Self::ListResultsStream>, Status> {
        sessions::list_results(self, request.into_inner()).await.map(Response::new)
    }

    async fn put_subject(
        &self,
        request: Request<v1::PutSubjectRequest>,
    ) -> Result<Response<v1::PutSubjectResponse>, Status> {
        sessions::put_subject(self, &request.into_inner()).await.map(Response::new)
    }

    async fn list_subjects(
        &self,
        request: Request<v1::ListSubjectsRequest>,
    ) -> Result<Response<v1::ListSubjectsResponse>, Status> {
        sessions::list_subjects(self, &request.into_inner()).await.map(Response::new)
    }

    async fn upload_sessions(
        &self,
        request: Request<Streaming<v1::UploadSessionsRequest>>,
    ) -> Result<Response<v1::UploadSessionsResponse>, Status> {
        upload::upload_sessions(self, request.into_inner()).await.map(Response::new)
    }

    async fn list_sessions(
        &self,
        request: Request<v1::ListSessionsRequest>,
    ) -> Result<Response<v1::ListSessionsResponse>, Status> {
        sessions::list_sessions(self, request.into_inner()).await.map(Response::new)
    }

    async fn get_performance(
        &self,
        request: Request<v1::GetPerformanceRequest>,
    ) -> Result<Response<v1::GetPerformanceResponse>, Status> {
        sessions::get_performance(self, &request.into_inner()).await.map(Response::new)
    }
}
