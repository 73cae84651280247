//! What telemetry costs that is not exported: no allocation, and next to no time.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use allocation_counter::{AllocationInfo, measure};
use futures_util::FutureExt as _;
use services::telemetry::{
    self, Cause, Causes, TARGET, Telemetry, TracedCalls,
    database::{observe, statement},
};
use tonic::codegen::http::{Request, Response};
use tower::{Layer as _, Service};
use tracing::{Instrument as _, Span, level_filters::LevelFilter};

/// Answers at once.
struct Answering;

impl Service<Request<()>> for Answering {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(())))
    }
}

#[derive(clap::Parser)]
struct Program {
    #[command(flatten)]
    telemetry: Telemetry,
}

/// All that an answer meets of telemetry on its way from the call to the streams.
fn one_answer(server: &mut impl Service<Request<()>, Future: Unpin>, request: Request<()>) {
    assert!(server.call(request).now_or_never().is_some());
    let call = telemetry::here();
    let batch = tracing::info_span!(target: TARGET, "record answers", scorecast.batch.size = 1);
    telemetry::proceed(std::iter::once(&call), &batch);
    let recorded = observe(|| statement("sqlite", "INSERT INTO answers"), async { Ok::<_, Infallible>(1) });
    assert!(recorded.instrument(batch).now_or_never().is_some());
    let causes = Causes::from(black_box(Cause::now()));
    let publish = tracing::info_span!(target: TARGET, "publish update", otel.kind = "producer");
    causes.lead_to(&publish);
    assert!(causes.by(&publish).is_none());
    assert!(async {}.instrument(Span::none()).now_or_never().is_some());
}

fn request() -> Request<()> {
    Request::builder().uri("/scorecast.v1.ScoringService/SubmitAnswer").body(()).expect("a path is a URI")
}

#[tokio::test]
async fn telemetry_that_is_off_allocates_nothing_and_takes_no_time() {
    let program: Program = clap::Parser::parse_from(["program", "--otel-exporter-otlp-endpoint="]);
    let exports = program.telemetry.start("program").unwrap();
    assert!(!telemetry::is_on());
    assert_eq!(LevelFilter::current(), LevelFilter::INFO, "what is finer is not even offered");
    let mut server = TracedCalls.layer(Answering);
    one_answer(&mut server, request());
    let answer = request();
    let AllocationInfo { count_total, .. } = measure(|| one_answer(&mut server, answer));
    // The bare service gives up its request and makes an answer, and so does this one.
    let (bare, answer) = (&mut Answering, request());
    let without = measure(|| assert!(bare.call(answer).now_or_never().is_some())).count_total;
    assert_eq!(count_total, without);

    let requests: Vec<_> = std::iter::repeat_with(request).take(10_000).collect();
    let began = Instant::now();
    requests.into_iter().for_each(|request| one_answer(&mut server, request));
    let each = began.elapsed() / 10_000;
    tracing::info!(?each, "what telemetry takes of an answer while it is off");
    assert!(each < Duration::from_millis(1), "{each:?}");
    exports.stop().await;
}
