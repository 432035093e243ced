//! No request, whatever its bytes, crashes or hangs the API.

mod support;

use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use support::{Server, echo, raw};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// How often anything has panicked, in whatever task.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICS.fetch_add(1, Ordering::Relaxed);
            before(info);
        }));
    });
}

/// A StartupMessage, a Query, and something that is neither.
const TALK: &[u8] =
    b"\0\0\0\x21\0\x03\0\0user\0pg\0database\0shop\0\0\0Q\0\0\0\rselect 1\0\xff\xff";

/// A client of the proxy, if it listens: toxics that were taken have something to work on.
async fn visit(server: &Server) -> Option<TcpStream> {
    let proxy = server.proxies.get("pg").ok()?;
    let mut client = TcpStream::connect(proxy.spec().listen).await.ok()?;
    client.write_all(TALK).await.ok()?;
    // Whether anything comes back is for the toxics to say.
    let _ = timeout(Duration::from_millis(2), client.read(&mut [0; 64])).await;
    Some(client)
}

const PATHS: [&str; 14] = [
    "/proxies",
    "/populate",
    "/reset",
    "/version",
    "/proxies/pg",
    "/proxies/pg/toxics",
    "/proxies/pg/toxics/latency_downstream",
    "/proxies/pg/toxics/noop_upstream",
    "/proxies/pg/holds",
    "/proxies/pg/holds/gate/release",
    "/proxies/pg/events",
    "/proxies/pg/events?after=-1",
    "/proxies/%ff/toxics/%00",
    "/nothing",
];

const METHODS: [&str; 7] = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"];

/// Every field that means something somewhere.
const FIELDS: [&str; 30] = [
    "name",
    "listen",
    "upstream",
    "enabled",
    "toxics",
    "tls",
    "certificate",
    "private_key",
    "type",
    "stream",
    "toxicity",
    "attributes",
    "latency",
    "jitter",
    "rate",
    "delay",
    "timeout",
    "average_size",
    "size_variation",
    "bytes",
    "count",
    "at",
    "nth",
    "edge",
    "sql",
    "user",
    "database",
    "times",
    "hex",
    "text",
];

const WORDS: [&str; 23] = [
    "",
    "pg",
    "127.0.0.1:0",
    "127.0.0.1:1",
    "localhost:",
    "[::1]:0",
    ":",
    "::::",
    "latency",
    "bandwidth",
    "slicer",
    "limit_data",
    "noop",
    "timeout",
    "reset_peer",
    "pg_hold",
    "pg_replace",
    "upstream",
    "downstream",
    "Query",
    "any",
    "(a+)+$",
    "-----BEGIN \0",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..10_i64).prop_map(Value::from),
        select(&WORDS[..]).prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let object = prop::collection::vec((select(&FIELDS[..]), inner.clone()), 0..6);
        let object = object.prop_map(|pairs| {
            let pairs = pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value));
            Value::Object(pairs.collect::<Map<_, _>>())
        });
        prop_oneof![1 => prop::collection::vec(inner, 0..4).prop_map(Value::from), 3 => object]
    })
}

/// A toxic that has a chance to be taken.
fn toxic() -> impl Strategy<Value = Value> {
    let pairs = prop::collection::vec((select(&FIELDS[..]), value()), 0..4);
    (select(&WORDS[8..17]), pairs).prop_map(|(kind, pairs)| {
        let pairs = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let attributes: Map<_, _> = pairs.collect();
        json!({"type": kind, "attributes": attributes})
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let text = |value: Value| value.to_string().into_bytes();
    let cut = value().prop_map(text).prop_flat_map(|bytes| {
        let all = bytes.len();
        (Just(bytes), 0..=all).prop_map(|(bytes, end)| bytes[..end].to_vec())
    });
    prop_oneof![
        value().prop_map(text),
        toxic().prop_map(text),
        cut,
        prop::collection::vec(any::<u8>(), 0..200),
    ]
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let parts = (select(&METHODS[..]), select(&PATHS[..]), body());
    let whole = parts.prop_map(|(method, path, body)| {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), &body].concat()
    });
    let noise = prop::collection::vec(any::<u8>(), 1..200);
    let noise = noise.prop_map(|bytes| [&bytes[..], b"\r\n\r\n"].concat());
    prop_oneof![9 => whole, 1 => noise]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_request_crashes_or_hangs_it(requests in prop::collection::vec(request(), 1..30)) {
        count_panics();
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let server = Server::start().await;
            server.proxy("pg", &echo().await).await;
            let mut clients = Vec::new();
            for request in &requests {
                // Bytes that are no request need no answer; they must not hang either.
                let answer = raw(server.address, request).await;
                let status = answer.as_ref().map_or(400, |answer| answer.status);
                let text = String::from_utf8_lossy(request);
                assert!((200..=500).contains(&status), "{text}: {answer:?}");
                let inside = answer.is_some_and(|answer| answer.body.contains("inside pgtoxiproxy"));
                assert!(!inside, "a handler failed at {text}");
                clients.push(visit(&server).await);
                assert_eq!(PANICS.load(Ordering::Relaxed), 0, "after {text}");
            }
            assert_eq!(server.get("/version").await.status, 200);
            assert_eq!(server.get("/proxies").await.status, 200);
        });
        runtime.shutdown_timeout(Duration::from_secs(5));
    }
}
