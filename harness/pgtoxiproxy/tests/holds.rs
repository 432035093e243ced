//! Holds, events and hits over the API. What is sent is PostgreSQL's; the server only echoes it.

mod support;

use serde_json::{Value, json};
use support::{SOON, Server, echo, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A StartupMessage of protocol 3.0 for a user and their database.
fn startup(user: &str) -> Vec<u8> {
    let fields = format!("user\0{user}\0database\0shop\0\0");
    let length = u32::try_from(8 + fields.len()).expect("short");
    [&length.to_be_bytes()[..], &[0, 3, 0, 0], fields.as_bytes()].concat()
}

async fn client(listen: &str, user: &str) -> TcpStream {
    let mut client = TcpStream::connect(listen).await.expect("it listens");
    client.write_all(&startup(user)).await.expect("sent");
    client
}

async fn waiting(server: &Server) -> Vec<Value> {
    let holds = server.get("/proxies/pg/holds").await.json();
    holds.as_array().expect("an array").clone()
}

async fn held(server: &Server, count: usize) {
    until("they wait", async || waiting(server).await.len() == count).await;
}

async fn arrives(client: &mut TcpStream) {
    let mut byte = [0];
    let read = timeout(SOON, client.read_exact(&mut byte)).await;
    read.expect("in time").expect("read");
}

#[tokio::test]
async fn who_waits_is_shown_and_goes_on_in_order() {
    let server = Server::start().await;
    let listen = server.proxy("pg", &echo().await).await;
    let toxic = json!({"type": "pg_hold", "name": "first",
        "attributes": {"at": "StartupMessage", "name": "the gate"}});
    let created = server.post("/proxies/pg/toxics", toxic).await;
    assert_eq!(created.json()["stream"], "upstream", "{created:?}");
    let release = "/proxies/pg/holds/the%20gate/release";
    assert_eq!(
        server.post(release, "").await.both(),
        (200, json!({"released": 0}))
    );

    let mut alice = client(&listen, "alice").await;
    held(&server, 1).await;
    let mut bob = client(&listen, "bob").await;
    held(&server, 2).await;
    let mut carol = client(&listen, "carol").await;
    held(&server, 3).await;
    let mut first = waiting(&server).await.swap_remove(0);
    assert!(
        first["seconds"]
            .as_f64()
            .is_some_and(|seconds| seconds >= 0.0)
    );
    first["seconds"] = Value::Null;
    let expected = json!({"name": "the gate", "toxic": "first", "connection": 1,
        "stream": "upstream", "message": "StartupMessage", "user": "alice", "database": "shop",
        "seconds": null});
    assert_eq!(first, expected);

    let one = server.post(release, json!({"count": 1})).await;
    assert_eq!(one.both(), (200, json!({"released": 1})));
    arrives(&mut alice).await;
    let users = waiting(&server)
        .await
        .into_iter()
        .map(|held| held["user"].clone());
    assert_eq!(users.collect::<Vec<_>>(), ["bob", "carol"]);
    assert_eq!(
        server.post(release, "").await.both(),
        (200, json!({"released": 2}))
    );
    arrives(&mut bob).await;
    arrives(&mut carol).await;
    let toxics = server.get("/proxies/pg/toxics").await.json();
    assert_eq!(toxics[0]["hits"], 3);
}

#[tokio::test]
async fn a_release_that_makes_no_sense_is_told() {
    let server = Server::start().await;
    server.proxy("pg", "localhost:1").await;
    for body in [
        "{",
        "[]",
        "{\"count\": -1}",
        "{\"count\": \"all\"}",
        "{\"count\": 0.5}",
    ] {
        let answer = server.post("/proxies/pg/holds/gate/release", body).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    let answer = server.post("/proxies/none/holds/gate/release", "").await;
    assert_eq!(answer.json()["error"], "proxy not found");
    assert_eq!(server.get("/proxies/none/holds").await.status, 404);
}

#[tokio::test]
async fn events_tell_what_happened_one_a_line() {
    let server = Server::start().await;
    let listen = server.proxy("pg", &echo().await).await;
    let toxic = json!({"type": "pg_delay", "name": "late",
        "attributes": {"at": "StartupMessage", "delay": 1}});
    assert_eq!(server.post("/proxies/pg/toxics", toxic).await.status, 200);
    let mut alice = client(&listen, "alice").await;
    arrives(&mut alice).await;
    let address = alice.local_addr().expect("an address").to_string();
    drop(alice);

    let events = async |path: &str| -> Vec<Value> {
        let answer = server.get(path).await;
        assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
        let lines = answer.body.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    };
    let is_closed = |events: &[Value]| events.iter().any(|event| event["event"] == "closed");
    until("it is closed", async || {
        is_closed(&events("/proxies/pg/events").await)
    })
    .await;
    let all = events("/proxies/pg/events").await;
    assert!(
        all.iter()
            .all(|event| event["time"].as_f64().is_some_and(|time| time > 1e9))
    );
    assert!(all.iter().all(|event| event["connection"] == 1));
    let numbers: Vec<_> = all.iter().map(|event| event["number"].as_u64()).collect();
    assert_eq!(
        numbers,
        (1..=all.len() as u64).map(Some).collect::<Vec<_>>()
    );
    assert_eq!(
        (&all[0]["event"], &all[0]["client"]),
        (&json!("opened"), &json!(address))
    );
    assert_eq!(all[1]["event"], "message");
    assert_eq!(all[1]["direction"], "upstream");
    assert_eq!(all[1]["message"], "StartupMessage");
    assert_eq!(all[1]["toxics"], json!(["late"]));

    assert_eq!(events("/proxies/pg/events?after=1").await, all[1..]);
    assert_eq!(
        events("/proxies/pg/events?x=y&after=1000000").await,
        Vec::<Value>::new()
    );
    assert_eq!(events("/proxies/pg/events?fired=true").await, all[1..2]);
    assert_eq!(events("/proxies/pg/events?fired=false").await, all);
    let none = events("/proxies/pg/events?after=2&fired=true").await;
    assert_eq!(none, Vec::<Value>::new());
    for wrong in ["after=soon", "fired=maybe"] {
        let answer = server.get(&format!("/proxies/pg/events?{wrong}")).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
}
