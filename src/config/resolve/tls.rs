//! TLS keys of both sides, and whether the files they name can be used.

use std::path::PathBuf;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::config::reader::Reader;
use crate::config::section::{Located, Section};
use crate::config::settings::{
    CertificatePair, ClientTls, ClientTlsMode, ServerTls, ServerTlsMode,
};
use crate::config::tree::Node;
use crate::config::value::text;

type File = Option<Located<PathBuf>>;

pub(super) fn client(section: &Section<'_>) -> ClientTls {
    let certificate = section.file("tls_certificate");
    let key = section.file("tls_private_key");
    let pair = pair(
        section.reader,
        certificate,
        key,
        ["tls_certificate", "tls_private_key"],
    );
    let mode = section
        .read("tls_mode", client_mode)
        .unwrap_or(ClientTlsMode::Allow);
    let has_files = section
        .entry("tls_certificate")
        .or(section.entry("tls_private_key"));
    if mode == ClientTlsMode::Require && has_files.is_none() {
        section.problem(
            "tls_mode",
            "\"require\" needs tls_certificate and tls_private_key",
        );
    }
    ClientTls { mode, pair }
}

fn client_mode(node: &Node) -> Result<ClientTlsMode, String> {
    match text(node)? {
        "allow" => Ok(ClientTlsMode::Allow),
        "disable" => Ok(ClientTlsMode::Disable),
        "require" => Ok(ClientTlsMode::Require),
        mode @ ("verify-ca" | "verify-full") => Err(format!("\"{mode}\" is not supported yet")),
        _ => Err("must be one of: disable, allow, require".to_owned()),
    }
}

/// The `server_tls_*` keys of one section, each `None` when it is not given there.
#[derive(Debug, Clone, Default)]
pub(super) struct ServerDraft {
    mode: Option<Located<ServerTlsMode>>,
    ca: File,
    certificate: File,
    key: File,
}

impl ServerDraft {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let mode = section.read("server_tls_mode", server_mode);
        Self {
            mode: section.located("server_tls_mode", mode),
            ca: section.file("server_tls_ca_cert"),
            certificate: section.file("server_tls_certificate"),
            key: section.file("server_tls_private_key"),
        }
    }

    /// A pool's own keys, each falling back to the general one.
    pub(super) fn or(self, general: &Self) -> Self {
        Self {
            mode: self.mode.or_else(|| general.mode.clone()),
            ca: self.ca.or_else(|| general.ca.clone()),
            certificate: self.certificate.or_else(|| general.certificate.clone()),
            key: self.key.or_else(|| general.key.clone()),
        }
    }

    /// Checks the whole; the files are read.
    pub(super) fn finish(self, reader: &Reader<'_>) -> ServerTls {
        if let Some(mode) = &self.mode {
            let verifies = matches!(
                mode.value,
                ServerTlsMode::VerifyCa | ServerTlsMode::VerifyFull
            );
            if verifies && self.ca.is_none() {
                reader.problem(&mode.place, &mode.key, "needs server_tls_ca_cert");
            }
        }
        if let Some(ca) = &self.ca
            && let Err(reason) = certificates(reader, ca)
        {
            reader.problem(&ca.place, &ca.key, reason);
        }
        let names = ["server_tls_certificate", "server_tls_private_key"];
        ServerTls {
            mode: self.mode.map_or(ServerTlsMode::Prefer, |mode| mode.value),
            ca: self.ca.map(|ca| ca.value),
            client_pair: pair(reader, self.certificate, self.key, names),
        }
    }
}

fn server_mode(node: &Node) -> Result<ServerTlsMode, String> {
    match text(node)?.to_ascii_lowercase().as_str() {
        "disable" => Ok(ServerTlsMode::Disable),
        "allow" => Ok(ServerTlsMode::Allow),
        "prefer" => Ok(ServerTlsMode::Prefer),
        "require" => Ok(ServerTlsMode::Require),
        "verify-ca" => Ok(ServerTlsMode::VerifyCa),
        "verify-full" => Ok(ServerTlsMode::VerifyFull),
        _ => Err("must be one of: disable, allow, prefer, require, verify-ca, verify-full".into()),
    }
}

/// Both or neither, readable, and belonging together.
fn pair(
    reader: &Reader<'_>,
    certificate: File,
    key: File,
    names: [&str; 2],
) -> Option<CertificatePair> {
    let (certificate, key) = match (certificate, key) {
        (Some(certificate), Some(key)) => (certificate, key),
        (Some(lonely), None) => {
            reader.problem(
                &lonely.place,
                &lonely.key,
                format!("needs {} too", names[1]),
            );
            return None;
        }
        (None, Some(lonely)) => {
            reader.problem(
                &lonely.place,
                &lonely.key,
                format!("needs {} too", names[0]),
            );
            return None;
        }
        (None, None) => return None,
    };
    let chain = certificates(reader, &certificate)
        .map_err(|reason| reader.problem(&certificate.place, &certificate.key, reason));
    let secret =
        private_key(reader, &key).map_err(|reason| reader.problem(&key.place, &key.key, reason));
    if let (Ok(chain), Ok(secret)) = (chain, secret)
        && let Err(error) = CertifiedKey::from_der(chain, secret, &ring::default_provider())
    {
        let path = certificate.value.display();
        let reason = format!("can't be used with the certificate {path}: {error}");
        reader.problem(&key.place, &key.key, reason);
    }
    Some(CertificatePair {
        certificate: certificate.value,
        private_key: key.value,
    })
}

/// The sentences do not pass on the PEM reader's own, which quotes the line that it stumbled over.
fn certificates(
    reader: &Reader<'_>,
    file: &Located<PathBuf>,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let path = file.value.display();
    let pem = reader
        .bytes(&file.value)
        .map_err(|reason| format!("{path}: {reason}"))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(format!("{path}: no certificate in PEM form in it")),
        Err(_) => Err(format!("{path}: not in PEM form")),
    }
}

fn private_key(
    reader: &Reader<'_>,
    file: &Located<PathBuf>,
) -> Result<PrivateKeyDer<'static>, String> {
    let path = file.value.display();
    let pem = reader
        .bytes(&file.value)
        .map_err(|reason| format!("{path}: {reason}"))?;
    PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| format!("{path}: no private key in PEM form in it"))
}
