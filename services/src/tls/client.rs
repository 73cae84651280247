//! The side that calls.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig,
        crypto::ring,
        pki_types::{InvalidDnsNameError, ServerName},
    },
};

use super::{Error, HTTP_2, VERSIONS, authorities, certificates, files::Fresh, key, unusable};

/// Knows who vouches for a server of one name, and may have a certificate to show.
#[derive(Clone)]
pub struct ClientTls {
    config: Arc<Fresh<ClientConfig>>,
    server: ServerName<'static>,
}

impl ClientTls {
    /// Reads who vouches for the server of this name (or address), and what to show it: a
    /// certificate with its chain, and its key; all PEM.
    ///
    /// # Errors
    /// Which file is of no use.
    pub fn read(ca: PathBuf, own: Option<(PathBuf, PathBuf)>, server: &str) -> Result<Self, Error> {
        let server = server.to_owned().try_into().map_err(|InvalidDnsNameError| Error::BadName)?;
        let own_files = own.iter().flat_map(|(certificate, key)| [certificate, key]);
        let files = std::iter::once(&ca).chain(own_files).cloned().collect();
        let make = move || config(&ca, own.as_ref().map(|(certificate, key)| (&**certificate, &**key)));
        Ok(Self { config: Arc::new(Fresh::new(files, make)?), server })
    }

    /// Talks to the server at the other end.
    ///
    /// # Errors
    /// If it is not the server that is meant, does not want to talk, or the connection is lost.
    pub async fn connect(&self, connection: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsConnector::from(self.config.get()).connect(self.server.clone(), connection).await
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientTls to {:?}", self.server)
    }
}

fn config(ca: &Path, own: Option<(&Path, &Path)>) -> Result<ClientConfig, Error> {
    let builder = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_protocol_versions(VERSIONS)
        .expect("ring knows TLS 1.3")
        .with_root_certificates(authorities(ca)?);
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key_file)) => builder
            .with_client_auth_cert(certificates(certificate)?, key(key_file)?)
            .map_err(|source| unusable(certificate, source))?,
    };
    config.alpn_protocols = vec![HTTP_2.to_vec()];
    Ok(config)
}
