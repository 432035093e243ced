//! TLS towards PostgreSQL: what libpq's sslmode words ask for, and the handshake.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::endpoint::server_end_point;
use super::verify::{Trust, Verifier};
use super::{ALPN, TlsFileError, provider, read_certificates, read_private_key};
use crate::config::settings::{ServerTls, ServerTlsMode};
use crate::net::stream::{Stream, TlsStream};
use crate::world::Socket;

/// A handshake under way. It owns the socket, and `get_mut` gives it back for a polite end.
pub(crate) type Handshake = Box<tokio_rustls::Connect<Socket>>;

/// The TLS settings of a database, with their files read.
pub struct Connector {
    mode: ServerTlsMode,
    tls: Option<TlsConnector>,
    verified: bool,
}

impl Connector {
    /// Reads the files and checks that the mode has what it needs.
    pub fn load(settings: &ServerTls) -> Result<Self, TlsFileError> {
        let mode = settings.mode;
        if mode == ServerTlsMode::Disable {
            return Ok(Self::disabled());
        }
        let trust = load_trust(settings)?;
        let verified = trust.is_some();
        let config = client_config(settings, trust)?;
        let tls = Some(TlsConnector::from(Arc::new(config)));
        Ok(Self {
            mode,
            tls,
            verified,
        })
    }

    /// Plain text and nothing else.
    pub fn disabled() -> Self {
        Self {
            mode: ServerTlsMode::Disable,
            tls: None,
            verified: false,
        }
    }

    pub fn mode(&self) -> ServerTlsMode {
        self.mode
    }

    /// Begins the handshake with a server that answered `S`. The host is the name in the settings;
    /// `verify-full` compares it, and the server learns it by SNI.
    pub(crate) fn handshake(
        &self,
        host: &str,
        address: IpAddr,
        socket: Socket,
    ) -> io::Result<Handshake> {
        let Some(tls) = &self.tls else {
            return Err(io::Error::other("TLS is disabled"));
        };
        let name = match ServerName::try_from(host.to_owned()) {
            Ok(name) => name,
            // A name that is none by DNS's rules can't be in a certificate either.
            Err(e) if self.mode == ServerTlsMode::VerifyFull => return Err(io::Error::other(e)),
            Err(_) => ServerName::IpAddress(address.into()),
        };
        Ok(Box::new(tls.connect(name, socket)))
    }

    /// The stream of a handshake that came to its end.
    pub(crate) fn stream(&self, tls: tokio_rustls::client::TlsStream<Socket>) -> Stream {
        let chain = tls.get_ref().1.peer_certificates();
        let endpoint = chain
            .and_then(<[_]>::first)
            .and_then(|leaf| server_end_point(leaf));
        Stream::Tls(Box::new(TlsStream::client(tls, self.verified, endpoint)))
    }
}

#[cfg(test)]
impl Connector {
    /// Asks for other protocols than PostgreSQL's.
    pub(super) fn with_alpn(mut self, protocols: Vec<Vec<u8>>) -> Self {
        self.tls = self.tls.map(|tls| {
            let mut config = (**tls.config()).clone();
            config.alpn_protocols = protocols;
            TlsConnector::from(Arc::new(config))
        });
        self
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("mode", &self.mode)
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

/// The CA file where the mode has use for it. `require` with a CA file checks the chain, as libpq
/// does; the weaker modes take any certificate, for they would take plain text too.
fn load_trust(settings: &ServerTls) -> Result<Option<Trust>, TlsFileError> {
    let mode = settings.mode;
    let full = mode == ServerTlsMode::VerifyFull;
    let needed = full || mode == ServerTlsMode::VerifyCa;
    let Some(path) = &settings.ca else {
        let missing = TlsFileError::new(
            Path::new("server_tls_ca_cert"),
            "needed to verify the server's certificate",
        );
        return if needed { Err(missing) } else { Ok(None) };
    };
    if !needed && mode != ServerTlsMode::Require {
        return Ok(None);
    }
    let certificates = read_certificates(path)?;
    let mut roots = RootCertStore::empty();
    // One that can't be an anchor (of version 1, say) can still be the server's own.
    roots.add_parsable_certificates(certificates.iter().cloned());
    Ok(Some(Trust {
        roots,
        certificates,
        name: full,
    }))
}

fn client_config(settings: &ServerTls, trust: Option<Trust>) -> Result<ClientConfig, TlsFileError> {
    let provider = provider();
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| TlsFileError::new(Path::new("server_tls_mode"), e))?
        .dangerous()
        .with_custom_certificate_verifier(Verifier::new(trust, algorithms));
    let mut config = match &settings.client_pair {
        None => builder.with_no_client_auth(),
        Some(pair) => {
            let chain = read_certificates(&pair.certificate)?;
            let key = read_private_key(&pair.private_key)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|e| TlsFileError::new(&pair.certificate, e))?
        }
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    // A resumed session shows no certificate, and without it there is no channel binding.
    config.resumption = Resumption::disabled();
    Ok(config)
}
