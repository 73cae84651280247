//! Where telemetry goes while it is measured: it takes all that is exported, and keeps nothing.

use axum::{Router, body::Body, extract::Request};
use tonic::{
    Response, Status,
    server::Grpc,
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_prost::ProstCodec;
use tower::service_fn;

/// Serves until it is killed.
#[allow(clippy::print_stdout, reason = "whoever starts it reads the address here")]
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run() -> anyhow::Result<()> {
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let incoming = TcpIncoming::bind(any)?;
    println!("listening on {} (collector)", incoming.local_addr()?);
    let routes = Routes::from(Router::new().fallback(take));
    Server::builder().add_routes(routes).serve_with_incoming(incoming).await?;
    Ok(())
}

/// Answers any call. A message whose fields nobody knows is read to its end, and an empty one says
/// that all is well.
async fn take(request: Request<Body>) -> axum::http::Response<tonic::body::Body> {
    let taken = service_fn(async |_: tonic::Request<()>| Ok::<_, Status>(Response::new(())));
    Grpc::new(ProstCodec::<(), ()>::default()).unary(taken, request).await
}
