//! The settings of the scoring service.

pub(crate) mod bounds;
mod tls;

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use clap::Args;

pub use tls::TlsSettings;

/// What the scoring service listens on, where its stores are, and how it paces itself.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Scoring")]
pub struct Config {
    /// Address of the gRPC service; port 0 means any free one
    #[arg(long, env = "SCORING_LISTEN", default_value = "127.0.0.1:50051")]
    pub scoring_listen: SocketAddr,

    /// Certificates for it
    #[command(flatten)]
    pub tls: TlsSettings,

    /// The durable store: `sqlite:<path>` or `postgres://…`
    #[arg(long, env = "LEDGER_URL", default_value = "sqlite:scorecast.db", hide_env_values = true)]
    pub ledger_url: String,

    /// Most connections to Postgres that record answers, as many that change other things, and as many that read
    #[arg(long, env = "LEDGER_CONNECTIONS", default_value = "8")]
    pub ledger_connections: NonZeroU32,

    /// The live ranking: `memory:`, `redis://…`, `redis+cluster://a,b,…` or `redis+sentinel://a,b,…/name`; `rediss…` by TLS
    #[arg(long, env = "BOARD_URL", default_value = "memory:", hide_env_values = true)]
    pub board_url: String,

    /// The shortest time between two states of one board, such as `50ms`; the first change after a
    /// quiet time goes out at once
    #[arg(long, env = "WATCH_INTERVAL", default_value = "50ms", value_parser = services::config::duration)]
    pub watch_interval: Duration,

    /// How many writers record answers side by side; a quiz always has the same one
    #[arg(long, env = "WRITE_LANES", default_value_t = 1)]
    pub write_lanes: usize,

    /// How long the service may take to stop
    #[arg(long, env = "SHUTDOWN_GRACE", default_value = "30s", value_parser = services::config::duration)]
    pub shutdown_grace: Duration,

    /// Where to end at once, after passing there so often: `committed:3`
    #[cfg(feature = "fail-points")]
    #[arg(long, env = "FAIL_AT", hide = true)]
    pub(crate) fail_at: Option<crate::fail::FailAt>,
}
