//! Who logs in where, and how the connection is encrypted.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::Failure;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// An address, or the folder of a unix socket: then it begins with `/`, as in libpq.
    pub host: String,
    pub port: u16,
}

impl Endpoint {
    /// The file of the unix socket, where it is one.
    pub fn socket_file(&self) -> Option<PathBuf> {
        let folder = Path::new(&self.host);
        let file = format!(".s.PGSQL.{}", self.port);
        folder.is_absolute().then(|| folder.join(file))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The authorities that a client trusts.
#[derive(Clone)]
pub struct Roots(Arc<RootCertStore>);

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} authorities", self.0.len())
    }
}

impl Roots {
    /// Reads the certificates of a PEM file.
    pub fn from_pem_file(path: &Path) -> Result<Self, Failure> {
        let refuse = |why: &dyn fmt::Display| Failure::local(format!("{}: {why}", path.display()));
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(|e| refuse(&e))? {
            let certificate = certificate.map_err(|e| refuse(&e))?;
            roots.add(certificate).map_err(|e| refuse(&e))?;
        }
        Ok(Self(Arc::new(roots)))
    }

    /// A TLS configuration that trusts these and says `alpn` when asked for.
    pub fn config(&self, alpn: Option<&[u8]>) -> Result<ClientConfig, Failure> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::local(error.to_string()))?
            .with_root_certificates(Arc::clone(&self.0))
            .with_no_client_auth();
        config.alpn_protocols = alpn.map(<[u8]>::to_vec).into_iter().collect();
        Ok(config)
    }
}

/// Whether a client encrypts.
#[derive(Debug, Clone)]
pub enum Tls {
    Off,
    /// Through `SSLRequest`; the server's certificate is verified.
    On(Roots),
}

/// Everything a client needs to log in.
#[derive(Clone)]
pub struct Login {
    pub endpoint: Endpoint,
    pub tls: Tls,
    pub user: String,
    pub password: Option<String>,
    pub database: String,
    /// Further startup parameters.
    pub parameters: Vec<(String, String)>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {} at {}", self.user, self.database, self.endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_a_folder_holds_a_socket_file() {
        let at = |host: &str| Endpoint {
            host: host.to_owned(),
            port: 7,
        };
        let file = at("/run/x").socket_file();
        assert_eq!(file, Some(PathBuf::from("/run/x/.s.PGSQL.7")));
        assert_eq!(at("127.0.0.1").socket_file(), None);
    }
}
