//! Several scoring processes behind one name: who is called, and who is not.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use tokio::{net::TcpListener, runtime::Runtime, time::sleep};
use tonic::{Code, transport::Server};
use tonic_health::{ServingStatus, server::HealthReporter};
use tower::util::MapRequestLayer;

use super::*;

/// A process that answers nothing but how it is, and counts what else it is asked.
struct Process {
    address: SocketAddr,
    health: HealthReporter,
    asked: Arc<AtomicUsize>,
    /// Ends it with all its connections, as a crash would.
    running: Option<Runtime>,
}

impl Process {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut process = Self {
            address: listener.local_addr().unwrap(),
            health: HealthReporter::new(),
            asked: Arc::default(),
            running: None,
        };
        process.serve(listener.into_std().unwrap());
        process
    }

    async fn start_without_serving() -> Self {
        let process = Self::start().await;
        process.says(ServingStatus::NotServing).await;
        process
    }

    fn serve(&mut self, listener: std::net::TcpListener) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let asked = Arc::clone(&self.asked);
        let count = move |request: axum::http::Request<_>| {
            if !request.uri().path().starts_with("/grpc.health") {
                asked.fetch_add(1, Ordering::Relaxed);
            }
            request
        };
        let health = tonic_health::server::HealthService::from_health_reporter(self.health.clone());
        runtime.spawn(async move {
            let incoming =
                tokio_stream::wrappers::TcpListenerStream::new(TcpListener::from_std(listener).unwrap());
            Server::builder()
                .layer(MapRequestLayer::new(count))
                .add_service(tonic_health::pb::health_server::HealthServer::new(health))
                .serve_with_incoming(incoming)
                .await
        });
        self.running = Some(runtime);
    }

    fn kill(&mut self) {
        self.running.take().expect("it runs").shutdown_background();
    }

    async fn restart(&mut self) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        self.serve(socket.listen(64).unwrap().into_std().unwrap());
    }

    async fn says(&self, status: ServingStatus) {
        self.health.set_service_status("", status).await;
    }

    /// How often it was asked since the last time that this was.
    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.shutdown_background();
        }
    }
}

/// What the name stands for; nobody knows, if empty.
#[derive(Default)]
struct Names(Mutex<Vec<SocketAddr>>);

impl Names {
    fn are(&self, processes: &[&Process]) {
        *self.0.lock().unwrap() = processes.iter().map(|process| process.address).collect();
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        assert_eq!((host, port), ("scoring", 50051));
        let names = self.0.lock().unwrap().clone();
        if names.is_empty() { Err(io::Error::other("no such host")) } else { Ok(names) }
    }
}

/// A name, and the way to all that it stands for.
struct Way {
    names: Arc<Names>,
    replicas: Arc<Replicas>,
    upstream: Upstream,
    _shutdown: Shutdown,
}

impl Way {
    async fn to(processes: &[&Process]) -> Self {
        let (names, shutdown) = (Arc::new(Names::default()), Shutdown::default());
        names.are(processes);
        let url: ScoringUrl = "dns:///scoring:50051".parse().unwrap();
        let every = Duration::from_millis(20);
        let dialer = Dialer::new(&url, None);
        let replicas = Replicas::resolved(&url, dialer, Arc::clone(&names) as _, every, &shutdown);
        let upstream = Upstream::by(&replicas, &url, Duration::from_secs(300));
        Self { names, replicas, upstream, _shutdown: shutdown }
    }

    /// Calls so often; tells how many calls arrived.
    async fn call(&self, times: usize) -> usize {
        let mut arrived = 0;
        for _ in 0..times {
            let status = self.upstream.get_quiz(GetQuizRequest::default()).await.unwrap_err();
            arrived += usize::from(status.code() == Code::Unimplemented);
        }
        arrived
    }

    /// Waits until so many serve, as far as the gateway knows.
    async fn until_serving(&self, count: usize) {
        let waiting = async {
            while self.replicas.serving() != count {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(20), waiting).await.expect("it gets known who serves");
    }
}

#[tokio::test]
async fn calls_are_shared_by_all_that_serve() {
    let processes = [Process::start().await, Process::start().await, Process::start().await];
    let way = Way::to(&processes.each_ref()).await;
    way.until_serving(3).await;
    assert_eq!(way.call(300).await, 300);
    for process in &processes {
        let asked = process.asked();
        assert!((50..=150).contains(&asked), "{asked} of 300");
    }
}

#[tokio::test]
async fn a_process_that_does_not_serve_is_left_out_until_it_does() {
    let (serving, starting) = (Process::start().await, Process::start_without_serving().await);
    let way = Way::to(&[&serving, &starting]).await;
    way.until_serving(1).await;
    assert_eq!(way.call(50).await, 50);
    assert_eq!((serving.asked(), starting.asked()), (50, 0));

    starting.says(ServingStatus::Serving).await;
    way.until_serving(2).await;
    assert_eq!(way.call(50).await, 50);
    assert!(starting.asked() > 0);

    serving.says(ServingStatus::NotServing).await;
    way.until_serving(1).await;
    serving.asked();
    assert_eq!(way.call(50).await, 50);
    assert_eq!((serving.asked(), starting.asked()), (0, 50));
}

#[tokio::test]
async fn a_dead_process_costs_no_call_and_is_called_again_when_it_is_back() {
    let (mut dying, staying) = (Process::start().await, Process::start().await);
    let way = Way::to(&[&dying, &staying]).await;
    way.until_serving(2).await;
    way.call(20).await;
    dying.kill();
    assert_eq!(way.call(200).await, 200, "what was lost on the way is tried elsewhere");
    way.until_serving(1).await;

    dying.asked();
    dying.restart().await;
    way.until_serving(2).await;
    assert_eq!(way.call(50).await, 50);
    assert!(dying.asked() > 0);
}

#[tokio::test]
async fn who_answers_to_the_name_is_asked_again_and_again() {
    let (old, new) = (Process::start().await, Process::start().await);
    let way = Way::to(&[&old]).await;
    way.until_serving(1).await;
    way.names.are(&[&old, &new]);
    way.until_serving(2).await;
    way.call(50).await;
    assert!(new.asked() > 0, "a new one gets its share");

    way.names.are(&[&new]);
    way.until_serving(1).await;
    old.asked();
    assert_eq!(way.call(50).await, 50);
    assert_eq!(old.asked(), 0, "one that has lost the name gets nothing");

    way.names.are(&[]);
    assert_eq!(way.call(50).await, 50, "a name that cannot be resolved changes nothing");
}

#[tokio::test]
async fn without_anybody_who_serves_a_call_fails_at_once() {
    let starting = Process::start_without_serving().await;
    let way = Way::to(&[&starting]).await;
    let asked = std::time::Instant::now();
    let status = way.upstream.get_quiz(GetQuizRequest::default()).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "no scoring process serves"));
    assert!(asked.elapsed() < CALL_DEADLINE);
}

#[tokio::test]
async fn the_only_process_is_called_also_when_it_is_suspected() {
    let only = Process::start().await;
    let way = Way::to(&[&only]).await;
    way.until_serving(1).await;
    for _ in 0..50 {
        way.replicas.pick(Lane::Calls).expect("it serves").was_lost();
        assert_eq!(way.call(1).await, 1);
    }
}

#[tokio::test]
async fn streams_go_to_those_that_have_the_fewest() {
    let processes = [Process::start().await, Process::start().await];
    let way = Way::to(&processes.each_ref()).await;
    way.until_serving(2).await;
    let mut open: Vec<_> = (0..10).map(|_| way.replicas.pick(Lane::Streams).unwrap()).collect();
    let count = |passages: &[replicas::Passage]| {
        processes
            .each_ref()
            .map(|process| passages.iter().filter(|passage| passage.leads_to(process.address)).count())
    };
    assert_eq!(count(&open), [5, 5]);
    open.retain(|passage| passage.leads_to(processes[0].address));
    open.extend((0..5).map(|_| way.replicas.pick(Lane::Streams).unwrap()));
    assert_eq!(count(&open), [5, 5], "those that were opened anew go to the emptier one");
}
