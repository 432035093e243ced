//! Servers that break the protocol at every point of a login: each ends in one clear error, in
//! time, with nothing left behind.
#![allow(clippy::unwrap_used)] // A test fails where something is not as it must be.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pgturnstile::auth::scram::secret::ScramKeys;
use pgturnstile::config::settings::{
    CleartextRule, RequireAuth, Secret, ServerAddress, ServerTls, ServerTlsMode, SocketOptions,
};
use pgturnstile::net::buffer::BufferPool;
use pgturnstile::net::tls::connect::Connector;
use pgturnstile::server::connect::{ConnectError, Credential, Target, connect};
use pgturnstile::server::undertaker::Undertaker;
use pgturnstile::wire::{CancelKey, TxStatus, encode};
use pgturnstile::world::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SECOND: Duration = Duration::from_secs(1);

/// How a login at a server with this script ended: the SQLSTATE, and all that the log would see.
struct Ending {
    sqlstate: String,
    text: String,
    connects: usize,
    elapsed: Duration,
}

/// Runs a login against a server that does as `script` says with each connection.
async fn log_in<F, S>(mode: ServerTlsMode, credential: Credential, script: F) -> Ending
where
    F: Fn(TcpStream) -> S + Send + Sync + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connects = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&connects);
    let server = tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            tokio::spawn(script(socket));
        }
    });
    let world = World::new();
    let undertaker = Undertaker::new(world.clone(), SECOND / 2);
    let (permit, freed) = tokio::sync::oneshot::channel::<()>();
    let begun = Instant::now();
    let outcome = connect(&world, &target(port, mode, credential), &undertaker, permit).await;
    let elapsed = begun.elapsed();
    let (sqlstate, text) = match &outcome {
        Ok((opened, _)) => ("00000".to_owned(), format!("{:?}", opened.parameters)),
        Err(error) => (
            error.error().sqlstate.to_string(),
            error.error().to_string(),
        ),
    };
    if matches!(outcome, Err(ConnectError::KeysStale(_))) {
        assert_eq!(sqlstate, "57P01");
    }
    drop(outcome);
    let over = tokio::time::timeout(2 * SECOND, freed).await;
    assert!(over.expect("the permit comes back").is_err());
    undertaker.finished().await;
    assert_eq!(world.tasks(), 0, "{text}");
    server.abort();
    Ending {
        sqlstate,
        text,
        connects: connects.load(std::sync::atomic::Ordering::SeqCst),
        elapsed,
    }
}

fn target(port: u16, mode: ServerTlsMode, credential: Credential) -> Target {
    let tls = ServerTls {
        mode,
        ca: None,
        client_pair: None,
    };
    Target {
        address: ServerAddress::Tcp {
            host: "127.0.0.1".to_owned(),
            port,
        },
        database: "db".to_owned(),
        user: "sam".to_owned(),
        credential,
        tls: Arc::new(Connector::load(&tls).unwrap()),
        require_auth: RequireAuth {
            none: true,
            password: CleartextRule::Protected,
            md5: true,
            scram_sha_256: true,
        },
        startup_parameters: Vec::new(),
        application_name: "pgturnstile".to_owned(),
        sockets: SocketOptions {
            buffer_size: None,
            keepalive_idle: 5 * SECOND,
            keepalive_interval: 5 * SECOND,
            keepalive_count: 5,
            user_timeout: None,
            no_delay: true,
        },
        connect_timeout: SECOND,
        buffers: BufferPool::new(1 << 20),
    }
}

/// Reads an untagged packet.
async fn packet(socket: &mut TcpStream) -> Vec<u8> {
    let length = socket.read_u32().await.unwrap_or(4) as usize;
    let mut body = vec![0; length - 4];
    let _ = socket.read_exact(&mut body).await;
    body
}

/// Sends what a script has, whether or not somebody still listens, and keeps the socket to the end.
async fn say(mut socket: TcpStream, bytes: Vec<u8>) {
    let _ = socket.write_all(&bytes).await;
    let _ = socket.read_to_end(&mut Vec::new()).await;
}

fn message(build: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    build(&mut bytes);
    bytes
}

fn raw(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag][..], &length.to_be_bytes(), body].concat()
}

fn ok() -> Vec<u8> {
    message(encode::authentication_ok)
}

fn ready(status: TxStatus) -> Vec<u8> {
    message(|out| encode::ready_for_query(out, status))
}

fn keys() -> Credential {
    let keys = ScramKeys::from_password(b"sam_pw", b"0123456789abcdef", 4096);
    Credential::Scram(Arc::new(keys.unwrap()))
}

#[tokio::test]
async fn an_answer_to_sslrequest_that_is_none_ends_the_attempt() {
    use ServerTlsMode::{Prefer, Require};
    let error = raw(b'E', b"SFATAL\0C53300\0Mtoo many\0\0");
    for (mode, answer, reason) in [
        (Require, b"N".to_vec(), "does not take TLS"),
        (Require, error.clone(), "with an error"),
        (Prefer, error, "with an error"),
        (Prefer, b"?".to_vec(), "makes no sense"),
        (
            Prefer,
            b"HTTP/1.1 400 Bad Request".to_vec(),
            "makes no sense",
        ),
        (Prefer, b"SR".to_vec(), "unprotected data"),
        (Prefer, b"NR".to_vec(), "unprotected data"),
        (
            Prefer,
            b"S\x15\x03\x01\x00\x02\x02\x28".to_vec(),
            "unprotected data",
        ),
    ] {
        let script = move |mut socket: TcpStream| {
            let answer = answer.clone();
            async move {
                assert_eq!(packet(&mut socket).await, 80_877_103_u32.to_be_bytes());
                say(socket, answer).await;
            }
        };
        let ending = log_in(mode, Credential::None, script).await;
        assert_eq!(ending.sqlstate, "08006", "{}", ending.text);
        assert!(ending.text.contains(reason), "{}", ending.text);
        assert_eq!(
            ending.connects, 1,
            "there is no second attempt in plain text"
        );
    }
}

#[tokio::test]
async fn a_close_at_any_point_is_one_error_at_once() {
    use ServerTlsMode::{Disable, Prefer};
    for (mode, answers) in [
        (Prefer, vec![]),
        (Prefer, vec![b"S".to_vec()]),
        (Prefer, vec![b"N".to_vec()]),
        (Disable, vec![]),
        (Disable, vec![raw(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0")]),
        (Disable, vec![ok()]),
        (Disable, vec![[ok(), raw(b'S', b"a\0b\0")].concat()]),
        (
            Disable,
            vec![[ok(), b"S\0\0\0\x20server_v".to_vec()].concat()],
        ),
        (Disable, vec![b"R\0".to_vec()]),
    ] {
        let case = format!("{mode:?} {answers:?}");
        let script = move |mut socket: TcpStream| {
            let answers = answers.clone();
            async move {
                packet(&mut socket).await;
                for answer in answers {
                    let _ = socket.write_all(&answer).await;
                    // What is said to it, if anything is.
                    let mut heard = [0; 4096];
                    let _ = tokio::time::timeout(SECOND / 20, socket.read(&mut heard)).await;
                }
            }
        };
        let ending = log_in(mode, keys_or_none(&case), script).await;
        assert_eq!(ending.sqlstate, "08006", "{case}: {}", ending.text);
        assert!(ending.elapsed < SECOND / 2, "{case}: {:?}", ending.elapsed);
        assert_eq!(ending.connects, 1, "{case}");
    }
}

fn keys_or_none(case: &str) -> Credential {
    if case.contains("10, 83") {
        keys()
    } else {
        Credential::None
    }
}

#[tokio::test]
async fn silence_at_any_point_is_ended_by_connect_timeout() {
    use ServerTlsMode::{Disable, Prefer};
    for (mode, answers, doing) in [
        (Prefer, vec![], "SSLRequest"),
        (Prefer, vec![b"S".to_vec()], "TLS handshake"),
        (Disable, vec![], "authenticating"),
        (Disable, vec![ok()], "ReadyForQuery"),
    ] {
        let script = move |mut socket: TcpStream| {
            let answers = answers.clone();
            async move {
                packet(&mut socket).await;
                say(socket, answers.concat()).await;
            }
        };
        let ending = log_in(mode, Credential::None, script).await;
        assert_eq!(ending.sqlstate, "08006", "{}", ending.text);
        assert!(ending.text.contains("connect_timeout"), "{}", ending.text);
        assert!(ending.text.contains(doing), "{}", ending.text);
        assert!(ending.elapsed < 2 * SECOND);
    }
}

#[tokio::test]
async fn messages_that_make_no_sense_end_the_attempt() {
    let many: Vec<u8> = (0..400)
        .flat_map(|n| raw(b'S', format!("p{n}\0v\0").as_bytes()))
        .collect();
    let notices: Vec<u8> = (0..2_000).flat_map(|_| raw(b'N', b"SNOTICE\0\0")).collect();
    for (answer, reason) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "malformed"),
        (b"R\0\0\0\x03".to_vec(), "malformed"),
        (b"R\x7f\xff\xff\xff".to_vec(), "malformed"),
        (raw(b'R', &vec![0; 30_001]), "malformed"),
        (raw(b'R', b"\0\0"), "malformed"),
        (raw(b'R', b"\0\0\0\x07"), "method 7"),
        (raw(b'T', b""), "unexpected message 'T'"),
        (raw(b'Z', b"I"), "unexpected message 'Z'"),
        (raw(b'E', b"SFATAL"), "malformed"),
        (
            raw(b'v', b"\0\x03\0\0\0\0\0\x01_pq_.x\0"),
            "protocol options",
        ),
        ([ok(), ok()].concat(), "unexpected message 'R'"),
        (
            [ok(), raw(b'D', b"\0\0")].concat(),
            "unexpected message 'D'",
        ),
        ([ok(), raw(b'S', b"a")].concat(), "malformed"),
        ([ok(), raw(b'K', &[1; 261])].concat(), "malformed"),
        ([ok(), raw(b'K', b"\0\0\0\x01")].concat(), "malformed"),
        (
            [ok(), ready(TxStatus::Failed)].concat(),
            "inside a transaction",
        ),
        ([ok(), raw(b'Z', b"?")].concat(), "malformed"),
        ([ok(), many].concat(), "too many parameters"),
        ([ok(), notices].concat(), "without end"),
    ] {
        one_message(Credential::None, answer, reason).await;
    }
}

#[tokio::test]
async fn proofs_that_are_asked_for_out_of_place_end_the_attempt() {
    let salt = b"\0\0\0\x05abcd";
    let sasl = || raw(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0");
    for (credential, answer, reason) in [
        (keys(), ok(), "did not prove itself"),
        (keys(), raw(b'R', b"\0\0\0\x03"), "server_require_auth"),
        (keys(), raw(b'R', salt), "none to give"),
        (
            keys(),
            raw(b'R', b"\0\0\0\x0aOAUTHBEARER\0\0"),
            "no SASL mechanism",
        ),
        (
            keys(),
            raw(b'R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0\0"),
            "no SASL mechanism",
        ),
        (keys(), raw(b'R', b"\0\0\0\x0bnonsense"), "out of order"),
        (
            keys(),
            [sasl(), ok()].concat(),
            "cut the SCRAM exchange short",
        ),
        (
            keys(),
            [sasl(), raw(b'R', b"\0\0\0\x0br=x,s=eA==,i=1")].concat(),
            "the SCRAM exchange with the server failed",
        ),
        (
            Credential::Password(Secret::new("sam_pw")),
            [raw(b'R', salt), raw(b'R', salt)].concat(),
            "out of order",
        ),
    ] {
        one_message(credential, answer, reason).await;
    }
}

/// A login that is answered with these bytes, whatever it says.
async fn one_message(credential: Credential, answer: Vec<u8>, reason: &str) {
    let shown = format!("{:?}", &answer[..answer.len().min(60)]);
    let script = move |mut socket: TcpStream| {
        let answer = answer.clone();
        async move {
            packet(&mut socket).await;
            say(socket, answer).await;
        }
    };
    let ending = log_in(ServerTlsMode::Disable, credential, script).await;
    let expected = if reason == "none to give" {
        "28000"
    } else {
        "08006"
    };
    assert_eq!(ending.sqlstate, expected, "{shown}: {}", ending.text);
    assert!(ending.text.contains(reason), "{shown}: {}", ending.text);
    assert!(ending.elapsed < SECOND, "{shown}");
}

#[tokio::test]
async fn a_server_that_sends_byte_by_byte_is_understood() {
    let key = CancelKey::new(7, &[9; 256]);
    let answer = [
        raw(b'N', b"SNOTICE\0C00000\0Mhello\0\0"),
        raw(b'v', b"\0\x03\0\0\0\0\0\0"),
        ok(),
        raw(b'S', b"server_version\x0015\0"),
        message(|out| encode::backend_key_data(out, &key)),
        ready(TxStatus::Idle),
    ]
    .concat();
    let script = move |mut socket: TcpStream| {
        let answer = answer.clone();
        async move {
            socket.set_nodelay(true).unwrap();
            packet(&mut socket).await;
            for byte in answer {
                let _ = socket.write_all(&[byte]).await;
                tokio::task::yield_now().await;
            }
            let _ = socket.read_to_end(&mut Vec::new()).await;
        }
    };
    let ending = log_in(ServerTlsMode::Disable, Credential::None, script).await;
    assert_eq!(ending.sqlstate, "00000", "{}", ending.text);
    assert!(ending.text.contains("server_version"));
}

#[tokio::test]
async fn refusals_are_not_asked_for_twice_unless_the_channel_may_be_the_reason() {
    for (mode, code, connects) in [
        (ServerTlsMode::Allow, "28000", 2),
        (ServerTlsMode::Allow, "08P01", 2),
        (ServerTlsMode::Allow, "28P01", 1),
        (ServerTlsMode::Allow, "53300", 1),
        (ServerTlsMode::Allow, "57P03", 1),
        (ServerTlsMode::Allow, "3D000", 1),
        (ServerTlsMode::Disable, "28000", 1),
        (ServerTlsMode::Prefer, "28000", 1),
    ] {
        let script = move |mut socket: TcpStream| async move {
            let mut hello = packet(&mut socket).await;
            if hello == 80_877_103_u32.to_be_bytes() {
                let _ = socket.write_all(b"N").await;
                hello = packet(&mut socket).await;
            }
            if hello.is_empty() {
                return;
            }
            let body = format!("SFATAL\0VFATAL\0C{code}\0Mno\0\0");
            let _ = socket.write_all(&raw(b'E', body.as_bytes())).await;
        };
        let ending = log_in(mode, Credential::None, script).await;
        assert_eq!(ending.sqlstate, code, "{mode:?} {}", ending.text);
        assert_eq!(ending.connects, connects, "{mode:?} {code}");
    }
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_are_told_apart() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let world = World::new();
    let undertaker = Undertaker::new(world.clone(), SECOND);
    let mut target = target(port, ServerTlsMode::Prefer, Credential::None);
    let refused = connect(&world, &target, &undertaker, ()).await.unwrap_err();
    let text = refused.error().to_string();
    assert!(text.contains("connection refused"), "{text}");
    assert!(
        text.contains(&port.to_string()),
        "the log sees where: {text}"
    );
    assert!(
        !refused.error().message.contains("127.0.0.1"),
        "the client does not: {text}"
    );
    target.address = ServerAddress::Tcp {
        host: "no-such-host.invalid".to_owned(),
        port,
    };
    target.connect_timeout = 5 * SECOND;
    let unknown = connect(&world, &target, &undertaker, ()).await.unwrap_err();
    assert_eq!(unknown.error().sqlstate.as_str(), "08006");
    assert_eq!(undertaker.undertaking(), 0);
}

#[tokio::test]
async fn parameters_that_break_the_startup_packet_are_never_sent() {
    for (value, code) in [
        ("a\0user\0postgres".to_owned(), "22023"),
        ("x".repeat(10_000), "54000"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut target = target(port, ServerTlsMode::Disable, Credential::None);
        target.startup_parameters = vec![("search_path".to_owned(), value)];
        let world = World::new();
        let undertaker = Undertaker::new(world.clone(), SECOND);
        let error = connect(&world, &target, &undertaker, ()).await.unwrap_err();
        assert_eq!(error.error().sqlstate.as_str(), code);
        let (mut socket, _) = listener.accept().await.unwrap();
        assert_eq!(
            socket.read(&mut [0; 16]).await.unwrap(),
            0,
            "not a byte has left"
        );
    }
}

#[tokio::test]
async fn a_server_that_never_closes_is_left_after_discard_timeout() {
    let script = |mut socket: TcpStream| async move {
        packet(&mut socket).await;
        let _ = socket
            .write_all(&[ok(), ready(TxStatus::Idle)].concat())
            .await;
        // Neither reads nor closes.
        std::future::pending::<()>().await;
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        script(socket).await;
    });
    let world = World::new();
    let undertaker = Undertaker::new(world.clone(), SECOND / 2);
    let target = target(port, ServerTlsMode::Disable, Credential::None);
    let (opened, ()) = connect(&world, &target, &undertaker, ()).await.unwrap();
    let (permit, freed) = tokio::sync::oneshot::channel::<()>();
    let begun = Instant::now();
    undertaker.bury(pgturnstile::server::undertaker::Corpse {
        pg: opened.pg,
        key: None,
        owes_replies: true,
        whole: true,
        held: Box::new(permit),
    });
    assert!(freed.await.is_err());
    assert!(
        begun.elapsed() >= SECOND / 2 && begun.elapsed() < SECOND,
        "{:?}",
        begun.elapsed()
    );
}
