//! TLS towards clients: the pair that is presented, its reload, and the handshake.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use tokio_rustls::TlsAcceptor;

use super::endpoint::server_end_point;
use super::{ALPN, TlsFileError, provider, read_certificates, read_private_key};
use crate::config::settings::CertificatePair;
use crate::net::stream::{Stream, TlsStream};
use crate::world::Socket;

/// The pair in use; a reload swaps it for the handshakes to come.
#[derive(Debug)]
pub struct TlsAcceptorCell(Mutex<Option<Arc<Acceptor>>>);

/// A certificate chain with its key, ready for handshakes.
pub struct Acceptor {
    acceptor: TlsAcceptor,
    endpoint: Option<Arc<[u8]>>,
}

impl TlsAcceptorCell {
    /// Loads the pair; `None` = TLS is not offered.
    pub fn load(pair: Option<&CertificatePair>) -> Result<Self, TlsFileError> {
        let acceptor = pair.map(Acceptor::load).transpose()?;
        Ok(Self(Mutex::new(acceptor.map(Arc::new))))
    }

    /// Takes a new pair, or keeps the old one and tells why.
    pub fn reload(&self, pair: Option<&CertificatePair>) -> Result<(), TlsFileError> {
        let acceptor = pair.map(Acceptor::load).transpose()?.map(Arc::new);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = acceptor;
        Ok(())
    }

    /// What a handshake that begins now should use; `None` = answer `N`.
    pub fn current(&self) -> Option<Arc<Acceptor>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Acceptor {
    fn load(pair: &CertificatePair) -> Result<Self, TlsFileError> {
        let chain = read_certificates(&pair.certificate)?;
        let key = read_private_key(&pair.private_key)?;
        let endpoint = chain.first().and_then(|leaf| server_end_point(leaf));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|e| TlsFileError::new(&pair.certificate, e))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|e| TlsFileError::new(&pair.certificate, e))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        // As PostgreSQL: no resumption, so that a reload holds for everybody and an idle client
        // keeps no session alive.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { acceptor, endpoint })
    }

    /// `tls-server-end-point` of the certificate; `None` = channel binding can't be offered.
    pub fn endpoint(&self) -> Option<&Arc<[u8]>> {
        self.endpoint.as_ref()
    }

    /// The handshake after an `SSLRequest` was answered with `S`. Nothing may have been read past
    /// that request: the caller refuses such bytes.
    ///
    /// # Cancel safety
    /// A dropped call closes the socket.
    pub async fn accept(&self, socket: Socket) -> io::Result<Stream> {
        let tls = self.acceptor.accept(socket).await?;
        Ok(self.stream(tls))
    }

    /// A handshake that the client began without asking; `first` is what was read of it. A client
    /// that does not name PostgreSQL's protocol is refused: it may mean another service.
    ///
    /// # Cancel safety
    /// A dropped call closes the socket.
    pub async fn accept_direct(&self, socket: Socket, first: &[u8]) -> io::Result<Stream> {
        let mut taken = Ok(());
        let handshake = self.acceptor.accept_with(socket, |session| {
            taken = take_in(session, first);
        });
        taken?;
        let tls = handshake.await?;
        if tls.get_ref().1.alpn_protocol() != Some(ALPN) {
            let reason = "a direct TLS connection must ask for the protocol \"postgresql\" by ALPN";
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        Ok(self.stream(tls))
    }

    fn stream(&self, tls: tokio_rustls::server::TlsStream<Socket>) -> Stream {
        Stream::Tls(Box::new(TlsStream::server(
            tls,
            false,
            self.endpoint.clone(),
        )))
    }
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acceptor").finish_non_exhaustive()
    }
}

/// Gives a session the bytes that were read before it was known to be one.
fn take_in(session: &mut rustls::ServerConnection, mut first: &[u8]) -> io::Result<()> {
    while !first.is_empty() {
        session.read_tls(&mut first)?;
        session
            .process_new_packets()
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
    }
    Ok(())
}
