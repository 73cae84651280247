//! `ScoringService`: answers in, rankings out.

use std::{pin::Pin, sync::Arc};

use futures_util::Stream;
use proto::v1::{self, scoring_service_server::ScoringService};
use services::shutdown::Shutdown;
use tonic::{Request, Response, Status};

use super::{activity, error::unavailable, wire};
use crate::{
    board::{BoardId, Member, Row, View, Window},
    bulletin::Bulletin,
    ids::ParticipantId,
    ledger::Ledger,
    metrics::{self, OpenStream},
    quiz::CallId,
    refusal::Refusal,
    submit::{Answer, Submissions},
    views::Views,
    watch::{Feeds, Sight, Watcher},
};

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1000;
const STANDINGS_MAX: usize = 10_000;

/// Serves `ScoringService`.
pub(crate) struct ScoringApi {
    pub(crate) submissions: Submissions,
    pub(crate) views: Views,
    pub(crate) feeds: Feeds,
    pub(crate) bulletin: Bulletin,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) shutdown: Shutdown,
}

#[tonic::async_trait]
impl ScoringService for ScoringApi {
    async fn submit_answer(
        &self,
        request: Request<v1::SubmitAnswerRequest>,
    ) -> Result<Response<v1::SubmitAnswerResponse>, Status> {
        let request = request.into_inner();
        let answer = Answer {
            quiz: wire::quiz_id(&request.quiz_id)?,
            participant: wire::own_participant_id(&request.participant_id)?,
            question: wire::question_id(&request.question_id)?,
            choice: request
                .answer_index
                .ok_or_else(|| Refusal::invalid("answer_index", "must be the index of an option, from 0"))?,
            submission_id: CallId::parse("submission_id", &request.submission_id)?,
        };
        let verdict = self.submissions.submit(answer).await;
        metrics::answered(&verdict);
        let verdict = verdict?;
        Ok(Response::new(v1::SubmitAnswerResponse {
            correct: verdict.correct,
            points_earned: verdict.points,
            total_score: verdict.total,
            version: verdict.version,
        }))
    }

    async fn get_leaderboard(
        &self,
        request: Request<v1::GetLeaderboardRequest>,
    ) -> Result<Response<v1::GetLeaderboardResponse>, Status> {
        use v1::get_leaderboard_request::Board;
        let request = request.into_inner();
        let board = match &request.board {
            Some(Board::QuizId(id)) => BoardId::Quiz(wire::quiz_id(id)?),
            Some(Board::Subject(code)) => BoardId::Subject(code.parse()?),
            None => return Err(no_board().into()),
        };
        let limit = wire::limit(request.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
        let view = match self.around(&board, &request).await? {
            None => self.views.page(&board, wire::offset(request.offset)?, limit).await?,
            Some(_) if request.offset != 0 => {
                return Err(Refusal::invalid("offset", "must be 0 together with around").into());
            }
            Some(member) => self.view_around(&board, member, limit).await?.into(),
        };
        let leaderboard = wire::leaderboard(&board, &view, usize::MAX);
        Ok(Response::new(v1::GetLeaderboardResponse { leaderboard: Some(leaderboard) }))
    }

    type WatchLeaderboardStream =
        Pin<Box<dyn Stream<Item = Result<v1::WatchLeaderboardResponse, Status>> + Send>>;

    async fn watch_leaderboard(
        &self,
        request: Request<v1::WatchLeaderboardRequest>,
    ) -> Result<Response<Self::WatchLeaderboardStream>, Status> {
        use v1::watch_leaderboard_request::Board;
        let request = request.into_inner();
        let board = match &request.board {
            Some(Board::QuizId(id)) => BoardId::Quiz(wire::quiz_id(id)?),
            Some(Board::Subject(code)) => BoardId::Subject(code.parse()?),
            None => return Err(no_board().into()),
        };
        let limit = wire::limit(request.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
        let member = match (&board, request.participant_id.as_str()) {
            (_, "") => None,
            (BoardId::Quiz(_), id) => Some(Member::Participant(wire::own_participant_id(id)?)),
            (BoardId::Subject(_), _) => {
                return Err(Refusal::invalid("participant_id", "must be empty for a subject").into());
            }
        };
        if let Some(member) = member {
            self.must_have_joined(&board, member).await?;
        }
        let watcher = self.feeds.watch(&board, limit, member);
        Ok(Response::new(Box::pin(states(board, watcher, self.shutdown.clone()))))
    }

    type WatchActivityStream = activity::Events;

    async fn watch_activity(
        &self,
        request: Request<v1::WatchActivityRequest>,
    ) -> Result<Response<Self::WatchActivityStream>, Status> {
        let subscriber = self.bulletin.subscribe(request.into_inner().after_seq).await?;
        Ok(Response::new(activity::events(subscriber, self.shutdown.clone())))
    }

    async fn get_standings(
        &self,
        request: Request<v1::GetStandingsRequest>,
    ) -> Result<Response<v1::GetStandingsResponse>, Status> {
        let request = request.into_inner();
        let board = BoardId::Quiz(wire::quiz_id(&request.quiz_id)?);
        if request.participant_ids.len() > STANDINGS_MAX {
            let problem = format!("must be at most {STANDINGS_MAX}");
            return Err(Refusal::invalid("participant_ids", problem).into());
        }
        // Whatever is no identifier has not joined.
        let members: Vec<Member> = request
            .participant_ids
            .iter()
            .filter_map(|id| id.parse::<ParticipantId>().ok())
            .map(Member::Participant)
            .collect();
        let none = Window::Page { offset: 0, limit: 0 };
        let (mut view, _) = self.views.read(&board, none, &members).await?;
        let missing: Vec<Member> = members
            .iter()
            .zip(&view.standings)
            .filter_map(|(member, row)| row.is_none().then_some(*member))
            .collect();
        // A seat taken a moment ago may not be on the board yet. Whoever is on no board at all
        // shall not have everybody else ranked by the ledger.
        if !missing.is_empty()
            && self.views.read_ledger(&board, none, &missing).await?.standings.iter().any(Option::is_some)
        {
            view = self.views.read_ledger(&board, none, &members).await?;
        }
        let present = view.standings.iter().flatten();
        Ok(Response::new(v1::GetStandingsResponse {
            standings: present.map(|row| wire::standing(row, view.total)).collect(),
            version: view.version.seq,
            epoch: view.version.epoch,
        }))
    }
}

impl ScoringApi {
    /// Finds out around whose row a page is wanted, if any.
    async fn around(
        &self,
        board: &BoardId,
        request: &v1::GetLeaderboardRequest,
    ) -> Result<Option<Member>, Status> {
        match &request.around_user {
            Some(user) => {
                let member = self.ledger.member(board, &wire::around_user(user)?).await?;
                Ok(Some(member.ok_or(Refusal::ParticipantNotFound)?))
            }
            None if request.around.is_empty() => Ok(None),
            None => Ok(Some(member(board, &request.around)?)),
        }
    }

    async fn view_around(&self, board: &BoardId, member: Member, limit: u32) -> Result<View, Status> {
        let window = Window::Around { member, limit };
        let (mut view, _) = self.views.read(board, window, &[]).await?;
        if view.rows.is_empty() {
            // A seat taken a moment ago may not be on the board yet.
            view = self.views.read_ledger(board, window, &[]).await?;
        }
        if view.rows.is_empty() { Err(Refusal::ParticipantNotFound.into()) } else { Ok(view) }
    }

    /// Asks the ledger before the refusal: a seat taken a moment ago may not be on the board yet.
    async fn must_have_joined(&self, board: &BoardId, member: Member) -> Result<(), Status> {
        let none = Window::Page { offset: 0, limit: 0 };
        let has_row = |standings: &[Option<Row>]| standings.iter().any(Option::is_some);
        let is_known = has_row(&self.views.read(board, none, &[member]).await?.0.standings)
            || has_row(&self.views.read_ledger(board, none, &[member]).await?.standings);
        if is_known { Ok(()) } else { Err(Refusal::NotAParticipant.into()) }
    }
}

/// The states of a board, until it is gone or the service stops.
fn states(
    board: BoardId,
    watcher: Watcher,
    shutdown: Shutdown,
) -> impl Stream<Item = Result<v1::WatchLeaderboardResponse, Status>> + Send {
    let open = OpenStream::of(board.kind());
    futures_util::stream::unfold(Some((watcher, open)), move |watching| {
        let (board, shutdown) = (board.clone(), shutdown.clone());
        async move {
            let (mut watcher, mut open) = watching?;
            tokio::select! {
                sight = watcher.next() => match sight {
                    Ok(sight) => Some((Ok(message(&board, &sight)), Some((watcher, open)))),
                    Err(refusal) => {
                        open.ended_by = "board";
                        Some((Err(refusal.into()), None))
                    }
                },
                () = shutdown.begun() => {
                    open.ended_by = "shutdown";
                    Some((Err(unavailable("this replica is leaving, watch another")), None))
                }
            }
        }
    })
}

fn message(board: &BoardId, sight: &Sight) -> v1::WatchLeaderboardResponse {
    v1::WatchLeaderboardResponse {
        leaderboard: Some(wire::leaderboard(board, &sight.view, sight.limit)),
        standing: sight.standing.as_ref().map(|row| wire::standing(row, sight.view.total)),
        cause: sight.cause.as_ref().map(wire::cause),
    }
}

fn no_board() -> Refusal {
    Refusal::invalid("quiz_id", "must be given, or a subject")
}

fn member(board: &BoardId, text: &str) -> Result<Member, Refusal> {
    match board {
        BoardId::Quiz(_) => wire::participant_id(text).map(Member::Participant),
        BoardId::Subject(_) => {
            text.parse().map(Member::User).map_err(|_| Refusal::invalid("around", "must be a user_id"))
        }
    }
}
