//! Proxies that dial themselves, and more clients than there is room for.

mod support;

use pgtoxiproxy::api::Metrics;
use pgtoxiproxy::proxy::{Proxies, Room};
use serde_json::json;
use support::{Server, echo, nobody, rest, says, until};
use tokio::net::TcpStream;

async fn proxy(server: &Server, name: &str, listen: &str, upstream: &str) {
    let body = json!({"name": name, "listen": listen, "upstream": upstream});
    let answer = server.post("/proxies", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[tokio::test]
async fn a_proxy_that_would_dial_itself_closes_its_client() {
    let server = Server::start().await;
    for (at, host) in [("127.0.0.1", "localhost"), ("", "127.0.0.1")] {
        let place = nobody().await;
        let port = place.rsplit(':').next().expect("a port");
        let (listen, upstream) = (format!("{at}:{port}"), format!("{host}:{port}"));
        proxy(&server, "mirror", &listen, &upstream).await;
        let mut client = TcpStream::connect(&place).await.expect("accepted");
        assert_eq!(rest(&mut client).await, Ok(vec![]), "{listen}, {upstream}");
        assert_eq!(server.delete("/proxies/mirror").await.status, 204);
    }
}

#[tokio::test]
async fn proxies_that_dial_each_other_end_where_the_room_does() {
    let room = Room::of(20);
    let server = Server::of(Proxies::with_room(7, room), Metrics::default()).await;
    let shop = server.proxy("shop", &echo().await).await;
    let mut early = TcpStream::connect(&shop).await.expect("accepted");
    says(&mut early, b"before").await;

    let (left, right) = (nobody().await, nobody().await);
    proxy(&server, "left", &left, &right).await;
    proxy(&server, "right", &right, &left).await;
    let mut lost = TcpStream::connect(&left).await.expect("accepted");
    assert_eq!(rest(&mut lost).await, Ok(vec![]));
    let mut late = TcpStream::connect(&shop).await.expect("accepted");
    assert_eq!(rest(&mut late).await, Ok(vec![]), "no room was left");
    says(&mut early, b"still here").await;

    drop(lost);
    until("there is room again", || async {
        let mut next = TcpStream::connect(&shop).await.expect("accepted");
        is_answered(&mut next).await
    })
    .await;
}

/// Whether it is answered, and not closed.
async fn is_answered(client: &mut TcpStream) -> bool {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut back = [0; 4];
    let asked = client.write_all(b"word").await;
    asked.is_ok() && client.read_exact(&mut back).await.is_ok()
}
