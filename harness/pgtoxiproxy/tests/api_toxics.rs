//! `/proxies/{proxy}/toxics`: created, shown, changed and deleted.

mod support;

use serde_json::{Value, json};
use support::Server;

fn error(status: u16, text: &str) -> (u16, Value) {
    (status, json!({"error": text, "status": status}))
}

#[tokio::test]
async fn a_toxic_is_created_shown_changed_and_deleted() {
    let server = Server::start().await;
    server.proxy("pg", "localhost:1").await;
    let shown = |name: &str, stream: &str, toxicity: f64, latency: u64| {
        json!({"name": name, "type": "latency", "stream": stream, "hits": 0,
            "toxicity": toxicity, "attributes": {"latency": latency, "jitter": 10}})
    };
    let body = json!({"name": "late", "type": "latency", "toxicity": 0.5,
        "attributes": {"latency": 100, "jitter": 10}});
    let created = server.post("/proxies/pg/toxics", body).await;
    let late = shown("late", "downstream", 0.5, 100);
    assert_eq!(created.both(), (200, late.clone()));
    let body = json!({"type": "latency", "stream": "upstream", "toxicity": 0.5,
        "attributes": {"latency": 1, "jitter": 10}});
    assert_eq!(server.post("/proxies/pg/toxics", body).await.status, 200);

    let up = shown("latency_upstream", "upstream", 0.5, 1);
    let list = json!([up, late]);
    assert_eq!(
        server.get("/proxies/pg/toxics").await.both(),
        (200, list.clone())
    );
    assert_eq!(server.get("/proxies/pg").await.json()["toxics"], list);
    assert_eq!(
        server.get("/proxies/pg/toxics/late").await.both(),
        (200, late)
    );

    let path = "/proxies/pg/toxics/late";
    let change = json!({"name": "new", "type": "noop", "stream": "upstream",
        "attributes": {"latency": 7}});
    let answer = server.post(path, change).await;
    assert_eq!(answer.both(), (200, shown("late", "downstream", 0.5, 7)));
    let answer = server.patch(path, json!({"toxicity": 0.25})).await;
    assert_eq!(answer.both(), (200, shown("late", "downstream", 0.25, 7)));
    let answer = server
        .patch(path, json!({"attributes": {"latency": -1}, "toxicity": 1}))
        .await;
    assert_eq!(answer.status, 400);
    let answer = server.get(path).await;
    assert_eq!(answer.both(), (200, shown("late", "downstream", 0.25, 7)));

    let deleted = server.delete(path).await;
    assert_eq!((deleted.status, deleted.body.as_str()), (204, ""));
    for answer in [
        server.get(path).await,
        server.delete(path).await,
        server.patch(path, json!({})).await,
    ] {
        assert_eq!(answer.both(), error(404, "toxic not found"));
    }
}

#[tokio::test]
async fn a_toxic_that_cannot_be_is_told() {
    let server = Server::start().await;
    server.proxy("pg", "localhost:1").await;
    let path = "/proxies/pg/toxics";
    let add = async |body: Value| server.post(path, body).await.both();
    let invalid = "stream was invalid, can be either upstream or downstream";
    let stream = json!({"type": "latency", "stream": "walrustream"});
    assert_eq!(add(stream).await, error(400, invalid));
    for body in [
        json!({}),
        json!({"type": "down"}),
        json!({"type": "pg_nothing"}),
    ] {
        assert_eq!(add(body).await, error(400, "invalid toxic type"));
    }
    let first = json!({"name": "same", "type": "latency", "stream": "upstream"});
    assert_eq!(add(first).await.0, 200);
    let second = json!({"name": "same", "type": "slow_close", "stream": "downstream"});
    assert_eq!(add(second).await, error(409, "toxic already exists"));
    for (attributes, kind) in [
        (json!({"rate": -1}), "bandwidth"),
        (json!({}), "slicer"),
        (json!({"average_size": 1, "size_variation": 2}), "slicer"),
        (json!({"latency": 1.5}), "latency"),
        (json!({"timeout": "1"}), "timeout"),
        (json!([]), "timeout"),
    ] {
        let (status, body) = add(json!({"type": kind, "attributes": attributes})).await;
        assert_eq!((status, &body["status"]), (400, &json!(400)), "{body}");
        let text = body["error"].as_str().expect("an error");
        assert!(text.starts_with("bad request body: "), "{text}");
    }
    assert_eq!(
        add(json!({"type": "pg_hold", "attributes": {"unknown": 1}}))
            .await
            .0,
        400
    );
    assert_eq!(
        server
            .post(path, "{\"type\": \"latency\", \"toxicity\": 1e999}")
            .await
            .status,
        400
    );
    assert_eq!(
        server.get(path).await.json().as_array().map(Vec::len),
        Some(1)
    );
    for path in ["/proxies/none/toxics", "/proxies/none/toxics/t"] {
        assert_eq!(server.get(path).await.both(), error(404, "proxy not found"));
    }
}
