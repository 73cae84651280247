//! The side that is called.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::{Stream, StreamExt as _};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, server::WebPkiClientVerifier},
    server::TlsStream,
};

use super::{Error, HTTP_2, VERSIONS, authorities, certificates, files::Fresh, key, unusable};
use crate::{
    config::bounds::{TLS_HANDSHAKE, TLS_HANDSHAKES},
    telemetry::limit_reached,
};

/// Shows a certificate, and may ask callers for theirs.
#[derive(Clone)]
pub struct ServerTls(Arc<Fresh<ServerConfig>>);

impl ServerTls {
    /// Reads a certificate with its chain, its key, and, if callers have to show certificates too,
    /// those who vouch for them; all PEM.
    ///
    /// # Errors
    /// Which file is of no use.
    pub fn read(certificate: PathBuf, key: PathBuf, client_ca: Option<PathBuf>) -> Result<Self, Error> {
        let files = [&certificate, &key].into_iter().chain(&client_ca).cloned().collect();
        let make = move || config(&certificate, &key, client_ca.as_deref());
        Ok(Self(Arc::new(Fresh::new(files, make)?)))
    }

    /// Greets one caller.
    ///
    /// # Errors
    /// If it is nobody to talk to, or the connection is lost.
    pub async fn accept(&self, connection: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsAcceptor::from(self.0.get()).accept(connection).await
    }

    /// Greets callers side by side, so that none waits for another one; those that fail are left out.
    pub fn greet<E>(
        self,
        connections: impl Stream<Item = Result<TcpStream, E>>,
    ) -> impl Stream<Item = Result<TlsStream<TcpStream>, E>> {
        let greeted = connections.map(move |connection| {
            let tls = self.clone();
            async move {
                let connection = match connection {
                    Ok(connection) => connection,
                    Err(error) => return Some(Err(error)),
                };
                match timeout(TLS_HANDSHAKE, tls.accept(connection)).await {
                    Ok(Ok(stream)) => Some(Ok(stream)),
                    Ok(Err(error)) => {
                        tracing::debug!(%error, "a caller did not get through the handshake");
                        None
                    }
                    Err(_) => {
                        limit_reached("tls.handshake");
                        None
                    }
                }
            }
        });
        greeted.buffer_unordered(TLS_HANDSHAKES).filter_map(async |stream| stream)
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls")
    }
}

fn config(certificate: &Path, key_file: &Path, client_ca: Option<&Path>) -> Result<ServerConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(VERSIONS)
        .expect("ring knows TLS 1.3");
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(authorities(file)?.into(), provider)
                .build()
                .expect("there are authorities, and no revocation lists");
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder
        .with_single_cert(certificates(certificate)?, key(key_file)?)
        .map_err(|source| unusable(certificate, source))?;
    config.alpn_protocols = vec![HTTP_2.to_vec()];
    Ok(config)
}
