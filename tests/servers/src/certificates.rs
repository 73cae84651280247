//! Certificates for tests, made when they are asked for and good for a day.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair,
};

/// Vouches for others, and nobody outside the test trusts it.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
#[derive(Debug)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// Makes an authority of its own.
    ///
    /// # Panics
    /// If this machine has no randomness.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Who has the same name as its authority seems to vouch for itself.
        params.distinguished_name = named("an authority of tests");
        let key = KeyPair::generate().expect("a key can be made");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority signs for itself"))
    }

    /// Its certificate, as PEM: what those who trust it are given.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Makes a certificate for a server and client of this name, or of `127.0.0.1`.
    ///
    /// # Panics
    /// If the name is none.
    #[must_use]
    pub fn vouch_for(&self, name: &str) -> Pair {
        let mut params = CertificateParams::new([name.to_owned()]).expect("it is a name");
        params.distinguished_name = named(name);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.signed_by(&key, &self.0).expect("an authority signs");
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}
