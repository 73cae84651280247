//! The baseline of answers: the same call, kept in rows with the same keys, but each with a commit
//! of its own, which ZADD and PUBLISH follow before it is acknowledged.

use std::pin::Pin;

use anyhow::Context as _;
use clap::Args;
use futures_util::Stream;
use proto::v1::{
    GetLeaderboardRequest, GetLeaderboardResponse, GetStandingsRequest, GetStandingsResponse,
    SubmitAnswerRequest, SubmitAnswerResponse, WatchActivityRequest, WatchActivityResponse,
    WatchLeaderboardRequest, WatchLeaderboardResponse,
    scoring_service_server::{ScoringService, ScoringServiceServer},
};
use redis::aio::MultiplexedConnection;
use sqlx::{PgPool, postgres::PgPoolOptions};
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

use crate::arena::Arena;

/// Connections to Postgres.
const CONNECTIONS: u32 = 8;

const TABLES: &str = r#"
CREATE TABLE participants (
    quiz_id TEXT COLLATE "C", participant_id TEXT COLLATE "C", score INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (quiz_id, participant_id)
) WITH (fillfactor = 50);
CREATE TABLE answers (
    quiz_id TEXT COLLATE "C", participant_id TEXT COLLATE "C", question_id TEXT COLLATE "C",
    submission_id TEXT, choice INTEGER NOT NULL, correct BOOLEAN NOT NULL, points INTEGER NOT NULL,
    at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (quiz_id, participant_id, question_id)
);
CREATE UNIQUE INDEX answers_submission ON answers (quiz_id, participant_id, submission_id);
"#;

/// As one statement, which is one round trip and one commit.
const ANSWER: &str = "
WITH given AS (
    INSERT INTO answers (quiz_id, participant_id, question_id, submission_id, choice, correct, points)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING points
)
UPDATE participants SET score = score + given.points FROM given
WHERE quiz_id = $1 AND participant_id = $2 RETURNING score";

/// Where its stores are, and who plays
#[derive(Args)]
pub(crate) struct Plan {
    /// Where Postgres is
    #[arg(long)]
    postgres: String,

    /// Where Redis is
    #[arg(long)]
    redis: String,

    /// Quizzes
    #[arg(long)]
    quizzes: usize,

    /// Participants of each quiz
    #[arg(long)]
    participants: usize,
}

/// What it is made of before anybody asks: no calls make it.
pub(crate) fn arenas(quizzes: usize, participants: usize, questions: usize) -> Vec<Arena> {
    let names = |kind: &str, count: usize| (0..count).map(|n| format!("{kind}_{n:012}")).collect();
    let arena = |quiz: usize| Arena {
        quiz_id: format!("quiz_{quiz:012}"),
        participants: names("p", participants),
        questions: names("q", questions),
    };
    (0..quizzes).map(arena).collect()
}

/// Serves until it is killed.
#[allow(clippy::print_stdout, reason = "whoever starts it reads the address here")]
#[tokio::main]
pub(crate) async fn run(plan: &Plan) -> anyhow::Result<()> {
    let ledger = PgPoolOptions::new().max_connections(CONNECTIONS).connect(&plan.postgres).await?;
    sqlx::raw_sql(TABLES).execute(&ledger).await?;
    for arena in arenas(plan.quizzes, plan.participants, 0) {
        let seats = "INSERT INTO participants SELECT $1, unnest($2::text[])";
        sqlx::query(seats).bind(arena.quiz_id).bind(arena.participants).execute(&ledger).await?;
    }
    let board = redis::Client::open(plan.redis.as_str())?.get_multiplexed_async_connection().await?;
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let incoming = TcpIncoming::bind(any)?.with_nodelay(Some(true));
    println!("listening on {} (plain)", incoming.local_addr()?);
    let service = ScoringServiceServer::new(Plain { ledger, board });
    Server::builder().add_service(service).serve_with_incoming(incoming).await?;
    Ok(())
}

struct Plain {
    ledger: PgPool,
    board: MultiplexedConnection,
}

impl Plain {
    async fn answer(&self, answer: SubmitAnswerRequest) -> anyhow::Result<SubmitAnswerResponse> {
        let choice = answer.answer_index.context("no answer")?;
        let correct = choice == 0;
        let points = if correct { 10 } else { 0 };
        let total: i32 = sqlx::query_scalar(ANSWER)
            .bind(&answer.quiz_id)
            .bind(&answer.participant_id)
            .bind(&answer.question_id)
            .bind(&answer.submission_id)
            .bind(i32::try_from(choice)?)
            .bind(correct)
            .bind(points)
            .fetch_one(&self.ledger)
            .await?;
        let notice = serde_json::json!({"participant_id": answer.participant_id, "score": total}).to_string();
        redis::pipe()
            .cmd("ZADD")
            .arg(format!("quiz:{}:leaderboard", answer.quiz_id))
            .arg(total)
            .arg(&answer.participant_id)
            .ignore()
            .cmd("PUBLISH")
            .arg(format!("quiz:updates:{}", answer.quiz_id))
            .arg(notice)
            .ignore()
            .query_async::<()>(&mut self.board.clone())
            .await?;
        let (points_earned, total_score) = (points.try_into()?, total.try_into()?);
        Ok(SubmitAnswerResponse { correct, points_earned, total_score, version: 0 })
    }
}

/// No stream of it exists.
type Never<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl ScoringService for Plain {
    async fn submit_answer(
        &self,
        request: Request<SubmitAnswerRequest>,
    ) -> Result<Response<SubmitAnswerResponse>, Status> {
        let verdict = self.answer(request.into_inner()).await;
        verdict.map(Response::new).map_err(|error| Status::internal(format!("{error:#}")))
    }

    async fn get_leaderboard(
        &self,
        _: Request<GetLeaderboardRequest>,
    ) -> Result<Response<GetLeaderboardResponse>, Status> {
        Err(no_baseline())
    }

    type WatchLeaderboardStream = Never<WatchLeaderboardResponse>;

    async fn watch_leaderboard(
        &self,
        _: Request<WatchLeaderboardRequest>,
    ) -> Result<Response<Self::WatchLeaderboardStream>, Status> {
        Err(no_baseline())
    }

    async fn get_standings(
        &self,
        _: Request<GetStandingsRequest>,
    ) -> Result<Response<GetStandingsResponse>, Status> {
        Err(no_baseline())
    }

    type WatchActivityStream = Never<WatchActivityResponse>;

    async fn watch_activity(
        &self,
        _: Request<WatchActivityRequest>,
    ) -> Result<Response<Self::WatchActivityStream>, Status> {
        Err(no_baseline())
    }
}

fn no_baseline() -> Status {
    Status::unimplemented("the baseline takes answers, and nothing else")
}
