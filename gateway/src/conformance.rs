//! An echo on the sockets' own code, for a conformance suite to try that code by. Only the feature
//! `conformance` compiles it, which no program that is shipped has.

use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use services::shutdown::Shutdown;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    FanoutKind,
    fanout::{self, Fanout, Guest},
    http::{self, error::Error},
    socket::{Allowance, Close, Conversations, Party},
};

/// How long the echo may take to stop.
const GRACE: Duration = Duration::from_secs(4);

/// Opens a socket for whoever asks, and writes back what it says, until it is told to stop.
///
/// # Errors
/// If the system gives the hub no poll or no thread.
pub async fn echo(kind: FanoutKind, listener: TcpListener, shutdown: Shutdown) -> io::Result<()> {
    let allowance = Allowance::generous();
    let conversations = Conversations::new(allowance, GRACE, shutdown.clone());
    let fanout = fanout::start(kind, allowance, GRACE, conversations, &shutdown)?;
    let router = Router::new().fallback(open).with_state(Arc::from(fanout));
    http::serve(listener, std::num::NonZeroU32::MAX, router, shutdown).await;
    Ok(())
}

async fn open(State(fanout): State<Arc<dyn Fanout>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let opened = fanout.adopt(parts, Guest::Echo);
    opened.unwrap_or_else(|refusal| Error::from(refusal).into_response())
}

/// Says what it hears, in the order in which it hears it.
#[derive(Default)]
pub(crate) struct Echo(VecDeque<Message>);

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
