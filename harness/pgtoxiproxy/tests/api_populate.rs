//! `/populate` and `/reset`, and the most that there can be.

mod support;

use serde_json::{Value, json};
use support::Server;
use tokio::net::TcpStream;

fn error(status: u16, text: &str) -> (u16, Value) {
    (status, json!({"error": text, "status": status}))
}

#[tokio::test]
async fn populate_creates_replaces_and_leaves_alone() {
    let server = Server::start().await;
    let one = server.proxy("one", "localhost:1").await;
    let two = server.proxy("two", "localhost:1").await;
    for name in ["one", "two"] {
        let path = format!("/proxies/{name}/toxics");
        assert_eq!(
            server.post(&path, json!({"type": "latency"})).await.status,
            200
        );
    }
    let body = json!([
        {"name": "one", "listen": one.replace("127.0.0.1", "localhost"), "upstream": "localhost:1"},
        {"name": "two", "listen": two, "upstream": "localhost:2"},
        {"name": "three", "listen": "localhost:9", "upstream": "localhost:3", "enabled": false},
    ]);
    let answer = server.post("/populate", body).await;
    assert_eq!(answer.status, 201);
    let proxies = &answer.json()["proxies"];
    let shown = |place: usize, field: &str| proxies[place][field].clone();
    assert_eq!(
        [0, 1, 2].map(|place| shown(place, "name")),
        ["one", "two", "three"]
    );
    assert_eq!(
        [0, 1, 2].map(|place| shown(place, "listen")),
        [one, two, "localhost:9".to_owned()]
    );
    assert_eq!(
        [0, 1, 2].map(|place| shown(place, "enabled")),
        [true, true, false]
    );
    let toxics = |place| shown(place, "toxics").as_array().map(Vec::len);
    assert_eq!([0, 1, 2].map(toxics), [Some(1), Some(0), Some(0)]);
    assert_eq!(
        server.post("/populate", json!([])).await.both(),
        (201, json!({"proxies": []}))
    );
}

#[tokio::test]
async fn populate_tells_what_is_wrong_and_what_is_there() {
    let server = Server::start().await;
    let failed = |status: u16, text: &str| {
        (
            status,
            json!({"error": text, "status": status, "proxies": []}),
        )
    };
    let good = json!({"name": "one", "listen": "127.0.0.1:0", "upstream": "localhost:1"});
    for (second, text) in [
        (
            json!({"name": ""}),
            "missing required field: name at proxy 2",
        ),
        (
            json!({"name": "two"}),
            "missing required field: upstream at proxy 2",
        ),
    ] {
        let answer = server.post("/populate", json!([good, second])).await;
        assert_eq!(answer.both(), failed(400, text));
    }
    let text = "bad request body: it must be an array of objects";
    for body in [json!({}), json!([1]), json!("a")] {
        assert_eq!(
            server.post("/populate", body).await.both(),
            failed(400, text)
        );
    }
    assert_eq!(server.post("/populate", "[").await.status, 400);
    assert_eq!(server.get("/proxies").await.json(), json!({}));

    let bad = json!({"name": "two", "listen": "local373", "upstream": "localhost:1"});
    let third = json!({"name": "three", "listen": "127.0.0.1:0", "upstream": "localhost:1"});
    let answer = server.post("/populate", json!([good, bad, third])).await;
    assert_eq!(
        (answer.status, answer.json()["status"].clone()),
        (500, json!(500))
    );
    assert_eq!(answer.json()["proxies"][0]["name"], "one");
    let all = server.get("/proxies").await.json();
    let names: Vec<_> = all.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["one"]);
}

#[tokio::test]
async fn reset_enables_all_and_removes_every_toxic() {
    let server = Server::start().await;
    let listen = server.proxy("pg", "localhost:1").await;
    for stream in ["upstream", "downstream"] {
        let toxic = json!({"type": "latency", "stream": stream, "attributes": {"latency": 5}});
        assert_eq!(server.post("/proxies/pg/toxics", toxic).await.status, 200);
    }
    server.patch("/proxies/pg", json!({"enabled": false})).await;
    TcpStream::connect(&listen)
        .await
        .expect_err("it is disabled");
    let answer = server.post("/reset", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(
        server.get("/proxies/pg/toxics").await.both(),
        (200, json!([]))
    );
    assert_eq!(
        server.get("/proxies/pg").await.json()["enabled"],
        json!(true)
    );
    TcpStream::connect(&listen).await.expect("it is enabled");
    assert_eq!(server.post("/reset", "").await.status, 204);
}

#[tokio::test]
async fn there_is_an_end_to_toxics_and_proxies() {
    let server = Server::start().await;
    server.proxy("pg", "localhost:1").await;
    for number in 0..256 {
        let toxic = json!({"type": "noop", "name": number.to_string()});
        assert_eq!(server.post("/proxies/pg/toxics", toxic).await.status, 200);
    }
    let answer = server
        .post("/proxies/pg/toxics", json!({"type": "noop"}))
        .await;
    let text = "this proxy has 256 toxics already, and can't have more";
    assert_eq!(answer.both(), error(400, text));

    let many = |numbers: std::ops::Range<u32>| -> Value {
        let proxy =
            |number: u32| json!({"name": number.to_string(), "upstream": "a:1", "enabled": false});
        numbers.map(proxy).collect()
    };
    assert_eq!(server.post("/populate", many(0..1023)).await.status, 201);
    let answer = server.post("/populate", many(1023..1024)).await;
    let text = "there are 1024 proxies already, and there can't be more";
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &json!(text))
    );
    assert_eq!(server.post("/populate", many(0..1)).await.status, 201);
}
