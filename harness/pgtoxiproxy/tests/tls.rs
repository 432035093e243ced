//! TLS through the proxy, and ended in it: real handshakes on both sides, in process.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use pgtoxiproxy::engine::tls::Identity;
use pgtoxiproxy::engine::{Connection, Faults, carry};
use pgtoxiproxy::toxic::{Kind, Protocol, Toxic};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_util::sync::CancellationToken;

const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 210, 22, 47];
const STARTUP: &[u8] = b"\0\0\0\x14\0\x03\0\0user\0alice\0\0";
const AUTH_OK: &[u8] = b"R\0\0\0\x08\0\0\0\0";

/// The server's certificate and key, and what both ends make of them.
struct Keys {
    pem: (String, String),
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

fn make_keys() -> Keys {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["db.example".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let der = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], der)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Keys {
        pem: (cert.pem(), signing_key.serialize_pem()),
        server: Arc::new(server),
        client: Arc::new(client),
    }
}

fn connect(faults: &Arc<Faults>, tls: Option<Identity>) -> (DuplexStream, DuplexStream) {
    let (client, near) = duplex(1 << 16);
    let (far, server) = duplex(1 << 16);
    let faults = Arc::clone(faults);
    tokio::spawn(async move {
        let connection = Connection {
            number: 1,
            tls,
            ..Connection::default()
        };
        carry(&faults, near, far, connection, CancellationToken::new()).await;
    });
    (client, server)
}

/// The server's part: `S`, TLS, a startup, AuthenticationOk.
async fn serve(mut side: DuplexStream, server: Arc<ServerConfig>, asks_first: bool) {
    if asks_first {
        gets(&mut side, SSL_REQUEST).await;
        side.write_all(b"S").await.unwrap();
    }
    // A proxy that refuses this server's certificate hangs up here.
    let Ok(mut tls) = TlsAcceptor::from(server).accept(side).await else {
        return;
    };
    gets(&mut tls, STARTUP).await;
    tls.write_all(AUTH_OK).await.unwrap();
    let mut rest = Vec::new();
    let _ = tls.read_to_end(&mut rest).await;
}

async fn gets(side: &mut (impl AsyncRead + Unpin), wanted: &[u8]) {
    let mut found = vec![0; wanted.len()];
    let read = timeout(Duration::from_secs(10), side.read_exact(&mut found)).await;
    read.expect("in time").unwrap();
    assert_eq!(found, wanted);
}

fn swallow_ok(faults: &Faults) -> Arc<Toxic> {
    let attributes = json!({"at": "AuthenticationOk", "user": "alice", "delay": 1});
    let (protocol, stream) =
        Protocol::parse("pg_delay", None, attributes.as_object().unwrap()).unwrap();
    let kind = Kind::Protocol(Box::new(protocol));
    faults.add(Toxic::new("t", stream, 1.0, kind)).unwrap()
}

/// The client checks name and certificate, as with verify-full.
async fn log_in(side: impl AsyncRead + AsyncWrite + Unpin, client: Arc<ClientConfig>) {
    let name = ServerName::try_from("db.example").unwrap();
    let mut tls = TlsConnector::from(client)
        .connect(name, side)
        .await
        .unwrap();
    tls.write_all(STARTUP).await.unwrap();
    gets(&mut tls, AUTH_OK).await;
    tls.shutdown().await.unwrap();
}

#[tokio::test]
async fn tls_passes_through_and_its_messages_stay_unread() {
    let keys = make_keys();
    let faults = Faults::new("p", 1);
    let toxic = swallow_ok(&faults);
    let (mut client, server) = connect(&faults, None);
    tokio::spawn(serve(server, keys.server, true));
    client.write_all(SSL_REQUEST).await.unwrap();
    gets(&mut client, b"S").await;
    log_in(client, keys.client).await;
    assert_eq!(toxic.hits(), 0);
}

#[tokio::test]
async fn ended_in_the_proxy_every_point_is_reached() {
    let keys = make_keys();
    let faults = Faults::new("p", 1);
    let toxic = swallow_ok(&faults);
    let identity = Identity::from_pem(&keys.pem.0, &keys.pem.1).unwrap();
    let (mut client, server) = connect(&faults, Some(identity));
    let serving = tokio::spawn(serve(server, keys.server, true));
    client.write_all(SSL_REQUEST).await.unwrap();
    gets(&mut client, b"S").await;
    log_in(client, keys.client).await;
    assert_eq!(toxic.hits(), 1);
    timeout(Duration::from_secs(10), serving)
        .await
        .expect("it ends")
        .unwrap();
}

#[tokio::test]
async fn a_handshake_without_a_request_is_ended_too() {
    let keys = make_keys();
    let faults = Faults::new("p", 1);
    let toxic = swallow_ok(&faults);
    let identity = Identity::from_pem(&keys.pem.0, &keys.pem.1).unwrap();
    let (client, server) = connect(&faults, Some(identity));
    tokio::spawn(serve(server, keys.server, false));
    log_in(client, keys.client).await;
    assert_eq!(toxic.hits(), 1);
}

#[tokio::test]
async fn another_server_than_the_one_it_stands_for_is_refused() {
    let (keys, other) = (make_keys(), make_keys());
    let faults = Faults::new("p", 1);
    let identity = Identity::from_pem(&keys.pem.0, &keys.pem.1).unwrap();
    let (mut client, server) = connect(&faults, Some(identity));
    tokio::spawn(serve(server, other.server, true));
    client.write_all(SSL_REQUEST).await.unwrap();
    gets(&mut client, b"S").await;
    let name = ServerName::try_from("db.example").unwrap();
    let end = async {
        let mut tls = TlsConnector::from(keys.client)
            .connect(name, client)
            .await?;
        tls.write_all(STARTUP).await?;
        tls.read_u8().await
    };
    let end = timeout(Duration::from_secs(10), end)
        .await
        .expect("it ends");
    assert!(end.is_err());
}

#[test]
fn what_is_no_certificate_or_no_key_is_told_without_showing_it() {
    let keys = make_keys();
    let wrong = Identity::from_pem("nothing", &keys.pem.1).unwrap_err();
    assert_eq!(wrong, "tls.certificate: there is no certificate in it");
    let wrong = Identity::from_pem(&keys.pem.0, "secret").unwrap_err();
    assert_eq!(
        wrong,
        "tls.private_key: there is no private key in PEM in it"
    );
    let other = make_keys();
    assert!(Identity::from_pem(&keys.pem.0, &other.pem.1).is_err());
}
