//! Where telemetry goes while it is measured: it takes all that is exported, and keeps nothing; or it
//! answers nobody.

use std::future::pending;

use axum::{Router, body::Body, extract::Request};
use clap::{Args, ValueEnum};
use tonic::{
    Response, Status,
    server::Grpc,
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_prost::ProstCodec;
use tower::service_fn;

/// How it takes what comes
#[derive(Args)]
pub(crate) struct Plan {
    /// What it says to that
    #[arg(long, default_value = "thanks")]
    answer: Answer,
}

/// What a collector says.
#[derive(Clone, Copy, ValueEnum)]
enum Answer {
    /// That all is well
    Thanks,
    /// Nothing, for ever
    Nothing,
}

/// Serves until it is killed.
#[allow(clippy::print_stdout, reason = "whoever starts it reads the address here")]
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(plan: &Plan) -> anyhow::Result<()> {
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let incoming = TcpIncoming::bind(any)?;
    println!("listening on {} (collector)", incoming.local_addr()?);
    let routes = match plan.answer {
        Answer::Thanks => Router::new().fallback(take),
        Answer::Nothing => Router::new().fallback(pending::<()>),
    };
    Server::builder().add_routes(Routes::from(routes)).serve_with_incoming(incoming).await?;
    Ok(())
}

/// Answers any call. A message whose fields nobody knows is read to its end, and an empty one says
/// that all is well.
async fn take(request: Request<Body>) -> axum::http::Response<tonic::body::Body> {
    let taken = service_fn(async |_: tonic::Request<()>| Ok::<_, Status>(Response::new(())));
    Grpc::new(ProstCodec::<(), ()>::default()).unary(taken, request).await
}
