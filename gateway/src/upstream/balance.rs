//! Each call and each stream goes to the process whose turn it is, whatever it is that is called.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use axum::http::{Request, Response};
use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use tonic::{Status, body::Body};
use tower::{Service, ServiceExt as _};

use super::{connection::Lane, replicas::Replicas};

/// A way to all processes that serve.
#[derive(Clone)]
pub(super) struct Balance {
    replicas: Arc<Replicas>,
    lane: Lane,
}

impl Balance {
    pub(super) fn new(replicas: Arc<Replicas>, lane: Lane) -> Self {
        Self { replicas, lane }
    }
}

impl Service<Request<Body>> for Balance {
    type Response = Response<Body>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let picked = self.replicas.pick(self.lane);
        Box::pin(async move {
            let passage = picked.ok_or_else(|| Status::unavailable("no scoring process serves"))?;
            match passage.channel().oneshot(request).await {
                // It is under way until all of the answer has been read, or nobody reads on.
                Ok(response) => Ok(response.map(|body| {
                    Body::new(body.map_frame(move |frame| {
                        let _ = &passage;
                        frame
                    }))
                })),
                Err(lost) => {
                    passage.was_lost();
                    Err(lost.into())
                }
            }
        })
    }
}
