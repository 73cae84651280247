//! What probes ask: whether the process lives, and whether it should be given work.

use std::sync::{Arc, atomic::Ordering};

use axum::extract::State;

use super::{
    Gateway,
    error::{Code, Error},
};

/// Tells that the process is alive.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "is_alive",
    tag = "Probes",
    responses((status = 200, description = "It is", body = String, content_type = "text/plain", example = json!("ok\n"))),
)]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// Tells whether to send work here: from the first contact with scoring until the gateway stops.
///
/// A later outage of scoring does not change it: sockets stay, and no other gateway would do better.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "is_ready",
    tag = "Probes",
    responses((status = 200, description = "It is ready", body = String, content_type = "text/plain", example = json!("ok\n"))),
)]
pub(crate) async fn ready(State(gateway): State<Arc<Gateway>>) -> Result<&'static str, Error> {
    if gateway.shutdown.has_begun() {
        return Err(Error::new(Code::Unavailable, "the gateway is stopping"));
    }
    if !gateway.has_met_scoring.load(Ordering::Relaxed) {
        return Err(Error::new(Code::Unavailable, "scoring has not answered yet"));
    }
    Ok("ok\n")
}
