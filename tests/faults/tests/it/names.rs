//! A gateway in front of all scoring processes that answer to one name.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use clap::Parser as _;
use faults::{
    clients::{Crowd, Door, Host, Question, Ticket},
    cluster::{Cluster, Shape},
    history::{Answer, Join, Outcome, Stopwatch},
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(60);

/// Who answers to the name of scoring, as this test says.
struct Names(Mutex<Vec<SocketAddr>>);

#[async_trait]
impl gateway::Resolver for Names {
    async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(self.0.lock().unwrap().clone())
    }
}

#[derive(clap::Parser)]
struct Flags {
    #[command(flatten)]
    config: gateway::Config,
}

/// A gateway of this process; gives its address.
async fn start_gateway(names: Arc<Names>, stop: CancellationToken) -> SocketAddr {
    let flags = Flags::parse_from([
        "gateway",
        "--gateway-listen=127.0.0.1:0",
        "--participant-secret=a secret that only these tests know",
        "--scoring-url=dns:///scoring:50051",
        "--answer-rate=1000",
    ]);
    let gateway = gateway::App::build_resolving(flags.config, names).await.unwrap();
    let address = gateway.address();
    tokio::spawn(gateway.run(stop));
    address
}

/// How many connections lead to an address, as the kernel knows them.
fn connections_to(address: SocketAddr) -> usize {
    let port = format!(":{:04X}", address.port());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let established = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields[2].ends_with(&port) && fields[3] == "01"
    };
    table.lines().skip(1).filter(established).count()
}

/// Waits until so many connections lead to an address.
async fn until_connected(address: SocketAddr, holds: impl Fn(usize) -> bool) {
    let waiting = async {
        while !holds(connections_to(address)) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("the gateway connects to those who answer to the name");
}

/// Somebody who answers one question after the other, each correctly.
struct Player<'a> {
    door: Door,
    quiz: &'a str,
    ticket: Ticket,
    questions: std::slice::Iter<'a, Question>,
    score: u32,
}

impl Player<'_> {
    /// Answers until a process has been called. A gateway asks for health on one connection and calls
    /// on another, which it makes when it first calls.
    async fn answer_until_called(&mut self, address: SocketAddr) {
        until_connected(address, |count| count > 0).await;
        while connections_to(address) < 2 {
            self.answer(1).await;
            sleep(Duration::from_millis(50)).await;
            assert!(self.questions.len() > 0, "a process that serves gets none of the calls");
        }
    }

    /// Answers so many questions, each of which must count at once.
    async fn answer(&mut self, count: usize) {
        for question in self.questions.by_ref().take(count) {
            let answer = Answer {
                participant: self.ticket.participant.clone(),
                question: question.id.clone(),
                submission_id: format!("answer-{}", question.id),
                choice: question.correct,
            };
            let outcome = self.door.answer(self.quiz, &answer, &self.ticket.token).await;
            let Outcome::Done(verdict) = outcome else { panic!("an answer did not count: {outcome:?}") };
            self.score += 10;
            assert_eq!(verdict.total, self.score);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_goes_on_with_whoever_answers_to_the_name_of_scoring() {
    let mut cluster = Cluster::of(Shape { scoring: 2, gateways: 0, ..Shape::default() }).await.unwrap();
    let [one, other] = [0, 1].map(|number| cluster.scoring[number].address());
    let (stopwatch, stop) = (Stopwatch::start(), CancellationToken::new());
    let _stop = stop.clone().drop_guard();
    let host = Host::at(one, stopwatch);
    let (quiz, questions) = host.make_quiz(200).await.unwrap();
    assert!(host.start(&quiz).await.outcome.done().is_some());
    drop(host);

    let names = Arc::new(Names(Mutex::new(vec![other])));
    let address = start_gateway(Arc::clone(&names), stop).await;
    until_connected(other, |count| count > 0).await;
    let door = Door::gateway(address);
    let (_, ticket) = door.join(&quiz, &Join { username: "ada".to_owned() }).await;
    let mut crowd = Crowd::of(&quiz, vec![address], stopwatch);
    let ticket = ticket.expect("there is a seat");
    crowd.add(&ticket.participant, 0);
    let mut ada = Player { door, quiz: &quiz, ticket, questions: questions.iter(), score: 0 };
    ada.answer(10).await;
    // The host's is closing.
    until_connected(one, |count| count == 0).await;

    *names.0.lock().unwrap() = vec![one, other];
    ada.answer_until_called(one).await;
    for killed in [1, 0] {
        cluster.scoring[killed].kill().await;
        ada.answer(15).await;
        let score = ada.score;
        crowd
            .until(PATIENCE, |viewer| {
                viewer.sightings().last().and_then(|last| last.you).is_some_and(|you| you.score == score)
            })
            .await
            .unwrap();
        cluster.restart_scoring(killed).await.unwrap();
        ada.answer_until_called([one, other][killed]).await;
    }
    let viewers = crowd.leave().await;
    assert!(viewers.iter().all(|viewer| viewer.sockets.len() == 1), "the socket stayed open");
}
