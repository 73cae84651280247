//! `GET /ws/leaderboard/`: a user follows what it subscribes to.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{FromRequestParts as _, Request, State},
    http::{HeaderMap, header},
    response::Response,
};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::IntoParams;

use super::{Close, topics::Topics};
use crate::{
    activity::Listener,
    door::Admission,
    fanout::Guest,
    frame::Form,
    http::{
        Gateway,
        credentials::bearer,
        error::Error,
        request::{Client, Query},
    },
    tokens::{BadJwt, User},
};

/// A subprotocol that is a token begins with this: a page can set no header.
const TOKEN_PROTOCOL: &str = "bearer.";

/// No timer runs longer: a token that holds for ever needs none.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Who listens, and how.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wish {
    /// A user's token, unless it stands in a subprotocol or a header.
    token: Option<String>,
    /// With `1`, a state of a quiz may come as what changed since the one before, where that is
    /// shorter.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "1")]
    deltas: Form,
}

/// Opens a WebSocket on which a user hears of sessions, subjects, and what it subscribes to.
///
/// The token may stand in the query, in the header `Authorization`, or among the subprotocols, as in
/// `scorecast.v1, bearer.<jwt>`. Without a good one the socket opens only to be closed with 4401. The
/// last slash may be absent.
// Checks in the contract's order, then upgrades; with a token that is not good only to say so.
#[utoipa::path(
    get,
    path = "/ws/leaderboard/",
    operation_id = "watch_leaderboards",
    tag = "WebSockets",
    params(Wish),
    responses((status = 101, description = "The socket is open")),
    security((), ("user" = [])),
)]
pub(crate) async fn upgrade(
    State(gateway): State<Arc<Gateway>>,
    Client(client): Client,
    request: Request,
) -> Result<Response, Error> {
    let (mut parts, _) = request.into_parts();
    let admission = gateway.door.admit_socket(client, &parts.headers)?;
    let wish = Query::<Wish>::from_request_parts(&mut parts, &gateway).await;
    let wish = wish.map_or_else(|_| Wish::default(), |Query(wish)| wish);
    let user = match token(&parts.headers, &wish) {
        Some(token) => gateway.jwt.verify(token).await.map_err(Close::BadToken),
        None => Err(Close::NoToken),
    };
    match user {
        Ok(user) => {
            let (topics, activity) = (Arc::clone(&gateway.topics), gateway.activity.listen());
            let (form, until) = (wish.deltas, until(&user));
            let subscriber = Subscriber { topics, form, activity, until, admission };
            Ok(gateway.fanout.adopt(parts, Guest::Subscriber(subscriber))?)
        }
        // Not the token's fault, and over in a moment.
        Err(Close::BadToken(bad @ BadJwt::OutOfReach)) => Err(bad.into()),
        Err(close) => Ok(gateway.conversations.turn_away(parts, close)?),
    }
}

/// The token of the request: from its header, its subprotocols, or its query.
fn token<'a>(headers: &'a HeaderMap, wish: &'a Wish) -> Option<&'a str> {
    if headers.contains_key(header::AUTHORIZATION) {
        return Some(bearer(headers).ok().flatten().unwrap_or_default());
    }
    offered(headers).or_else(|| wish.token.as_deref().filter(|token| !token.is_empty()))
}

/// The token among the subprotocols that a request offers (RFC 6455 §11.3.4).
fn offered(headers: &HeaderMap) -> Option<&str> {
    let lists = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter();
    let offers = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
    offers.map(str::trim).find_map(|offer| offer.strip_prefix(TOKEN_PROTOCOL))
}

/// Until when the user's token holds.
fn until(user: &User) -> Instant {
    let left = user.expires_at.duration_since(Timestamp::now());
    Instant::now() + Duration::try_from(left).unwrap_or_default().min(LONGEST)
}

/// What a fan-out needs to serve one user; dropping it gives the room back.
pub(crate) struct Subscriber {
    /// What it may subscribe to.
    pub(crate) topics: Arc<Topics>,
    /// In which form it is told the states of quizzes.
    pub(crate) form: Form,
    /// It hears what happens from the upgrade on.
    pub(crate) activity: Listener,
    /// When the token expires.
    pub(crate) until: Instant,
    pub(crate) admission: Admission,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_may_stand_among_the_subprotocols() {
        for (lists, expected) in [
            (&["scorecast.v1, bearer.a.b.c"][..], Some("a.b.c")),
            (&["scorecast.v1", "bearer.a.b.c"], Some("a.b.c")),
            (&["bearer.a.b.c,scorecast.v1"], Some("a.b.c")),
            (&["scorecast.v1"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append(header::SEC_WEBSOCKET_PROTOCOL, list.parse().unwrap());
            }
            assert_eq!(offered(&headers), expected, "{lists:?}");
        }
    }
}
