//! Which certificate of PostgreSQL is believed: libpq's verify-ca and verify-full, or none checked.
//!
//! Three things that libpq (through OpenSSL) takes and webpki does not are looked after here, for
//! they are what PostgreSQL's own documentation has people make: a self-signed certificate that is
//! its own CA file, a name that is only in the subject's CN, and X.509 version 1 certificates.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, RootCertStore, SignatureScheme,
};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use super::names;

/// What a server's certificate must fulfil.
#[derive(Debug)]
pub(super) struct Verifier {
    trust: Option<Trust>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// The CA file, and whether the host name counts too.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) roots: RootCertStore,
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) name: bool,
}

impl Verifier {
    /// `None` = any certificate will do; the handshake still proves that the peer has its key.
    pub(super) fn new(trust: Option<Trust>, algorithms: WebPkiSupportedAlgorithms) -> Arc<Self> {
        Arc::new(Self { trust, algorithms })
    }
}

impl Trust {
    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<(), Error> {
        if self.certificates.contains(&leaf.clone().into_owned()) {
            in_time(leaf, now)?;
        } else {
            let parsed = ParsedCertificate::try_from(leaf)?;
            let all = algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &parsed,
                &self.roots,
                intermediates,
                now,
                all,
            )?;
        }
        if !self.name {
            return Ok(());
        }
        match names::common_name_alone(leaf) {
            Some(common_name) if names::fits(&common_name, name) => Ok(()),
            Some(_) => Err(CertificateError::NotValidForName.into()),
            None => verify_server_name(&ParsedCertificate::try_from(leaf)?, name),
        }
    }
}

/// A certificate that is itself in the CA file needs no chain, but it does expire.
fn in_time(leaf: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let validity = read(leaf)?.tbs_certificate.validity;
    let seconds = now.as_secs();
    if seconds < validity.not_before.to_unix_duration().as_secs() {
        return Err(CertificateError::NotValidYet.into());
    }
    if seconds > validity.not_after.to_unix_duration().as_secs() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

fn read(leaf: &CertificateDer<'_>) -> Result<Certificate, Error> {
    Certificate::from_der(leaf).map_err(|_| CertificateError::BadEncoding.into())
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(trust) = &self.trust {
            trust.check(leaf, intermediates, name, now, &self.algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if ParsedCertificate::try_from(certificate).is_ok() {
            return verify_tls12_signature(message, certificate, signed, &self.algorithms);
        }
        verify_by_key(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if ParsedCertificate::try_from(certificate).is_ok() {
            return verify_tls13_signature(message, certificate, signed, &self.algorithms);
        }
        let key = public_key(certificate)?;
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn public_key(certificate: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
    let key = read(certificate)?.tbs_certificate.subject_public_key_info;
    let der = key.to_der().map_err(|_| CertificateError::BadEncoding)?;
    Ok(SubjectPublicKeyInfoDer::from(der))
}

/// The signature of a TLS 1.2 handshake under a certificate of version 1, by its key alone.
fn verify_by_key(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let key = read(certificate)?.tbs_certificate.subject_public_key_info;
    let kind = key.algorithm.to_der();
    let kind = kind.map_err(|_| CertificateError::BadEncoding)?;
    let bits = key.subject_public_key.raw_bytes();
    let mut fitting = algorithms.mapping.iter();
    let (_, candidates) = fitting
        .find(|(scheme, _)| *scheme == signed.scheme)
        .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    let valid = candidates.iter().any(|algorithm| {
        // An AlgorithmIdentifier is a SEQUENCE; rustls names its contents only.
        kind.ends_with(&algorithm.public_key_alg_id())
            && algorithm
                .verify_signature(bits, message, signed.signature())
                .is_ok()
    });
    if valid {
        Ok(HandshakeSignatureValid::assertion())
    } else {
        Err(CertificateError::BadSignature.into())
    }
}
