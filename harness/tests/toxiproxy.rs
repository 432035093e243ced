//! The fault proxy as the steps drive it, before a server that sends back what it gets.

use std::time::{Duration, Instant};

use harness::client::Endpoint;
use harness::toxiproxy::{Proxy, Server};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn echo() -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = socket.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    let host = "127.0.0.1".to_owned();
    Endpoint { host, port }
}

/// How long one byte takes there and back.
async fn round_trip(port: u16) -> std::io::Result<Duration> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await?;
    let start = Instant::now();
    socket.write_all(b"x").await?;
    let byte = socket.read_u8().await?;
    assert_eq!(byte, b'x');
    Ok(start.elapsed())
}

fn attributes(value: &Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

#[tokio::test]
async fn latency_is_set_read_back_and_counted() {
    let server = Server::start().await.unwrap();
    let mut proxy = Proxy::open_plain(&server, &echo().await).await.unwrap();
    proxy.add_latency(150).await.unwrap();
    let taken = round_trip(proxy.port()).await.unwrap();
    assert!(taken >= Duration::from_millis(150), "{taken:?}");
    // A genuine Toxiproxy does not count.
    let name = "latency_downstream".to_owned();
    let counted = Vec::from_iter(server.is_ours().then_some((name, 1)));
    assert_eq!(proxy.hits().await.unwrap(), counted);
    proxy.lift(None).await.unwrap();
    assert!(round_trip(proxy.port()).await.unwrap() < Duration::from_millis(150));
    // What a fault did is remembered when it is gone.
    assert_eq!(proxy.hits().await.unwrap(), counted);
    proxy.close().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn latency_that_is_not_there_afterwards_is_an_error() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::open_plain(&server, &echo().await).await.unwrap();
    proxy.add_latency(10).await.unwrap();
    // A second toxic of that name is refused, which toxiproxy_rust does not tell.
    let error = proxy.add_latency(20).await.unwrap_err().to_string();
    assert!(error.contains("read back Some(10)"), "{error}");
    proxy.close().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_the_server_refuses_is_an_error_in_its_words() {
    let server = Server::start().await.unwrap();
    if !server.is_ours() {
        return;
    }
    let proxy = Proxy::open_plain(&server, &echo().await).await.unwrap();
    let wrong = attributes(&json!({"at": "ReadyForquery"}));
    let error = proxy.add("pg_hold", wrong).await.unwrap_err().to_string();
    assert!(error.contains("did you mean ReadyForQuery?"), "{error}");
    let fault = attributes(&json!({"at": "Query"}));
    proxy.add("pg_hold", fault).await.unwrap();
    round_trip(proxy.port()).await.unwrap();
    assert_eq!(proxy.connections().await.unwrap(), 1);
    assert_eq!(
        proxy.hits().await.unwrap(),
        [("pg_hold-Query".to_owned(), 0)]
    );
    proxy.go_down().await.unwrap();
    assert!(round_trip(proxy.port()).await.is_err());
    proxy.come_up().await.unwrap();
    round_trip(proxy.port()).await.unwrap();
    proxy.close().await.unwrap();
    server.stop().await.unwrap();
}
