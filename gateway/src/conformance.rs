//! An echo on the sockets' own code, for a conformance suite to try that code by. Only the feature
//! `conformance` compiles it, which no program that is shipped has.

use std::{collections::VecDeque, time::Duration};

use axum::{
    Router,
    extract::{Request, State, ws::Message},
    response::{IntoResponse as _, Response},
};
use services::shutdown::Shutdown;
use tokio::net::TcpListener;

use crate::{
    http::{self, error::Error},
    socket::{Allowance, Close, Conversations, Party},
};

/// How long the echo may take to stop.
const GRACE: Duration = Duration::from_secs(4);

/// Opens a socket for whoever asks, and writes back what it says, until it is told to stop.
pub async fn echo(listener: TcpListener, shutdown: Shutdown) {
    let conversations = Conversations::new(Allowance::generous(), GRACE, shutdown.clone());
    let router = Router::new().fallback(open).with_state(conversations);
    http::serve(listener, router, shutdown).await;
}

async fn open(State(conversations): State<Conversations>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let opened = conversations.open(parts, Echo::default()).await;
    opened.unwrap_or_else(|refusal| Error::from(refusal).into_response())
}

/// Says what it hears, in the order in which it hears it.
#[derive(Default)]
struct Echo(VecDeque<Message>);

impl Party for Echo {
    async fn next(&mut self) -> Result<Message, Close> {
        match self.0.pop_front() {
            Some(message) => Ok(message),
            None => std::future::pending().await,
        }
    }

    fn hear(&mut self, message: &Message) {
        if matches!(message, Message::Text(_) | Message::Binary(_)) {
            self.0.push_back(message.clone());
        }
    }
}
