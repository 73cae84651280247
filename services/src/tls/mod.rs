//! TLS 1.3 between our own services, on one side or both: who vouches for whom, by files that are
//! read again when they change. Knows nothing of gRPC but that it speaks HTTP/2.

mod client;
mod files;
mod server;

pub use client::ClientTls;
pub use server::ServerTls;

use std::path::Path;

use tokio_rustls::rustls::{
    RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    version::TLS13,
};

/// Both ends are ours: nothing older needs to be understood.
const VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13];
const HTTP_2: &[u8] = b"h2";

/// Why a file is of no use, in one sentence without what is in it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read, or is no PEM of that kind.
    #[error("{file}: no {what} can be read: {reason}")]
    Unreadable {
        /// Which file.
        file: String,
        /// What it should hold.
        what: &'static str,
        /// What stands against it.
        reason: String,
    },
    /// Certificate and key are of no use, or not together.
    #[error("{file}: {source}")]
    Unusable {
        /// Which file.
        file: String,
        /// What stands against it.
        source: tokio_rustls::rustls::Error,
    },
    /// The server's name is none that a certificate could be made out to.
    #[error("the name of the server is none that a certificate could be made out to")]
    BadName,
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = || CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>();
    match read() {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(unreadable(file, "certificate", "there is none in it")),
        Err(reason) => Err(unreadable(file, "certificate", &reason.to_string())),
    }
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_file(file).map_err(|reason| unreadable(file, "private key", &reason.to_string()))
}

/// Those who vouch for others.
fn authorities(file: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|source| unusable(file, source))?;
    }
    Ok(roots)
}

fn unreadable(file: &Path, what: &'static str, reason: &str) -> Error {
    Error::Unreadable { file: file.display().to_string(), what, reason: reason.to_owned() }
}

fn unusable(file: &Path, source: tokio_rustls::rustls::Error) -> Error {
    Error::Unusable { file: file.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use servers::certificates::{Authority, Pair};
    use tempfile::TempDir;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
        time::timeout,
    };

    use super::*;

    /// The files of both sides.
    struct Desk {
        folder: TempDir,
    }

    impl Desk {
        fn new(server: &Pair, trusted_by_client: &Authority) -> Self {
            let desk = Self { folder: tempfile::tempdir().unwrap() };
            desk.put("server", server);
            desk.write("ca.pem", &trusted_by_client.pem());
            desk
        }

        fn put(&self, name: &str, pair: &Pair) {
            self.write(&format!("{name}.pem"), &pair.certificate);
            self.write(&format!("{name}.key"), &pair.key);
        }

        /// As whoever renews certificates does it: another file takes the place of the old one.
        fn write(&self, name: &str, text: &str) {
            fs::write(self.file("written"), text).unwrap();
            fs::rename(self.file("written"), self.file(name)).unwrap();
        }

        fn file(&self, name: &str) -> std::path::PathBuf {
            self.folder.path().join(name)
        }

        fn server(&self, client_ca: Option<&str>) -> ServerTls {
            let client_ca = client_ca.map(|name| self.file(name));
            ServerTls::read(self.file("server.pem"), self.file("server.key"), client_ca).unwrap()
        }

        fn client(&self, own: Option<&str>) -> ClientTls {
            let own = own.map(|name| (self.file(&format!("{name}.pem")), self.file(&format!("{name}.key"))));
            ClientTls::read(self.file("ca.pem"), own, "scoring").unwrap()
        }
    }

    /// Says a byte both ways; tells whether all of it got through.
    async fn talk(server: &ServerTls, client: &ClientTls) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answering = async {
            let mut stream = server.accept(listener.accept().await?.0).await?;
            let byte = stream.read_u8().await?;
            stream.write_u8(byte).await?;
            stream.shutdown().await
        };
        let asking = async {
            let mut stream = client.connect(TcpStream::connect(address).await?).await?;
            stream.write_u8(7).await?;
            stream.read_u8().await
        };
        let (answered, asked) =
            timeout(Duration::from_secs(20), async { tokio::join!(answering, asking) }).await.unwrap();
        answered.is_ok() && asked.is_ok_and(|byte| byte == 7)
    }

    #[tokio::test]
    async fn only_a_server_of_that_name_with_a_known_authority_is_spoken_to() {
        let (ours, theirs) = (Authority::new(), Authority::new());
        for (server, is_spoken_to) in [
            (ours.vouch_for("scoring"), true),
            (theirs.vouch_for("scoring"), false),
            (ours.vouch_for("other"), false),
        ] {
            let desk = Desk::new(&server, &ours);
            assert_eq!(talk(&desk.server(None), &desk.client(None)).await, is_spoken_to);
        }
    }

    #[tokio::test]
    async fn a_server_that_asks_who_calls_listens_to_those_it_knows_alone() {
        let (ours, theirs) = (Authority::new(), Authority::new());
        let desk = Desk::new(&ours.vouch_for("scoring"), &ours);
        desk.put("gateway", &ours.vouch_for("gateway"));
        desk.put("stranger", &theirs.vouch_for("gateway"));
        let server = desk.server(Some("ca.pem"));
        assert!(talk(&server, &desk.client(Some("gateway"))).await);
        assert!(!talk(&server, &desk.client(Some("stranger"))).await);
        assert!(!talk(&server, &desk.client(None)).await);
    }

    #[tokio::test]
    async fn files_that_change_are_used_from_the_next_connection_on() {
        let (old, new) = (Authority::new(), Authority::new());
        let desk = Desk::new(&old.vouch_for("scoring"), &old);
        let (server, client) = (desk.server(None), desk.client(None));
        assert!(talk(&server, &client).await);

        desk.put("server", &new.vouch_for("scoring"));
        assert!(!talk(&server, &client).await, "the client does not know the new authority");
        desk.write("ca.pem", &(old.pem() + &new.pem()));
        assert!(talk(&server, &client).await);
    }

    #[tokio::test]
    async fn while_new_files_do_not_fit_together_the_old_ones_are_used() {
        let ours = Authority::new();
        let desk = Desk::new(&ours.vouch_for("scoring"), &ours);
        let (server, client) = (desk.server(None), desk.client(None));
        let next = ours.vouch_for("scoring");
        desk.write("server.pem", &next.certificate);
        assert!(talk(&server, &client).await, "the key is not there yet");
        desk.write("server.key", "");
        assert!(talk(&server, &client).await, "it is being written");
        desk.write("server.key", &next.key);
        assert!(talk(&server, &client).await);
    }

    #[test]
    fn a_file_that_is_of_no_use_is_named() {
        let ours = Authority::new();
        let desk = Desk::new(&ours.vouch_for("scoring"), &ours);
        let (certificate, key) = (desk.file("server.pem"), desk.file("server.key"));
        desk.write("empty", "");
        desk.put("other", &ours.vouch_for("other"));
        for (certificate, key, named) in [
            (desk.file("missing"), key.clone(), "missing"),
            (desk.file("empty"), key.clone(), "empty"),
            (certificate.clone(), desk.file("empty"), "empty"),
            (certificate, desk.file("other.key"), "server.pem"),
        ] {
            let error = ServerTls::read(certificate, key, None).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
            assert!(!error.contains("BEGIN"), "{error}");
        }
    }
}
