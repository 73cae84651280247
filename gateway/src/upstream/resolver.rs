//! Who answers to a name: by DNS, or by what a test says.

use std::{io, net::SocketAddr};

use async_trait::async_trait;
use tokio::net::lookup_host;

/// Knows who answers to a name.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// Names all addresses of a host, each with this port.
    ///
    /// # Errors
    /// If that cannot be told now.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The resolver of the system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dns;

#[async_trait]
impl Resolver for Dns {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(lookup_host((host, port)).await?.collect())
    }
}
