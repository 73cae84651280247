//! Listening: notices of changes, from any process, become nudges. On a connection of its own, so
//! that a flood of them delays no command.

use std::{collections::HashMap, sync::Arc};

use anyhow::Context as _;
use futures_util::StreamExt as _;
use redis::aio::PubSubSink;
use services::telemetry;
use tokio::time::{interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{layout, link::Link, nodes::Nodes};
use crate::{
    board::{BoardId, watchers::Watchers},
    config::bounds::{REDIS_CALL, REDIS_LISTEN_PAUSE, REDIS_LISTEN_ROUND},
};

/// Channels of one command.
const CHANNELS_PER_CALL: usize = 1000;

/// Listens until it is time to stop, connecting again whenever the connection is lost.
pub(super) async fn listen(
    nodes: Arc<Nodes>,
    link: Arc<Link>,
    watchers: Arc<Watchers>,
    shutdown: CancellationToken,
) {
    let listening = async {
        loop {
            let Err(error) = follow(&nodes, &link, &watchers).await;
            tracing::debug!(?error, "not listening to the board store");
            sleep(REDIS_LISTEN_PAUSE).await;
        }
    };
    shutdown.run_until_cancelled(listening).await;
}

/// Follows one connection until it is lost.
async fn follow(nodes: &Nodes, link: &Link, watchers: &Watchers) -> anyhow::Result<std::convert::Infallible> {
    let (mut sink, mut messages) = timeout(REDIS_CALL, nodes.listen()).await??.split();
    // Where this connection got through, commands will: readers that are nudged now must not be refused.
    link.try_now(REDIS_CALL).await;
    timeout(REDIS_CALL, sink.subscribe(layout::NEWS)).await??;
    watchers.tell_news();
    let mut subscriptions = Subscriptions { sink, boards: HashMap::new() };
    let mut rounds = interval(REDIS_LISTEN_ROUND);
    loop {
        tokio::select! {
            message = messages.next() => {
                let message = message.context("the connection was lost")?;
                match message.get_channel_name() {
                    layout::NEWS => watchers.tell_news(),
                    channel => if let Some(board) = subscriptions.boards.get(channel) {
                        let led_by = telemetry::is_on().then(|| layout::led_by(message.get_payload_bytes()));
                        watchers.tell(board, led_by.flatten());
                    },
                }
            }
            () = watchers.grew() => subscriptions.follow(watchers).await?,
            _ = rounds.tick() => {
                subscriptions.follow(watchers).await?;
                timeout(REDIS_CALL, subscriptions.sink.ping::<redis::Value>()).await??;
            }
        }
    }
}

/// The channels of one connection.
struct Subscriptions {
    sink: PubSubSink,
    boards: HashMap<String, BoardId>,
}

impl Subscriptions {
    /// Subscribes to what is watched and not to what is not. What was told of a board before that
    /// was lost, hence a nudge.
    async fn follow(&mut self, watchers: &Watchers) -> anyhow::Result<()> {
        let mut watched = watchers.boards();
        let gone: Vec<_> =
            self.boards.extract_if(|_, board| !watched.remove(board)).map(|(channel, _)| channel).collect();
        for channels in gone.chunks(CHANNELS_PER_CALL) {
            timeout(REDIS_CALL, self.sink.unsubscribe(channels)).await??;
        }
        let new: Vec<_> = watched.into_iter().map(|board| (layout::channel(&board), board)).collect();
        for new in new.chunks(CHANNELS_PER_CALL) {
            let channels: Vec<_> = new.iter().map(|(channel, _)| channel).collect();
            timeout(REDIS_CALL, self.sink.subscribe(channels)).await??;
            for (channel, board) in new {
                watchers.nudge(board);
                self.boards.insert(channel.clone(), board.clone());
            }
        }
        Ok(())
    }
}
