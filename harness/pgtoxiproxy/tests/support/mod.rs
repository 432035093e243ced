//! A running server, and an HTTP client that sends exactly what it is told.

// Every test program includes this file, and none uses all of it.
#![allow(dead_code)]

use std::net::SocketAddr;
use std::time::Duration;

use pgtoxiproxy::api::{self, Metrics};
use pgtoxiproxy::proxy::Proxies;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

/// No answer and no close takes longer.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// An answer of the API.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Its headers, lower-case names.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|header| header.0 == name)
            .map(|header| header.1.as_str())
    }

    /// Its status and its whole body as JSON.
    pub(crate) fn both(&self) -> (u16, Value) {
        (self.status, self.json())
    }
}

/// The API, served in this process; its proxies close when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) proxies: Proxies,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(Metrics::default()).await
    }

    pub(crate) async fn with(metrics: Metrics) -> Self {
        Self::of(Proxies::new(7), metrics).await
    }

    pub(crate) async fn of(proxies: Proxies, metrics: Metrics) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = api::router(proxies.clone(), metrics);
        tokio::spawn(api::serve(listener, router, std::future::pending()));
        Self { address, proxies }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        ask(self.address, "GET", path, "", None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        ask(self.address, "DELETE", path, "", None).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl ToString) -> Answer {
        self.send("POST", path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: impl ToString) -> Answer {
        self.send("PATCH", path, body).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: impl ToString) -> Answer {
        ask(self.address, method, path, "", Some(&body.to_string())).await
    }

    /// A proxy on a free port; the address it listens at.
    pub(crate) async fn proxy(&self, name: &str, upstream: &str) -> String {
        let body = serde_json::json!({"name": name, "listen": "127.0.0.1:0", "upstream": upstream});
        let answer = self.post("/proxies", body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["listen"].as_str().expect("listen").to_owned()
    }
}

/// One request on a connection of its own; `headers` are whole lines.
pub(crate) async fn ask(
    server: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: Option<&str>,
) -> Answer {
    let length = body.map(|body| format!("Content-Length: {}\r\n", body.len()));
    let (length, body) = (length.unwrap_or_default(), body.unwrap_or_default());
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}{length}\r\n{body}"
    );
    raw(server, request.as_bytes()).await.expect("an answer")
}

/// Sends bytes and reads an answer to its end, if there is one.
pub(crate) async fn raw(server: SocketAddr, request: &[u8]) -> Option<Answer> {
    let answer = async {
        let mut stream = TcpStream::connect(server).await.expect("the API listens");
        // A server that answers early may not read on; its answer is what counts.
        let _ = stream.write_all(request).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let text = timeout(SOON, answer).await.expect("an answer in time");
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let body = body.to_owned();
    Some(Answer {
        status,
        headers,
        body,
    })
}

/// A server that sends back what it is sent, and finishes when its client has.
pub(crate) async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = client.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
                let _ = to.shutdown().await;
            });
        }
    });
    address
}

/// A port at which nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address").to_string()
}

/// Sends a word and reads it back.
pub(crate) async fn says(stream: &mut TcpStream, word: &[u8]) {
    stream.write_all(word).await.expect("sent");
    let mut back = vec![0; word.len()];
    let read = timeout(SOON, stream.read_exact(&mut back)).await;
    read.expect("in time").expect("read");
    assert_eq!(back, word);
}

/// Everything up to the end of a stream, or the error that ended it.
pub(crate) async fn rest(stream: &mut TcpStream) -> Result<Vec<u8>, std::io::ErrorKind> {
    let mut bytes = Vec::new();
    let read = timeout(SOON, stream.read_to_end(&mut bytes)).await;
    let read = read.expect("an end in time");
    read.map(|_| bytes).map_err(|error| error.kind())
}

/// Waits until something is true.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut is: impl FnMut() -> F) {
    let deadline = Instant::now() + SOON;
    while !is().await {
        assert!(Instant::now() < deadline, "never so: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}
