//! Binding an address and saying so.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context as _;
use tokio::net::TcpListener;

/// Binds an address; port 0 means any free one.
///
/// # Errors
/// Names the address and what stands against it.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Prints the line by which people and scripts find an address: `listening on 127.0.0.1:8080 (HTTP)`.
#[allow(clippy::print_stdout, reason = "people and scripts read the address here")]
pub fn announce(address: SocketAddr, protocol: &str) {
    println!("listening on {address} ({protocol})");
}

/// Where a listener on any address can be reached from here: on loopback.
#[must_use]
pub fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
