//! Who is connected to: one server, the nodes of a cluster, or the master that sentinels name.

use std::time::Duration;

use futures_util::future::select_ok;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection, PubSub},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    cmd,
    io::tcp::TcpSettings,
};

use super::url::{Caller, Kind, Url};
use crate::config::bounds::{
    REDIS_NODE_CONNECTS, REDIS_NODE_LONGEST_PAUSE_MS, REDIS_NODE_SHORTEST_PAUSE_MS, REDIS_QUEUED,
    REDIS_UNACKNOWLEDGED,
};

/// Longer than anybody waits: whoever asks has a deadline.
const FOR_EVER: Duration = Duration::from_secs(60);

/// Where things are kept.
pub(super) enum Nodes {
    /// In one place.
    One(Client),
    /// In a cluster.
    Cluster { commands: Box<ClusterClient>, nodes: Vec<Client> },
    /// With the one whom sentinels name.
    Sentinel { sentinels: Vec<Client>, name: String, caller: Caller },
}

/// A connection for commands, of which there may be many at once.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Nodes {
    /// Reads a URL; connections made of it send small packets at once.
    pub(super) fn of(url: &str) -> Result<Self, String> {
        let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(REDIS_UNACKNOWLEDGED);
        let url = Url::parse(url, &tcp)?;
        Self::parsed(url, tcp).map_err(|error| error.to_string())
    }

    fn parsed(url: Url, tcp: TcpSettings) -> RedisResult<Self> {
        let Url { kind, hosts, path, caller, caller_of_sentinels } = url;
        let clients = |caller: &Caller, database: &str| {
            hosts
                .iter()
                .map(|(host, port)| caller.client(host, *port, database))
                .collect::<RedisResult<Vec<_>>>()
        };
        Ok(match kind {
            Kind::One => Self::One(clients(&caller, &path)?.swap_remove(0)),
            Kind::Cluster => {
                let nodes = clients(&caller, &path)?;
                let infos: RedisResult<Vec<_>> =
                    hosts.iter().map(|(host, port)| caller.connection_info(host, *port, &path)).collect();
                let mut commands = ClusterClient::builder(infos?)
                    .tcp_settings(tcp)
                    .connection_timeout(REDIS_NODE_CONNECTS)
                    .response_timeout(FOR_EVER)
                    .min_retry_wait(REDIS_NODE_SHORTEST_PAUSE_MS)
                    .max_retry_wait(REDIS_NODE_LONGEST_PAUSE_MS);
                if let Some(certificates) = caller.certificates() {
                    commands = commands.certs(certificates.clone());
                }
                Self::Cluster { commands: Box::new(commands.build()?), nodes }
            }
            Kind::Sentinel => {
                Self::Sentinel { sentinels: clients(&caller_of_sentinels, "")?, name: path, caller }
            }
        })
    }

    /// Connects for commands.
    pub(super) async fn connect(&self) -> RedisResult<Connection> {
        let client = match self {
            Self::Cluster { commands, .. } => {
                return commands.get_async_connection().await.map(Connection::Cluster);
            }
            Self::One(client) => client,
            Self::Sentinel { sentinels, name, caller } => &master(sentinels, name, caller).await?,
        };
        client.get_multiplexed_async_connection_with_config(&config()).await.map(Connection::One)
    }

    /// Connects to listen. Nodes of a cluster tell each other what is published: any one will do.
    pub(super) async fn listen(&self) -> RedisResult<PubSub> {
        match self {
            Self::One(client) => client.get_async_pubsub().await,
            Self::Cluster { nodes, .. } => nodes[rand::random_range(..nodes.len())].get_async_pubsub().await,
            Self::Sentinel { sentinels, name, caller } => {
                master(sentinels, name, caller).await?.get_async_pubsub().await
            }
        }
    }
}

/// Asks all sentinels who is the master, and believes the first that knows one. Should it be wrong,
/// the server refuses to write, and they are asked again.
async fn master(sentinels: &[Client], name: &str, caller: &Caller) -> RedisResult<Client> {
    let asking = sentinels.iter().map(|sentinel| Box::pin(ask(sentinel, name)));
    let ((host, port), _) = select_ok(asking).await?;
    caller.client(&host, port, "")
}

async fn ask(sentinel: &Client, name: &str) -> RedisResult<(String, u16)> {
    let mut connection = sentinel.get_multiplexed_async_connection_with_config(&config()).await?;
    let mut question = cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
    let address: Option<(String, u16)> = question.query_async(&mut connection).await?;
    address
        .ok_or_else(|| RedisError::from((ErrorKind::MasterNameNotFoundBySentinel, "no master of that name")))
}

/// Its own limits are off: whoever asks has a deadline for everything.
fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(REDIS_QUEUED)
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
