//! A process that dies while the seats of a great quiz become sessions.

use proto::v1::{
    AddQuestionRequest, CreateQuizRequest, EndQuizRequest, ListSessionsRequest, ListSessionsResponse,
    PutSubjectRequest, StartQuizRequest, WatchActivityRequest, list_sessions_request,
    quiz_service_client::QuizServiceClient, scoring_service_client::ScoringServiceClient,
    watch_activity_response::Event,
};
use tonic::transport::Channel;

use super::{HOST, plan};
use crate::support::{Stores, process::Program, sql::Sql, within};

const SEATS: u64 = 10_000;
/// The seat at which settling comes to a halt, in the fourth chunk of 1000.
const HALT: u64 = 3500;

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    all_seats_of_a_killed_process_become_sessions_once(Stores::embedded()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers() {
    let stores = tokio::task::spawn_blocking(Stores::servers).await.unwrap();
    all_seats_of_a_killed_process_become_sessions_once(stores).await;
}

async fn all_seats_of_a_killed_process_become_sessions_once(stores: Stores) {
    let data = tempfile::tempdir().unwrap();
    let start = async || {
        Program::start(data.path(), &[("LEDGER_URL", &stores.ledger_url), ("BOARD_URL", &stores.board_url)])
            .await
    };
    let mut program = start().await;
    let mut sql = Sql::open(&stores.ledger_url).await;
    let quiz = started_quiz(&program).await;
    crowd(&mut sql, &quiz).await;
    halt(&mut sql).await;
    let end = EndQuizRequest { quiz_id: quiz.clone(), acting_as: HOST.to_owned() };
    quizzes(&program).await.end_quiz(end).await.unwrap();
    within("three chunks are settled", async {
        while sql.number("SELECT count(*) FROM sessions").await < 3000 {}
    })
    .await;
    program.kill().await;
    go_on(&mut sql).await;
    assert_eq!(sql.number("SELECT count(*) FROM sessions").await, 3000, "it died in the middle");

    let program = start().await;
    let settled = within("all are settled", async {
        loop {
            let listed = sessions_of(&program, &quiz).await;
            if u64::from(listed.total) == SEATS
                && sql.number("SELECT count(*) FROM runs WHERE is_settled").await == 1
            {
                return listed;
            }
        }
    })
    .await;
    assert!(settled.sessions.iter().all(|session| !session.uploaded && session.subject == "BIO"));
    // Once: each seat has one session, which is what the seat is, and the board is their sum.
    assert_eq!(
        sql.number(
            "SELECT count(*) FROM sessions s JOIN standings p ON p.quiz_id = s.quiz_id AND p.run = s.run
                 AND p.participant_id = s.participant_id AND p.user_id = s.user_id AND p.score = s.score"
        )
        .await,
        SEATS
    );
    assert_eq!(
        sql.number(
            "SELECT count(*) FROM subject_scores b JOIN sessions s ON s.user_id = b.user_id
                 AND s.subject = b.subject AND b.quiz_count = 1 AND b.total = s.score"
        )
        .await,
        SEATS
    );
    assert_eq!(told_uploads(&program, &mut sql).await, [SEATS as u32]);
}

async fn quizzes(program: &Program) -> QuizServiceClient<Channel> {
    QuizServiceClient::connect(program.grpc_url.clone()).await.unwrap()
}

/// A quiz of a subject that runs and in which nobody is yet.
async fn started_quiz(program: &Program) -> String {
    let mut quizzes = quizzes(program).await;
    let subject = PutSubjectRequest { code: "BIO".to_owned(), name: "Biology".to_owned() };
    quizzes.put_subject(subject).await.unwrap();
    let plan = CreateQuizRequest { subject: "BIO".to_owned(), ..plan() };
    let quiz = quizzes.create_quiz(plan).await.unwrap().into_inner().quiz.unwrap().quiz_id;
    let question = AddQuestionRequest {
        quiz_id: quiz.clone(),
        text: "Which one?".to_owned(),
        options: ["this", "that"].map(str::to_owned).to_vec(),
        correct_answer: Some(1),
        ..AddQuestionRequest::default()
    };
    quizzes.add_question(question).await.unwrap();
    let start = StartQuizRequest { quiz_id: quiz.clone(), acting_as: String::new() };
    quizzes.start_quiz(start).await.unwrap();
    quiz
}

/// Seats of so many users, by SQL: to join takes a transaction each.
async fn crowd(sql: &mut Sql, quiz: &str) {
    let numbers = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {SEATS})"
    );
    sql.execute(&format!(
        "BEGIN;
         UPDATE quiz_counters SET seats = {SEATS}, last_seq = last_seq + {SEATS} WHERE quiz_id = '{quiz}';
         INSERT INTO users (user_id, issuer, subject) {numbers}
             SELECT 'u_' || CAST(100000000000 + n AS TEXT), 'school', 'pupil ' || CAST(n AS TEXT) FROM numbers;
         INSERT INTO participants (quiz_id, participant_id, username, folded, user_id, score, time_ms, seq)
             {numbers}
             SELECT c.quiz_id, 'p_' || CAST(100000000000 + n AS TEXT), 'pupil ' || CAST(n AS TEXT),
                 'pupil ' || CAST(n AS TEXT), 'u_' || CAST(100000000000 + n AS TEXT), n % 11, n,
                 c.last_seq - {SEATS} + n
             FROM numbers CROSS JOIN quiz_counters c;
         COMMIT"
    ))
    .await;
}

/// Lets whoever makes a session of a certain seat work on it for ever, within its transaction.
async fn halt(sql: &mut Sql) {
    let seat = format!("'p_{}'", 100_000_000_000 + HALT);
    let script = match sql {
        Sql::Sqlite(_) => format!(
            "CREATE TRIGGER halt BEFORE INSERT ON sessions WHEN NEW.participant_id = {seat} BEGIN
                 SELECT (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                         SELECT max(i) FROM n);
             END"
        ),
        Sql::Postgres(_) => format!(
            "CREATE FUNCTION halt() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN PERFORM pg_sleep(1000000); RETURN NEW; END';
             CREATE TRIGGER halt BEFORE INSERT ON sessions FOR EACH ROW
                 WHEN (NEW.participant_id = {seat}) EXECUTE FUNCTION halt()"
        ),
    };
    sql.execute(&script).await;
}

/// Undoes it once the process is gone. Postgres has not noticed yet that it is.
async fn go_on(sql: &mut Sql) {
    let script = match sql {
        Sql::Sqlite(_) => "DROP TRIGGER halt",
        Sql::Postgres(_) => {
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'scoring' AND datname = current_database();
             DROP TRIGGER halt ON sessions"
        }
    };
    sql.execute(script).await;
}

async fn sessions_of(program: &Program, quiz: &str) -> ListSessionsResponse {
    let request = ListSessionsRequest {
        of: Some(list_sessions_request::Of::QuizId(quiz.to_owned())),
        limit: Some(1000),
        ..ListSessionsRequest::default()
    };
    quizzes(program).await.list_sessions(request).await.unwrap().into_inner()
}

/// How many sessions each event names of those in which sessions came in.
async fn told_uploads(program: &Program, sql: &mut Sql) -> Vec<u32> {
    let last = sql.number("SELECT last_seq FROM activity_counter").await;
    let mut scoring = ScoringServiceClient::connect(program.grpc_url.clone()).await.unwrap();
    let request = WatchActivityRequest { after_seq: Some(0) };
    let mut events = scoring.watch_activity(request).await.unwrap().into_inner();
    let mut counts = Vec::new();
    loop {
        let message = within("an event comes", events.message()).await.unwrap().unwrap();
        if let Some(Event::SessionsUploaded(sessions)) = message.event {
            counts.push(sessions.count);
        }
        if message.seq == last {
            return counts;
        }
    }
}
