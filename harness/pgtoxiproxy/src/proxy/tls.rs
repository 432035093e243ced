//! The certificate and the key with which a proxy stands in for its server: PEM texts, or paths of
//! files that hold them.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Error;
use crate::engine::tls::Identity;
use crate::toxic::fields::Fields;

/// More than any chain needs.
const MAX_FILE: u64 = 1 << 20;

/// What a proxy with TLS was told; never shows the key.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The path of the certificate, or `(pem)`.
    pub certificate: String,
    pub(super) identity: Identity,
    /// The certificate itself, to see whether it has changed.
    chain: String,
}

impl Tls {
    /// From `{"certificate": …, "private_key": …}`.
    pub(super) async fn from_json(object: &Map<String, Value>) -> Result<Self, Error> {
        let fields = Fields::new(object);
        let certificate = fields.string("certificate")?;
        let certificate = certificate.ok_or_else(|| Error::missing("tls.certificate"))?;
        let key = fields.string("private_key")?;
        let key = key.ok_or_else(|| Error::missing("tls.private_key"))?;
        let chain = text("certificate", certificate).await?;
        let key = text("private_key", key).await?;
        let identity = Identity::from_pem(&chain, &key).map_err(Error::refused)?;
        let certificate = if is_pem(certificate) {
            "(pem)"
        } else {
            certificate
        };
        Ok(Self {
            certificate: certificate.to_owned(),
            identity,
            chain,
        })
    }
}

impl PartialEq for Tls {
    /// A certificate fits one key only.
    fn eq(&self, other: &Self) -> bool {
        self.certificate == other.certificate && self.chain == other.chain
    }
}

fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN")
}

async fn text(field: &str, given: &str) -> Result<String, Error> {
    if is_pem(given) {
        return Ok(given.to_owned());
    }
    let path = PathBuf::from(given);
    let read = tokio::task::spawn_blocking(move || read(&path)).await;
    let read = read.unwrap_or_else(|_| Err("the reader failed".to_owned()));
    read.map_err(|reason| {
        let shown: String = given.chars().take(200).collect();
        Error::refused(format!(
            "tls.{field}: can't read the file {shown:?}: {reason}"
        ))
    })
}

/// A pipe would never end, so only ordinary files of a sensible size are read.
fn read(path: &Path) -> Result<String, String> {
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("it is no ordinary file".to_owned());
    }
    if about.len() > MAX_FILE {
        return Err("it is larger than 1 MiB".to_owned());
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}
