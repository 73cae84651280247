//! The doors of the service: HTTP at a gateway, gRPC at a scoring process. Each call says what its
//! caller may believe afterwards.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use proto::v1::{
    GetLeaderboardRequest, Leaderboard, ListAnswersRequest, SubmitAnswerRequest, entry,
    get_leaderboard_request, list_answers_request, quiz_service_client::QuizServiceClient,
    scoring_service_client::ScoringServiceClient,
};
use reqwest::{Response, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use tonic::{
    Code, Request, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;

use crate::{
    history::{Answer, Join, Outcome, Row, Seat, Trouble, Verdict},
    truth::Board,
};

/// After this a caller gives up: more than ten times what the services promise, so that one that
/// keeps nobody's time is seen.
const DEADLINE: Duration = Duration::from_secs(30);

/// Where answers go in.
#[derive(Debug, Clone)]
pub enum Door {
    /// A gateway.
    Gateway {
        /// Its connections.
        http: reqwest::Client,
        /// Where it is, as in `http://127.0.0.1:8080`.
        url: String,
    },
    /// A scoring process.
    Scoring(ScoringServiceClient<Channel>),
}

/// A seat with the token that proves it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ticket {
    /// The seat.
    #[serde(rename = "participant_id")]
    pub participant: String,
    /// Its token.
    #[serde(rename = "participant_token")]
    pub token: String,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
}

#[derive(Deserialize)]
struct Counted {
    correct: bool,
    points_earned: u32,
    total_score: u32,
    version: u64,
}

impl Door {
    /// The door of the gateway at an address.
    ///
    /// # Panics
    /// If the system has no randomness for a client.
    #[must_use]
    pub fn gateway(address: SocketAddr) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build();
        let http = http.expect("a client without TLS needs nothing of the system");
        Self::Gateway { http, url: format!("http://{address}") }
    }

    /// The door of the scoring process at an address.
    #[must_use]
    pub fn scoring(address: SocketAddr) -> Self {
        Self::Scoring(ScoringServiceClient::new(channel(address)))
    }

    /// Takes a seat; only a gateway gives tokens.
    ///
    /// # Panics
    /// At the door of a scoring process.
    pub async fn join(&self, quiz: &str, join: &Join) -> (Outcome<Seat>, Option<Ticket>) {
        let Self::Gateway { http, url } = self else { panic!("seats with tokens are given by gateways") };
        // The name is as good as an id: the same one again is the same person.
        let body = json!({ "username": join.username, "join_id": join.username });
        let sent = http.post(format!("{url}/quizzes/{quiz}/join")).json(&body).send().await;
        match replied::<Ticket>(sent).await {
            Outcome::Done(ticket) => {
                (Outcome::Done(Seat { participant: ticket.participant.clone() }), Some(ticket))
            }
            Outcome::Refused(code) => (Outcome::Refused(code), None),
            Outcome::Unknown(trouble) => (Outcome::Unknown(trouble), None),
        }
    }

    /// Gives an answer.
    pub async fn answer(&self, quiz: &str, answer: &Answer, token: &str) -> Outcome<Verdict> {
        match self {
            Self::Gateway { http, url } => {
                let body = json!({
                    "participant_id": answer.participant, "question_id": answer.question,
                    "answer_index": answer.choice, "submission_id": answer.submission_id,
                });
                let request =
                    http.post(format!("{url}/quizzes/{quiz}/answer")).bearer_auth(token).json(&body);
                replied(request.send().await).await.map(|counted: Counted| Verdict {
                    correct: counted.correct,
                    points: counted.points_earned,
                    total: counted.total_score,
                    version: counted.version,
                })
            }
            Self::Scoring(client) => {
                let request = timed(SubmitAnswerRequest {
                    quiz_id: quiz.to_owned(),
                    participant_id: answer.participant.clone(),
                    question_id: answer.question.clone(),
                    answer_index: Some(answer.choice),
                    submission_id: answer.submission_id.clone(),
                });
                match client.clone().submit_answer(request).await {
                    Err(status) => not_done(&status),
                    Ok(counted) => {
                        let counted = counted.into_inner();
                        Outcome::Done(Verdict {
                            correct: counted.correct,
                            points: counted.points_earned,
                            total: counted.total_score,
                            version: counted.version,
                        })
                    }
                }
            }
        }
    }
}

/// Reads at a scoring process.
#[derive(Debug, Clone)]
pub struct Reader {
    scoring: ScoringServiceClient<Channel>,
    quizzes: QuizServiceClient<Channel>,
}

impl Reader {
    /// Reads at the process at an address.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        let channel = channel(address);
        let scoring = ScoringServiceClient::new(channel.clone()).max_decoding_message_size(16 << 20);
        Self { scoring, quizzes: QuizServiceClient::new(channel) }
    }

    /// Reads the first 1000 rows of a board, with its version.
    ///
    /// # Errors
    /// What the service said instead.
    pub async fn board(&self, quiz: &str) -> Result<Board, Box<Status>> {
        let board = self.leaderboard(quiz).await?;
        Ok(Board {
            epoch: board.epoch,
            version: board.version,
            rows: board.entries.into_iter().map(row).collect(),
        })
    }

    /// Tells by how many seconds the process's clock is ahead of `now`, or behind it.
    ///
    /// # Errors
    /// What the service said instead.
    pub async fn off_by(&self, quiz: &str, now: SystemTime) -> Result<i64, Box<Status>> {
        let read_at = self.leaderboard(quiz).await?.timestamp.unwrap_or_default().seconds;
        Ok(read_at - prost_types::Timestamp::from(now).seconds)
    }

    /// Reads which questions a seat has answered.
    ///
    /// # Errors
    /// What the service said instead.
    pub async fn answered(&self, quiz: &str, seat: &str) -> Result<BTreeSet<String>, Box<Status>> {
        let request = timed(ListAnswersRequest {
            quiz_id: quiz.to_owned(),
            who: Some(list_answers_request::Who::ParticipantId(seat.to_owned())),
        });
        let reply = self.quizzes.clone().list_answers(request).await.map_err(Box::new)?.into_inner();
        Ok(reply.answers.into_iter().map(|answer| answer.question_id).collect())
    }

    async fn leaderboard(&self, quiz: &str) -> Result<Leaderboard, Box<Status>> {
        let request = timed(GetLeaderboardRequest {
            board: Some(get_leaderboard_request::Board::QuizId(quiz.to_owned())),
            limit: Some(1000),
            ..GetLeaderboardRequest::default()
        });
        let reply = self.scoring.clone().get_leaderboard(request).await.map_err(Box::new)?.into_inner();
        Ok(reply.leaderboard.unwrap_or_default())
    }
}

/// A row as gRPC names it.
pub(super) fn row(entry: proto::v1::Entry) -> Row {
    let participant = match entry.id {
        Some(entry::Id::ParticipantId(id) | entry::Id::UserId(id)) => id,
        None => String::new(),
    };
    Row { participant, username: entry.username, score: entry.score, rank: entry.rank }
}

/// A way to a scoring process that is made when it is needed.
pub(super) fn channel(address: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address makes a URL");
    endpoint.connect_timeout(Duration::from_secs(1)).tcp_nodelay(true).timeout(DEADLINE).connect_lazy()
}

/// A request that the service gives up together with its caller.
pub(super) fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

/// What a caller may believe after a gRPC error. Only a word of the service itself is a refusal;
/// what the way there makes up says nothing.
pub(super) fn not_done<T>(status: &Status) -> Outcome<T> {
    let details = status.get_error_details();
    let retry_after = details.retry_info().and_then(|info| info.retry_delay);
    let reason = details.error_info().map(|info| info.reason.clone());
    match (status.code(), reason) {
        (Code::Unavailable | Code::DeadlineExceeded | Code::Internal, Some(code)) => {
            Outcome::Unknown(Trouble { code, retry_after })
        }
        (_, Some(code)) => Outcome::Refused(code),
        (Code::DeadlineExceeded, None) => Outcome::Unknown(Trouble::new("NO_ANSWER")),
        (_, None) => Outcome::Unknown(Trouble::new("CONNECTION_LOST")),
    }
}

async fn replied<T: DeserializeOwned>(sent: reqwest::Result<Response>) -> Outcome<T> {
    let unknown = |error: &reqwest::Error| {
        let code = if error.is_timeout() && !error.is_connect() { "NO_ANSWER" } else { "CONNECTION_LOST" };
        Outcome::Unknown(Trouble::new(code))
    };
    let response = match sent {
        Ok(response) => response,
        Err(error) => return unknown(&error),
    };
    let status = response.status();
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
    if status.is_success() {
        return response.json().await.map_or_else(|error| unknown(&error), Outcome::Done);
    }
    let code = match response.json().await {
        Ok(Problem { code }) => code,
        Err(_) if status == StatusCode::INTERNAL_SERVER_ERROR => "INTERNAL".to_owned(),
        Err(_) => status.to_string(),
    };
    if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
        Outcome::Refused(code)
    } else {
        Outcome::Unknown(Trouble { code, retry_after })
    }
}
