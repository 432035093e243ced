//! Connections through a proxy, over real sockets.

mod support;

use std::io::ErrorKind;
use std::time::Duration;

use serde_json::json;
use support::{SOON, Server, echo, nobody, rest, says, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

async fn connect(listen: &str) -> TcpStream {
    TcpStream::connect(listen).await.expect("it listens")
}

#[tokio::test]
async fn a_half_close_lets_the_reply_through() {
    let server = Server::start().await;
    let upstream = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = upstream.local_addr().expect("an address").to_string();
    let mut client = connect(&server.proxy("pg", &address).await).await;
    client.write_all(b"question").await.expect("sent");
    client.shutdown().await.expect("half closed");

    let (mut other, _) = upstream.accept().await.expect("dialled");
    assert_eq!(rest(&mut other).await.as_deref(), Ok(&b"question"[..]));
    other.write_all(b"answer").await.expect("sent");
    drop(other);
    assert_eq!(rest(&mut client).await.as_deref(), Ok(&b"answer"[..]));
}

#[tokio::test]
async fn a_server_that_refuses_closes_the_client() {
    let server = Server::start().await;
    let listen = server.proxy("pg", &nobody().await).await;
    let mut client = connect(&listen).await;
    assert_eq!(rest(&mut client).await.as_deref(), Ok(&b""[..]));
}

/// A server that accepts nobody, and whose queue is full: who dials it waits.
async fn full() -> (socket2::Socket, u16, Vec<TcpStream>) {
    use socket2::{Domain, Socket, Type};
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    listener.bind(&any.into()).expect("a port");
    listener.listen(0).expect("it listens");
    let address = listener
        .local_addr()
        .ok()
        .and_then(|address| address.as_socket());
    let address = address.expect("an address");
    let mut queued = Vec::new();
    let wait = Duration::from_millis(200);
    while let Ok(dialled) = timeout(wait, TcpStream::connect(address)).await {
        queued.push(dialled.expect("queued"));
        assert!(queued.len() < 10, "the queue has no end");
    }
    (listener, address.port(), queued)
}

/// How many sockets of this machine have asked that port and not been answered (Linux, proc(5)).
fn dialling(port: u16) -> usize {
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("the kernel tells");
    let port = format!(":{port:04X}");
    let waits = |line: &&str| {
        let mut fields = line.split_whitespace().skip(2);
        let remote = fields.next().is_some_and(|remote| remote.ends_with(&port));
        remote && fields.next() == Some("02")
    };
    sockets.lines().filter(waits).count()
}

#[tokio::test]
async fn a_slow_dial_keeps_nobody_waiting() {
    let server = Server::start().await;
    let (_listener, port, _queued) = full().await;
    let listen = server.proxy("pg", &format!("127.0.0.1:{port}")).await;
    let _clients = [
        connect(&listen).await,
        connect(&listen).await,
        connect(&listen).await,
    ];
    until("all three are dialled for", async || dialling(port) >= 3).await;

    let began = Instant::now();
    let good = server
        .patch("/proxies/pg", json!({"upstream": echo().await}))
        .await;
    assert_eq!(good.status, 200);
    says(&mut connect(&listen).await, b"ping").await;
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_reset_is_a_real_one() {
    let server = Server::start().await;
    let listen = server.proxy("pg", &echo().await).await;
    let mut client = connect(&listen).await;
    says(&mut client, b"before").await;
    let toxic = json!({"type": "reset_peer", "attributes": {"timeout": 50}});
    assert_eq!(server.post("/proxies/pg/toxics", toxic).await.status, 200);
    assert_eq!(rest(&mut client).await, Err(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn latency_delays_what_comes_back_and_its_removal_ends_that() {
    let server = Server::start().await;
    let listen = server.proxy("pg", &echo().await).await;
    let toxic = json!({"type": "latency", "attributes": {"latency": 300}});
    assert_eq!(server.post("/proxies/pg/toxics", toxic).await.status, 200);
    let mut client = connect(&listen).await;
    let began = Instant::now();
    says(&mut client, b"slow").await;
    assert!(
        began.elapsed() >= Duration::from_millis(300),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(
        server
            .get("/proxies/pg/toxics/latency_downstream")
            .await
            .json()["hits"],
        1
    );

    let toxic = json!({"attributes": {"latency": 3_600_000}});
    assert_eq!(
        server
            .patch("/proxies/pg/toxics/latency_downstream", toxic)
            .await
            .status,
        200
    );
    client.write_all(b"late").await.expect("sent");
    let mut back = [0; 4];
    let early = timeout(Duration::from_millis(200), client.read_exact(&mut back)).await;
    early.expect_err("it is held back");
    assert_eq!(
        server
            .delete("/proxies/pg/toxics/latency_downstream")
            .await
            .status,
        204
    );
    let read = timeout(SOON, client.read_exact(&mut back)).await;
    read.expect("in time").expect("read");
    assert_eq!(&back, b"late");
}

#[tokio::test]
async fn the_largest_values_harm_nobody() {
    let server = Server::start().await;
    let listen = server.proxy("pg", &echo().await).await;
    let most = i64::MAX;
    for (kind, attributes) in [
        ("latency", json!({"latency": most, "jitter": most})),
        ("bandwidth", json!({"rate": most})),
        ("slow_close", json!({"delay": most})),
        ("timeout", json!({"timeout": most})),
        ("reset_peer", json!({"timeout": most})),
        (
            "slicer",
            json!({"average_size": most, "size_variation": most, "delay": most}),
        ),
        ("limit_data", json!({"bytes": most})),
    ] {
        let toxic = json!({"name": "t", "type": kind, "attributes": attributes});
        assert_eq!(
            server.post("/proxies/pg/toxics", toxic).await.status,
            200,
            "{kind}"
        );
        let mut client = connect(&listen).await;
        client.write_all(&b"x".repeat(70_000)).await.expect("sent");
        let mut back = [0; 1];
        // Some of them hold everything back: what counts is what comes after.
        let _ = timeout(Duration::from_millis(50), client.read(&mut back)).await;
        assert_eq!(
            server.delete("/proxies/pg/toxics/t").await.status,
            204,
            "{kind}"
        );
        drop(client);
        says(&mut connect(&listen).await, b"still there").await;
    }
}

#[tokio::test]
async fn deleting_never_waits_for_a_toxic() {
    let server = Server::start().await;
    for kind in ["timeout", "slow_close", "latency", "bandwidth"] {
        let listen = server.proxy("pg", &echo().await).await;
        let attributes = json!({"latency": 3_600_000, "delay": 3_600_000});
        let toxic = json!({"type": kind, "attributes": attributes});
        assert_eq!(server.post("/proxies/pg/toxics", toxic).await.status, 200);
        let mut client = connect(&listen).await;
        client.write_all(b"lost").await.expect("sent");
        let began = Instant::now();
        assert_eq!(server.delete("/proxies/pg").await.status, 204);
        assert!(
            began.elapsed() < Duration::from_secs(1),
            "{kind}: {:?}",
            began.elapsed()
        );
        // With bytes unread on the way the kernel resets; without, it closes.
        assert_eq!(rest(&mut client).await.unwrap_or_default(), b"");
    }
}

#[tokio::test]
async fn a_seed_throws_the_same_again() {
    let affected = async || {
        let server = Server::start().await;
        let listen = server.proxy("pg", &echo().await).await;
        let toxic = json!({"type": "limit_data", "toxicity": 0.5});
        assert_eq!(server.post("/proxies/pg/toxics", toxic).await.status, 200);
        let mut affected = Vec::new();
        for _ in 0..32 {
            let mut client = connect(&listen).await;
            client.write_all(b"x").await.expect("sent");
            client.shutdown().await.expect("half closed");
            affected.push(rest(&mut client).await.unwrap_or_default().is_empty());
        }
        affected
    };
    let first = affected().await;
    assert!(first.contains(&true) && first.contains(&false), "{first:?}");
    assert_eq!(first, affected().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_connections_speak_at_once() {
    rlimit::increase_nofile_limit(8192).expect("descriptors");
    let server = Server::start().await;
    let listen = server.proxy("pg", &echo().await).await;
    for toxic in [
        json!({"type": "latency", "attributes": {"latency": 20, "jitter": 10}}),
        json!({"type": "slicer", "attributes": {"average_size": 100, "size_variation": 50}}),
        json!({"type": "bandwidth", "stream": "upstream", "attributes": {"rate": 1000}}),
    ] {
        assert_eq!(server.post("/proxies/pg/toxics", toxic).await.status, 200);
    }
    let mut clients = JoinSet::new();
    for number in 0..1000_u32 {
        let listen = listen.clone();
        clients.spawn(async move {
            let mut client = connect(&listen).await;
            for round in 0..5_u32 {
                let word = format!("{number}-{round};").repeat(50);
                let both = timeout(Duration::from_secs(60), says(&mut client, word.as_bytes()));
                both.await.expect("in time");
            }
            client
        });
    }
    let mut open = Vec::new();
    while let Some(client) = clients.join_next().await {
        open.push(client.expect("it spoke"));
    }
    assert_eq!(open.len(), 1000);
    let began = Instant::now();
    assert_eq!(
        server
            .patch("/proxies/pg", json!({"enabled": false}))
            .await
            .status,
        200
    );
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    for client in &mut open {
        assert_eq!(rest(client).await.unwrap_or_default(), b"");
    }
}
