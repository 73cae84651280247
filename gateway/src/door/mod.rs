//! Who may come in: origins, rates by address and by participant, and how many sockets at once.
//!
//! It knows requests only by their headers and peers, and nothing of quizzes.

mod address;
mod guesses;
mod origin;
mod rates;

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::http::HeaderMap;
use services::shutdown::Shutdown;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use address::Proxies;
pub use origin::Origins;
pub(crate) use rates::Rates;

use crate::{config::Config, metrics};

/// Lets requests in, or says why not.
pub(crate) struct Door {
    pub(crate) origins: Origins,
    pub(crate) rates: Rates,
    proxies: Proxies,
    sockets: Arc<Semaphore>,
    shutdown: Shutdown,
}

/// Room for one socket, given back when it is dropped.
pub(crate) type Admission = OwnedSemaphorePermit;

/// Why somebody may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The gateway is stopping.
    #[error("the gateway is restarting, connect again")]
    Leaving,
    /// There is no room for one more socket.
    #[error("too many connections, try again later")]
    Full,
    /// Slower, please.
    #[error("too many requests, slow down")]
    TooOften {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Pages from there may not connect.
    #[error("this origin may not connect")]
    Origin,
}

impl Door {
    /// Takes origins, proxies, rates and room from the settings.
    pub(crate) fn new(config: &Config, shutdown: Shutdown) -> Self {
        Self {
            origins: config.allowed_origins.clone(),
            rates: Rates::new(&config.rates),
            proxies: config.trusted_proxies.clone(),
            sockets: Arc::new(Semaphore::new(config.max_sockets as usize)),
            shutdown,
        }
    }

    /// The address that a request comes from, behind the proxies that we trust.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        self.proxies.client(peer, headers)
    }

    /// Lets one more socket in.
    ///
    /// # Errors
    /// In this order: the gateway is stopping or full, the address comes too often, the origin
    /// is not allowed.
    pub(crate) fn admit_socket(&self, client: IpAddr, headers: &HeaderMap) -> Result<Admission, Refused> {
        self.admit(client, headers).inspect_err(metrics::refused)
    }

    fn admit(&self, client: IpAddr, headers: &HeaderMap) -> Result<Admission, Refused> {
        if self.shutdown.has_begun() {
            return Err(Refused::Leaving);
        }
        let room = Arc::clone(&self.sockets).try_acquire_owned().map_err(|_| Refused::Full)?;
        self.rates.entry(client)?;
        if !self.origins.allow(headers) {
            return Err(Refused::Origin);
        }
        Ok(room)
    }
}
