//! What the whole API has in common: the version, refusals, wrong bodies, metrics.

mod support;

use pgtoxiproxy::api::Metrics;
use serde_json::{Value, json};
use support::{Server, ask, echo, says};
use tokio::net::TcpStream;

fn error(status: u16, text: &str) -> (u16, Value) {
    (status, json!({"error": text, "status": status}))
}

#[tokio::test]
async fn the_version_is_told_as_toxiproxy_tells_it() {
    let server = Server::start().await;
    let answer = server.get("/version").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "{\"version\": \"2.12.0\"}\n")
    );
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("application/json;charset=utf-8"));
    assert!(
        answer
            .header("server")
            .is_some_and(|name| name.starts_with("pgtoxiproxy/"))
    );
    let number = answer.header("x-toxiproxy-request-id").expect("a number");
    let next = server.get("/version").await;
    assert_ne!(next.header("x-toxiproxy-request-id"), Some(number));
}

#[tokio::test]
async fn browsers_are_refused() {
    let server = Server::start().await;
    for (agent, status) in [("Mozilla/5.0 (X11)", 403), ("Wget/2.1 Mozilla/", 200)] {
        let header = format!("User-Agent: {agent}\r\n");
        let answer = ask(server.address, "GET", "/proxies", &header, None).await;
        assert_eq!(answer.status, status, "{agent}");
    }
}

#[tokio::test]
async fn an_unknown_path_is_404_and_a_wrong_method_405() {
    let server = Server::start().await;
    for path in [
        "/",
        "/nothing",
        "/proxies/",
        "/metrics",
        "/proxies/a/b",
        "/proxies/a/toxics/b/c",
    ] {
        let answer = server.get(path).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (404, "404 page not found\n"),
            "{path}"
        );
    }
    for (method, path) in [
        ("POST", "/version"),
        ("GET", "/reset"),
        ("GET", "/populate"),
        ("DELETE", "/proxies"),
        ("PATCH", "/proxies"),
        ("PUT", "/proxies/a"),
        ("DELETE", "/proxies/a/toxics"),
        ("PUT", "/proxies/a/toxics/b"),
        ("POST", "/proxies/a/holds"),
        ("GET", "/proxies/a/holds/b/release"),
        ("POST", "/proxies/a/events"),
    ] {
        let answer = ask(server.address, method, path, "", None).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (405, ""),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn what_is_missing_or_no_json_is_400() {
    let server = Server::start().await;
    let missing = |field: &str| error(400, &format!("missing required field: {field}"));
    for (body, expected) in [
        (json!({}), missing("name")),
        (json!(null), missing("name")),
        (json!({"name": ""}), missing("name")),
        (json!({"name": "a"}), missing("upstream")),
        (json!({"name": "a", "upstream": null}), missing("upstream")),
    ] {
        assert_eq!(
            server.post("/proxies", &body).await.both(),
            expected,
            "{body}"
        );
    }
    for body in [
        "",
        "{",
        "[]",
        "5",
        "\"a\"",
        "\0",
        "{\"name\": 5}",
        "{\"name\": \"a\", \"upstream\": []}",
        "{\"name\": \"a\", \"upstream\": \"b:1\", \"enabled\": \"yes\"}",
        "{} {}",
    ] {
        let answer = server.post("/proxies", body).await;
        let text = answer.json()["error"]
            .as_str()
            .expect("an error")
            .to_owned();
        assert_eq!(answer.status, 400, "{body}");
        assert!(text.starts_with("bad request body: "), "{body}: {text}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(server.post("/proxies", deep).await.status, 400);
    let large = format!("{{\"name\": \"{}\"}}", "a".repeat(1 << 20));
    let answer = server.post("/proxies", large).await;
    assert_eq!(
        answer.both(),
        error(
            400,
            "bad request body: it is larger than 1 MiB, or broke off"
        )
    );
}

#[tokio::test]
async fn where_it_cannot_listen_is_500() {
    let server = Server::start().await;
    let listen = server.proxy("pg", "localhost:1").await;
    let again = json!({"name": "other", "listen": listen, "upstream": "localhost:1"});
    let text = format!("listen tcp {listen}: bind: address already in use");
    assert_eq!(
        server.post("/proxies", &again).await.both(),
        error(500, &text)
    );
    let same = json!({"name": "pg", "upstream": "localhost:1"});
    assert_eq!(
        server.post("/proxies", same).await.both(),
        error(409, "proxy already exists")
    );
    // Longer than any name can be, so that no name server is asked.
    let long = format!("{}:1", "a".repeat(300));
    for (listen, reason) in [
        ("local373", "missing port in address"),
        ("localhost:99999", "invalid port"),
        ("192.0.2.1:0", "cannot assign requested address"),
        (long.as_str(), "no such host"),
    ] {
        let body = json!({"name": "other", "listen": listen, "upstream": "localhost:1"});
        let answer = server.post("/proxies", body).await;
        let text = answer.json()["error"]
            .as_str()
            .expect("an error")
            .to_owned();
        assert_eq!(answer.status, 500, "{listen}");
        assert!(
            text.starts_with("listen tcp") && text.contains(reason),
            "{text}"
        );
    }
    assert_eq!(server.get("/proxies/other").await.status, 404);
    assert_eq!(server.delete("/proxies/pg").await.status, 204);
    assert_eq!(server.post("/proxies", &again).await.status, 201);
}

#[tokio::test]
async fn metrics_are_there_when_they_are_switched_on() {
    let server = Server::with(Metrics {
        proxy: true,
        runtime: true,
    })
    .await;
    let upstream = echo().await;
    let listen = server.proxy("pg", &upstream).await;
    says(
        &mut TcpStream::connect(&listen).await.expect("it listens"),
        b"hello",
    )
    .await;
    let expected: Vec<_> = ["received", "sent"]
        .iter()
        .flat_map(|what| ["upstream", "downstream"].map(|direction| (what, direction)))
        .map(|(what, direction)| {
            format!(
                "toxiproxy_proxy_{what}_bytes_total{{direction=\"{direction}\",\
                 listener=\"{listen}\",proxy=\"pg\",upstream=\"{upstream}\"}} 5"
            )
        })
        .collect();
    support::until("every byte is counted", async || {
        let answer = server.get("/metrics").await;
        assert_eq!(answer.status, 200);
        assert!(
            answer
                .header("content-type")
                .is_some_and(|kind| kind.starts_with("text/plain"))
        );
        expected
            .iter()
            .all(|line| answer.body.lines().any(|found| found == line))
    })
    .await;
    let answer = server.get("/metrics").await;
    assert!(answer.body.contains("process_open_fds "), "{}", answer.body);
}
