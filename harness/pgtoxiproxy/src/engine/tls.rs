//! TLS in the middle: the proxy ends it on both sides, with the server's own certificate and key, so
//! that what a client checks (its name, its channel binding) still holds.

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureScheme};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use super::wire::{Prefixed, Wire};

/// What PostgreSQL asks of clients that begin with TLS at once (protocol chapter, "SSL Session
/// Encryption").
const ALPN: &[u8] = b"postgresql";

/// What a proxy needs to stand in for its server. Never shows the key.
#[derive(Clone)]
pub struct Identity {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

impl Identity {
    /// From PEM texts: the server's chain and its private key.
    ///
    /// # Errors
    /// A sentence when one of them is no PEM, or they don't fit.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, String> {
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
        let chain = chain.map_err(|error| format!("tls.certificate: {error}"))?;
        let Some(own) = chain.first().cloned() else {
            return Err("tls.certificate: there is no certificate in it".to_owned());
        };
        // The reader's own error could quote the key.
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| "tls.private_key: there is no private key in PEM in it".to_owned())?;
        let provider = Arc::new(ring::default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
        let mut server = server.map_err(|error| format!("tls: {error}"))?;
        server.alpn_protocols = vec![ALPN.to_vec()];
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("tls: {error}"))?;
        let mut client = client
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Same { own, provider }))
            .with_no_client_auth();
        client.alpn_protocols = vec![ALPN.to_vec()];
        client.enable_sni = false;
        Ok(Self {
            server: Arc::new(server),
            client: Arc::new(client),
        })
    }

    /// Shakes hands with both sides. `early` is what the client has sent of its handshake already.
    ///
    /// # Errors
    /// The first handshake that fails.
    ///
    /// # Cancel safety
    /// Dropped, it closes both sides.
    pub(super) async fn stand_between(
        &self,
        client: Box<dyn Wire>,
        early: Bytes,
        server: Box<dyn Wire>,
    ) -> io::Result<(Box<dyn Wire>, Box<dyn Wire>)> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.server));
        let client = acceptor.accept(Prefixed::new(early, client)).await?;
        let connector = TlsConnector::from(Arc::clone(&self.client));
        // No name is checked: the certificate itself is.
        let name = ServerName::try_from("postgresql").map_err(io::Error::other)?;
        let server = connector.connect(name, server).await?;
        Ok((Box::new(client), Box::new(server)))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

impl<W: Wire> Wire for server::TlsStream<W> {
    fn abort(&mut self) {
        self.get_mut().0.abort();
    }
}

impl<W: Wire> Wire for client::TlsStream<W> {
    fn abort(&mut self) {
        self.get_mut().0.abort();
    }
}

/// Takes the server whose certificate the proxy has itself, and no other: a proxy that stood in for
/// the wrong one would make every check of the client's a lie.
#[derive(Debug)]
struct Same {
    own: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Same {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *end_entity == self.own {
            return Ok(ServerCertVerified::assertion());
        }
        let text = "the server has another certificate than the proxy was given";
        Err(Error::General(text.to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
