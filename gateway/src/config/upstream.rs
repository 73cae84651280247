//! How the gateway and scoring know each other.

use std::path::PathBuf;

use clap::Args;
use services::{config::BadSetting, tls::ClientTls};

use crate::upstream::ScoringUrl;

/// Certificates for the way to scoring. The files are read again when they change.
#[derive(Debug, Clone, Args)]
pub struct UpstreamTls {
    /// Authority, in PEM, that vouches for scoring; with it a dns:/// way is TLS, and https:// needs it
    #[arg(long, env = "UPSTREAM_CA", value_name = "FILE")]
    pub upstream_ca: Option<PathBuf>,

    /// Certificate with its chain, in PEM, to show to scoring where it asks who calls
    #[arg(long, env = "UPSTREAM_CERTIFICATE", value_name = "FILE", requires = "upstream_key")]
    pub upstream_certificate: Option<PathBuf>,

    /// Private key of that certificate, in PEM
    #[arg(long, env = "UPSTREAM_KEY", value_name = "FILE", requires = "upstream_certificate")]
    pub upstream_key: Option<PathBuf>,
}

impl UpstreamTls {
    /// Reads the files; none if the way to scoring is in the clear.
    ///
    /// # Errors
    /// Says in one sentence what is wrong with them, or what does not fit the URL.
    pub(crate) fn read(&self, url: &ScoringUrl) -> Result<Option<ClientTls>, BadSetting> {
        let Some(ca) = &self.upstream_ca else {
            if url.needs_tls() || self.upstream_certificate.is_some() {
                return Err(BadSetting(
                    "UPSTREAM_CA is missing: set it to a file with the authority that vouches for scoring"
                        .to_owned(),
                ));
            }
            return Ok(None);
        };
        if !url.allows_tls() {
            return Err(BadSetting(format!(
                "UPSTREAM_CA is set, but SCORING_URL is {url}: write https:// or dns:/// there"
            )));
        }
        let own = self.upstream_certificate.clone().zip(self.upstream_key.clone());
        ClientTls::read(ca.clone(), own, url.host()).map(Some).map_err(|error| BadSetting(error.to_string()))
    }
}
