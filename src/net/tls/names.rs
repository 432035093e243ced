//! The one case of naming that webpki leaves out: a certificate whose only name is its CN.

use rustls::pki_types::{CertificateDer, ServerName};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::asn1::{Ia5StringRef, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// RFC 5280 appendix A, `id-at-commonName`.
const COMMON_NAME: &str = "2.5.4.3";

/// The subject's common name, when no alternative name of a host or address is there: then, and
/// only then, libpq looks at it (fe-secure-common.c, `pq_verify_peer_name_matches_certificate`).
pub(super) fn common_name_alone(leaf: &CertificateDer<'_>) -> Option<String> {
    let certificate = Certificate::from_der(leaf).ok()?.tbs_certificate;
    let alternatives = certificate.get::<SubjectAltName>().ok()?;
    let named = alternatives.is_some_and(|(_, names)| names.0.iter().any(names_a_host));
    if named {
        return None;
    }
    let subject = certificate.subject;
    let mut attributes = subject.0.iter().flat_map(|part| part.0.iter());
    let attribute = attributes.find(|a| a.oid.to_string() == COMMON_NAME)?;
    let value = &attribute.value;
    let text = value
        .decode_as::<Utf8StringRef<'_>>()
        .map(|s| s.as_str().to_owned())
        .or_else(|_| {
            value
                .decode_as::<PrintableStringRef<'_>>()
                .map(|s| s.as_str().to_owned())
        })
        .or_else(|_| {
            value
                .decode_as::<TeletexStringRef<'_>>()
                .map(|s| s.as_str().to_owned())
        })
        .or_else(|_| {
            value
                .decode_as::<Ia5StringRef<'_>>()
                .map(|s| s.as_str().to_owned())
        });
    text.ok()
}

fn names_a_host(name: &GeneralName) -> bool {
    matches!(name, GeneralName::DnsName(_) | GeneralName::IpAddress(_))
}

/// Whether a common name stands for this host: equal without case, or a wildcard for exactly the
/// first label (fe-secure-common.c, `wildcard_certificate_match`).
pub(super) fn fits(common_name: &str, name: &ServerName<'_>) -> bool {
    let host = match name {
        ServerName::DnsName(dns) => dns.as_ref().to_ascii_lowercase(),
        ServerName::IpAddress(ip) => std::net::IpAddr::from(*ip).to_string(),
        _ => return false,
    };
    let common_name = common_name.to_ascii_lowercase();
    if common_name == host {
        return true;
    }
    let Some(suffix) = common_name.strip_prefix("*.") else {
        return false;
    };
    let is_name = matches!(name, ServerName::DnsName(_));
    let rest = host.split_once('.').map(|(_, rest)| rest);
    is_name && suffix.contains('.') && rest == Some(suffix)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    fn certificate(common_name: &str, alternatives: &[&str]) -> CertificateDer<'static> {
        let names: Vec<String> = alternatives.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    #[test]
    fn the_common_name_counts_only_without_alternatives() {
        let alone = certificate("db.example.org", &[]);
        assert_eq!(common_name_alone(&alone).as_deref(), Some("db.example.org"));
        let named = certificate("db.example.org", &["other.example.org"]);
        assert_eq!(common_name_alone(&named), None);
        let addressed = certificate("db.example.org", &["10.0.0.1"]);
        assert_eq!(common_name_alone(&addressed), None);
    }

    #[test]
    fn a_common_name_fits_as_libpq_has_it() {
        for (common_name, host, expected) in [
            ("db.example.org", "db.example.org", true),
            ("DB.example.org", "db.EXAMPLE.org", true),
            ("db.example.org", "db2.example.org", false),
            ("*.example.org", "db.example.org", true),
            ("*.example.org", "a.db.example.org", false),
            ("*.example.org", "example.org", false),
            ("*.org", "example.org", false),
            ("*", "db", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("*.0.0.1", "10.0.0.1", false),
        ] {
            let name = ServerName::try_from(host).unwrap();
            assert_eq!(fits(common_name, &name), expected, "{common_name} {host}");
        }
    }
}
