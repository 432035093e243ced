//! Requests that meet: whatever comes first, each is answered as if it had come alone.

mod support;

use serde_json::json;
use support::{Server, nobody};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_proxy_that_is_gone_never_takes_its_port_back() {
    let server = Server::start().await;
    let address = server.address;
    let shop = json!({"name": "shop", "listen": nobody().await, "upstream": nobody().await});
    let shop = shop.to_string();
    let all = format!("[{shop}]");
    let requests: [&[(&str, &str, &str)]; 4] = [
        &[("POST", "/proxies", &shop), ("DELETE", "/proxies/shop", "")],
        &[("POST", "/reset", "")],
        &[("PATCH", "/proxies/shop", r#"{"enabled": true}"#)],
        &[("POST", "/populate", &all)],
    ];
    let mut senders = JoinSet::new();
    for requests in requests {
        let requests: Vec<_> = requests
            .iter()
            .map(|(method, path, body)| [method, path, body].map(|text| (*text).to_owned()))
            .collect();
        senders.spawn(async move {
            for [method, path, body] in requests.iter().cycle().take(400) {
                let answer = support::ask(address, method, path, "", Some(body)).await;
                assert!(answer.status < 500, "{method} {path}: {answer:?}");
            }
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender.expect("no request failed");
    }
}
