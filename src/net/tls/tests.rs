//! Handshakes between the two sides over socket pairs, with certificates made on the spot.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::accept::TlsAcceptorCell;
use super::connect::Connector;
use crate::config::settings::{CertificatePair, ServerTls, ServerTlsMode};
use crate::net::stream::{Peek, Stream};
use crate::world::Socket;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A CA, a certificate of it, and one that signed itself; all for `localhost`.
struct Files {
    dir: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let mut ca = CertificateParams::new([]).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.distinguished_name.push(DnType::CommonName, "a test CA");
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
        files.write("ca.crt", &ca.pem());

        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap();
        files.write("leaf.crt", &leaf.signed_by(&key, &ca).unwrap().pem());
        files.write("leaf.key", &key.serialize_pem());

        let key = KeyPair::generate().unwrap();
        let mut own = CertificateParams::new([]).unwrap();
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        own.distinguished_name.push(DnType::CommonName, "localhost");
        files.write("own.crt", &own.self_signed(&key).unwrap().pem());
        files.write("own.key", &key.serialize_pem());
        files
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn pair(&self, name: &str) -> CertificatePair {
        CertificatePair {
            certificate: self.path(&format!("{name}.crt")),
            private_key: self.path(&format!("{name}.key")),
        }
    }
}

fn connector(mode: ServerTlsMode, ca: Option<&Path>) -> Connector {
    Connector::load(&ServerTls {
        mode,
        ca: ca.map(Path::to_owned),
        client_pair: None,
    })
    .unwrap()
}

async fn handshake(
    cell: &TlsAcceptorCell,
    connector: &Connector,
    host: &str,
) -> (std::io::Result<Stream>, std::io::Result<Stream>) {
    let (near, far) = Socket::pair().unwrap();
    let acceptor = cell.current().unwrap();
    let connect = async {
        let tls = connector.handshake(host, LOOPBACK, near)?.await?;
        Ok(connector.stream(tls))
    };
    tokio::join!(acceptor.accept(far), connect)
}

#[tokio::test]
async fn each_mode_believes_what_libpq_would() {
    use ServerTlsMode::{Prefer, Require, VerifyCa, VerifyFull};
    let files = Files::new();
    for (mode, pair, ca, host, believed) in [
        (Prefer, "own", None, "localhost", true),
        (Prefer, "own", Some("ca.crt"), "localhost", true),
        (Require, "own", None, "elsewhere", true),
        (Require, "own", Some("ca.crt"), "localhost", false),
        (Require, "leaf", Some("ca.crt"), "elsewhere", true),
        (VerifyCa, "leaf", Some("ca.crt"), "elsewhere", true),
        (VerifyCa, "own", Some("ca.crt"), "localhost", false),
        (VerifyCa, "own", Some("own.crt"), "elsewhere", true),
        (VerifyFull, "leaf", Some("ca.crt"), "localhost", true),
        (VerifyFull, "leaf", Some("ca.crt"), "elsewhere", false),
        (VerifyFull, "own", Some("own.crt"), "localhost", true),
        (VerifyFull, "own", Some("own.crt"), "elsewhere", false),
        (VerifyFull, "leaf", Some("ca.crt"), "not a name", false),
    ] {
        let cell = TlsAcceptorCell::load(Some(&files.pair(pair))).unwrap();
        let ca = ca.map(|name| files.path(name));
        let connector = connector(mode, ca.as_deref());
        let (_, near) = handshake(&cell, &connector, host).await;
        let case = format!("{mode:?} {pair} {ca:?} {host}: {near:?}");
        assert_eq!(near.is_ok(), believed, "{case}");
    }
}

#[tokio::test]
async fn both_sides_bind_to_the_same_certificate() {
    let files = Files::new();
    let cell = TlsAcceptorCell::load(Some(&files.pair("leaf"))).unwrap();
    let connector = connector(ServerTlsMode::VerifyCa, Some(&files.path("ca.crt")));
    let (far, near) = handshake(&cell, &connector, "localhost").await;
    let (far, near) = (far.unwrap(), near.unwrap());
    let (far, near) = (far.tls().unwrap(), near.tls().unwrap());
    assert!(near.verified);
    assert_eq!(near.version, "TLSv1.3");
    assert!(near.endpoint.is_some());
    assert_eq!(near.endpoint, far.endpoint);
}

#[tokio::test]
async fn an_idle_session_is_peeked_and_awaited() {
    let files = Files::new();
    let cell = TlsAcceptorCell::load(Some(&files.pair("leaf"))).unwrap();
    let connector = connector(ServerTlsMode::Require, None);
    let (far, near) = handshake(&cell, &connector, "localhost").await;
    let (mut far, mut near) = (far.unwrap(), near.unwrap());
    assert_eq!(near.try_peek(), Peek::Nothing);

    let waiting = tokio::spawn(async move {
        std::future::poll_fn(|cx| near.poll_read_ready(cx))
            .await
            .unwrap();
        near
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    far.write_all(b"ab").await.unwrap();
    far.flush().await.unwrap();
    let mut near = waiting.await.unwrap();
    assert_eq!(near.try_peek(), Peek::Data);
    assert_eq!(near.read_u8().await.unwrap(), b'a');
    // The rest is inside the session: the socket alone would say that nothing is there.
    assert_eq!(near.try_peek(), Peek::Data);
    std::future::poll_fn(|cx| near.poll_read_ready(cx))
        .await
        .unwrap();
    assert_eq!(near.read_u8().await.unwrap(), b'b');

    far.shutdown().await.unwrap();
    assert_eq!(near.try_peek(), Peek::Closed);
    assert_eq!(near.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_socket_closed_without_notice_reads_as_an_end() {
    let files = Files::new();
    let cell = TlsAcceptorCell::load(Some(&files.pair("leaf"))).unwrap();
    let connector = connector(ServerTlsMode::Require, None);
    let (far, near) = handshake(&cell, &connector, "localhost").await;
    drop(far.unwrap());
    assert_eq!(near.unwrap().read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_direct_handshake_begins_with_what_was_read_and_asks_for_postgresql() {
    let files = Files::new();
    let cell = TlsAcceptorCell::load(Some(&files.pair("leaf"))).unwrap();
    for (alpn, served) in [
        (vec![b"postgresql".to_vec()], true),
        (vec![], false),
        (vec![b"h2".to_vec()], false),
    ] {
        let (near, mut far) = Socket::pair().unwrap();
        let connector = connector(ServerTlsMode::Require, None);
        let mut handshake = connector
            .with_alpn(alpn)
            .handshake("localhost", LOOPBACK, near);
        let handshake = handshake.as_mut().unwrap();
        let acceptor = cell.current().unwrap();
        let accept = async {
            let mut first = vec![0; 100];
            far.read_exact(&mut first).await.unwrap();
            acceptor.accept_direct(far, &first).await
        };
        let (accepted, _) = tokio::join!(accept, handshake);
        assert_eq!(accepted.is_ok(), served);
    }
}

#[test]
fn a_reload_keeps_the_old_pair_when_the_new_one_is_broken() {
    let files = Files::new();
    let cell = TlsAcceptorCell::load(Some(&files.pair("leaf"))).unwrap();
    let before = cell.current().unwrap();
    files.write("half.crt", "-----BEGIN CERTIFICATE-----\nMIIB");
    files.write("half.key", "");
    let error = cell.reload(Some(&files.pair("half"))).unwrap_err();
    assert!(error.to_string().contains("half.crt"), "{error}");
    let mixed = CertificatePair {
        certificate: files.path("leaf.crt"),
        private_key: files.path("own.key"),
    };
    cell.reload(Some(&mixed)).unwrap_err();
    assert!(std::sync::Arc::ptr_eq(&before, &cell.current().unwrap()));

    cell.reload(Some(&files.pair("own"))).unwrap();
    assert_ne!(before.endpoint(), cell.current().unwrap().endpoint());
}

#[test]
fn verification_without_a_ca_is_refused() {
    for mode in [ServerTlsMode::VerifyCa, ServerTlsMode::VerifyFull] {
        let settings = ServerTls {
            mode,
            ca: None,
            client_pair: None,
        };
        let error = Connector::load(&settings).unwrap_err();
        assert!(error.to_string().contains("server_tls_ca_cert"));
    }
}
