//! TLS on both sides: what is presented to clients, and what is asked of PostgreSQL.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub mod accept;
pub mod connect;
pub mod endpoint;
mod names;
mod verify;

/// PostgreSQL's name for its protocol (src/include/libpq/libpq-be.h, `PG_ALPN_PROTOCOL`).
const ALPN: &[u8] = b"postgresql";

/// A TLS file that can't be used, in words for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct TlsFileError {
    pub path: PathBuf,
    pub reason: String,
}

impl TlsFileError {
    fn new(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// The one provider; handed over explicitly, since a process-wide default could be set by anybody.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// All certificates of a PEM file; an empty file is an error.
fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFileError> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| TlsFileError::new(path, e))?;
    if certificates.is_empty() {
        return Err(TlsFileError::new(path, "there is no certificate in it"));
    }
    Ok(certificates)
}

/// The first private key of a PEM file: PKCS#8, PKCS#1 or SEC1.
fn read_private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsFileError> {
    PrivateKeyDer::from_pem_file(path).map_err(|e| TlsFileError::new(path, e))
}

#[cfg(test)]
mod tests;
