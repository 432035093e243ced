//! A certificate authority and a server certificate, made anew for every run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::{Error, Result};

/// The files of one server identity, issued by its own authority.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub ca: PathBuf,
    pub chain: PathBuf,
    pub key: PathBuf,
}

impl Certificate {
    /// Writes `ca.crt`, `server.crt` and `server.key` (mode 600) for localhost and 127.0.0.1.
    pub fn issue(folder: &Path) -> Result<Self> {
        let made = Self {
            ca: folder.join("ca.crt"),
            chain: folder.join("server.crt"),
            key: folder.join("server.key"),
        };
        let (ca, chain, key) =
            sign().map_err(|error| Error::told(format!("certificate: {error}")))?;
        write(&made.ca, &ca)?;
        write(&made.chain, &chain)?;
        write(&made.key, &key)?;
        // PostgreSQL refuses a key that others may read.
        fs::set_permissions(&made.key, fs::Permissions::from_mode(0o600))
            .map_err(Error::io(made.key.display().to_string()))?;
        Ok(made)
    }
}

fn sign() -> std::result::Result<(String, String, String), rcgen::Error> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority
        .distinguished_name
        .push(DnType::CommonName, "pgturnstile test authority");
    let authority_key = KeyPair::generate()?;
    let ca = authority.self_signed(&authority_key)?;

    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut server = CertificateParams::new(names)?;
    server
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_key = KeyPair::generate()?;
    let issuer = Issuer::new(authority, authority_key);
    let certificate = server.signed_by(&server_key, &issuer)?;
    Ok((ca.pem(), certificate.pem(), server_key.serialize_pem()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(Error::io(path.display().to_string()))
}
