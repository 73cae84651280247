//! How scoring and its callers know each other.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use services::{
    config::BadSetting,
    tls::{Error, ServerTls},
};

/// Certificates for the gRPC service. The files are read again when they change.
#[derive(Debug, Clone, Default, Args)]
pub struct TlsSettings {
    /// Certificate of this service with its chain, in PEM; with it, callers have to speak TLS
    #[arg(long, env = "SCORING_CERTIFICATE", value_name = "FILE", requires = "scoring_key")]
    pub scoring_certificate: Option<PathBuf>,

    /// Private key of that certificate, in PEM
    #[arg(long, env = "SCORING_KEY", value_name = "FILE", requires = "scoring_certificate")]
    pub scoring_key: Option<PathBuf>,

    /// Authority, in PEM, that vouches for callers; with it, they have to show certificates
    #[arg(long, env = "SCORING_CLIENT_CA", value_name = "FILE", requires = "scoring_certificate")]
    pub scoring_client_ca: Option<PathBuf>,

    /// Address that answers `grpc.health.v1` alone and in the clear, for probes that speak no TLS; none if not set
    #[arg(long, env = "SCORING_HEALTH_LISTEN", value_name = "ADDRESS")]
    pub scoring_health_listen: Option<SocketAddr>,
}

impl TlsSettings {
    /// Whether callers have to speak TLS.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.scoring_certificate.is_some()
    }

    /// Reads the files; none if the service speaks in the clear.
    ///
    /// # Errors
    /// Says in one sentence which file is of no use.
    pub(crate) fn read(&self) -> Result<Option<ServerTls>, BadSetting> {
        let own = self.scoring_certificate.clone().zip(self.scoring_key.clone());
        let read =
            own.map(|(certificate, key)| ServerTls::read(certificate, key, self.scoring_client_ca.clone()));
        read.transpose().map_err(|error: Error| BadSetting(error.to_string()))
    }
}
