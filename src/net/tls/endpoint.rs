//! `tls-server-end-point`: the hash of the server's certificate that binds SCRAM to TLS.

use std::sync::Arc;

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// The channel binding data of a certificate in DER (RFC 5929 section 4.1).
///
/// `None` where the RFC leaves it undefined: a signature without one hash of its own (Ed25519,
/// RSASSA-PSS), or a certificate that can't be read.
pub fn server_end_point(der: &[u8]) -> Option<Arc<[u8]>> {
    let certificate = Certificate::from_der(der).ok()?;
    let hash = match certificate.signature_algorithm.oid.to_string().as_str() {
        // MD5 and SHA-1 are too weak: SHA-256 stands in for them.
        MD5_RSA | SHA1_RSA | SHA1_ECDSA | SHA1_DSA | SHA256_RSA | SHA256_ECDSA | SHA256_DSA => {
            Sha256::digest(der).to_vec()
        }
        SHA224_RSA | SHA224_ECDSA => Sha224::digest(der).to_vec(),
        SHA384_RSA | SHA384_ECDSA => Sha384::digest(der).to_vec(),
        SHA512_RSA | SHA512_ECDSA => Sha512::digest(der).to_vec(),
        _ => return None,
    };
    Some(hash.into())
}

// RFC 8017 appendix A.2.4.
const MD5_RSA: &str = "1.2.840.113549.1.1.4";
const SHA1_RSA: &str = "1.2.840.113549.1.1.5";
const SHA224_RSA: &str = "1.2.840.113549.1.1.14";
const SHA256_RSA: &str = "1.2.840.113549.1.1.11";
const SHA384_RSA: &str = "1.2.840.113549.1.1.12";
const SHA512_RSA: &str = "1.2.840.113549.1.1.13";
// RFC 5758 section 3.2, and RFC 3279 for SHA-1.
const SHA1_ECDSA: &str = "1.2.840.10045.4.1";
const SHA224_ECDSA: &str = "1.2.840.10045.4.3.1";
const SHA256_ECDSA: &str = "1.2.840.10045.4.3.2";
const SHA384_ECDSA: &str = "1.2.840.10045.4.3.3";
const SHA512_ECDSA: &str = "1.2.840.10045.4.3.4";
const SHA1_DSA: &str = "1.2.840.10040.4.3";
const SHA256_DSA: &str = "2.16.840.1.101.3.4.3.2";

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};

    use super::*;

    fn hash_length(algorithm: &'static SignatureAlgorithm) -> Option<usize> {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        server_end_point(certificate.der()).map(|hash| hash.len())
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        assert_eq!(hash_length(&rcgen::PKCS_ECDSA_P256_SHA256), Some(32));
        assert_eq!(hash_length(&rcgen::PKCS_ECDSA_P384_SHA384), Some(48));
        assert_eq!(hash_length(&rcgen::PKCS_ED25519), None);
    }

    #[test]
    fn what_is_no_certificate_binds_nothing() {
        assert_eq!(server_end_point(b""), None);
        assert_eq!(server_end_point(b"\x30\x03\x02\x01\x00"), None);
    }
}
