//! `/proxies`: created, shown, changed and deleted.

mod support;

use serde_json::{Value, json};
use support::{Server, echo, says};
use tokio::net::TcpStream;

fn error(status: u16, text: &str) -> (u16, Value) {
    (status, json!({"error": text, "status": status}))
}

#[tokio::test]
async fn a_proxy_is_created_shown_and_deleted() {
    let server = Server::start().await;
    assert_eq!(server.get("/proxies").await.both(), (200, json!({})));
    let body = json!({"name": "pg", "listen": "localhost:0", "upstream": "localhost:1"});
    let created = server.post("/proxies", &body).await;
    let listen = created.json()["listen"]
        .as_str()
        .expect("listen")
        .to_owned();
    assert!(
        listen.starts_with("127.0.0.1:") && listen != "127.0.0.1:0",
        "{listen}"
    );
    let shown = json!({"name": "pg", "listen": listen, "upstream": "localhost:1",
        "enabled": true, "toxics": []});
    assert_eq!(created.both(), (201, shown.clone()));
    assert_eq!(created.header("content-type"), Some("application/json"));
    assert_eq!(server.get("/proxies/pg").await.both(), (200, shown.clone()));
    assert_eq!(
        server.get("/proxies").await.both(),
        (200, json!({"pg": shown}))
    );
    TcpStream::connect(&listen).await.expect("it listens");

    let deleted = server.delete("/proxies/pg").await;
    assert_eq!((deleted.status, deleted.body.as_str()), (204, ""));
    TcpStream::connect(&listen)
        .await
        .expect_err("it listens no more");
    assert_eq!(server.get("/proxies").await.both(), (200, json!({})));
    assert_eq!(
        server.get("/proxies/pg").await.both(),
        error(404, "proxy not found")
    );
    assert_eq!(
        server.delete("/proxies/pg").await.both(),
        error(404, "proxy not found")
    );
}

#[tokio::test]
async fn without_an_address_it_listens_on_any_port_of_every_interface() {
    let server = Server::start().await;
    let upstream = echo().await;
    for (name, listen) in [
        ("absent", json!(null)),
        ("empty", json!("")),
        ("any", json!(":0")),
    ] {
        let body = json!({"name": name, "listen": listen, "upstream": upstream});
        let created = server.post("/proxies", body).await.json();
        let listen = created["listen"].as_str().expect("listen");
        let (_, port) = listen.rsplit_once(':').expect("a port");
        assert_ne!(port, "0", "{listen}");
        let client = TcpStream::connect(format!("127.0.0.1:{port}")).await;
        says(&mut client.expect("it listens"), b"ping").await;
    }
}

#[tokio::test]
async fn a_disabled_proxy_keeps_what_it_was_told_and_is_enabled_later() {
    let server = Server::start().await;
    let upstream = echo().await;
    let body =
        json!({"name": "pg", "listen": "localhost:0", "upstream": upstream, "enabled": false});
    let created = server.post("/proxies", body).await.json();
    assert_eq!(
        (&created["enabled"], &created["listen"]),
        (&json!(false), &json!("localhost:0"))
    );

    let enabled = server.patch("/proxies/pg", json!({"enabled": true})).await;
    let listen = enabled.json()["listen"]
        .as_str()
        .expect("listen")
        .to_owned();
    assert_eq!(
        (enabled.status, &enabled.json()["enabled"]),
        (200, &json!(true))
    );
    let mut client = TcpStream::connect(&listen).await.expect("it listens");
    says(&mut client, b"ping").await;

    let disabled = server.post("/proxies/pg", json!({"enabled": false})).await;
    assert_eq!(
        (disabled.status, &disabled.json()["listen"]),
        (200, &json!(listen))
    );
    TcpStream::connect(&listen)
        .await
        .expect_err("it listens no more");
    assert_eq!(support::rest(&mut client).await.unwrap_or_default(), b"");

    let enabled = server.post("/proxies/pg", json!({"enabled": true})).await;
    assert_eq!(enabled.json()["listen"], json!(listen));
    says(
        &mut TcpStream::connect(&listen).await.expect("it listens"),
        b"pong",
    )
    .await;
}

#[tokio::test]
async fn an_update_takes_what_it_names_and_restarts_where_it_must() {
    let server = Server::start().await;
    let (first, second) = (echo().await, echo().await);
    let listen = server.proxy("pg", &first).await;
    let toxic = json!({"type": "latency"});
    assert_eq!(server.post("/proxies/pg/toxics", toxic).await.status, 200);

    let mut client = TcpStream::connect(&listen).await.expect("it listens");
    says(&mut client, b"one").await;
    for same in [
        json!({}),
        json!(null),
        json!({"name": "ignored", "upstream": first}),
        json!({"listen": listen.replace("127.0.0.1", "localhost"), "toxics": []}),
    ] {
        let answer = server.patch("/proxies/pg", &same).await;
        assert_eq!(answer.json()["name"], "pg", "{same}");
        assert_eq!(answer.json()["listen"], json!(listen), "{same}");
        says(&mut client, b"still there").await;
    }
    let changed = server
        .patch("/proxies/pg", json!({"upstream": second}))
        .await
        .json();
    assert_eq!(
        (&changed["upstream"], &changed["listen"]),
        (&json!(second), &json!(listen))
    );
    assert_eq!(changed["toxics"].as_array().map(Vec::len), Some(1));
    assert_eq!(support::rest(&mut client).await.unwrap_or_default(), b"");

    let moved = server
        .patch("/proxies/pg", json!({"listen": "127.0.0.1:0"}))
        .await
        .json();
    let new = moved["listen"].as_str().expect("listen");
    assert_ne!(new, listen);
    says(
        &mut TcpStream::connect(new).await.expect("it listens"),
        b"two",
    )
    .await;
    TcpStream::connect(&listen).await.expect_err("it has moved");
}

#[tokio::test]
async fn an_update_that_cannot_be_is_told() {
    let server = Server::start().await;
    let listen = server.proxy("pg", "localhost:1").await;
    let taken = server.proxy("other", "localhost:1").await;
    for body in [json!({"enabled": "no"}), json!([]), json!({"upstream": ""})] {
        assert_eq!(
            server.patch("/proxies/pg", &body).await.status,
            400,
            "{body}"
        );
    }
    let answer = server
        .patch("/proxies/pg", json!({"listen": "nonsense"}))
        .await;
    assert_eq!(answer.status, 500);
    TcpStream::connect(&listen)
        .await
        .expect("nothing has changed");
    let answer = server.patch("/proxies/pg", json!({"listen": taken})).await;
    let text = format!("listen tcp {taken}: bind: address already in use");
    assert_eq!(answer.both(), error(500, &text));
    assert_eq!(
        server.get("/proxies/pg").await.json()["enabled"],
        json!(false)
    );
    let answer = server.patch("/proxies/none", json!({})).await;
    assert_eq!(answer.both(), error(404, "proxy not found"));
}

#[tokio::test]
async fn names_can_have_any_characters() {
    let server = Server::start().await;
    for (name, encoded) in [
        ("a b", "a%20b"),
        ("ä/ß", "%C3%A4%2F%C3%9F"),
        ("{proxy}?x=1#", "%7Bproxy%7D%3Fx%3D1%23"),
        ("..", "%2E%2E"),
    ] {
        server.proxy(name, "localhost:1").await;
        let path = format!("/proxies/{encoded}");
        assert_eq!(server.get(&path).await.json()["name"], name);
        let toxic = json!({"type": "noop", "name": name});
        assert_eq!(
            server.post(&format!("{path}/toxics"), toxic).await.status,
            200
        );
        let path_of_toxic = format!("{path}/toxics/{encoded}");
        assert_eq!(server.get(&path_of_toxic).await.json()["name"], name);
        assert_eq!(server.delete(&path_of_toxic).await.status, 204);
        assert_eq!(server.delete(&path).await.status, 204);
    }
    let answer = server.get("/proxies/%FF").await;
    assert_eq!(answer.status, 400, "{answer:?}");
}
