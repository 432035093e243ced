//! The protocol toxics on made-up conversations, in process, with a paused clock.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use pgtoxiproxy::engine::{Connection, Faults, carry};
use pgtoxiproxy::toxic::{Kind, Protocol, Toxic};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

const STARTUP: &[u8] = b"\0\0\0\x21\0\x03\0\0user\0alice\0database\0app\0\0";
const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 210, 22, 47];
const AUTH_OK: &[u8] = b"R\0\0\0\x08\0\0\0\0";
const PARAMETER: &[u8] = b"S\0\0\0\x14TimeZone\0Europe\0";
const READY: &[u8] = b"Z\0\0\0\x05I";
const QUERY: &[u8] = b"Q\0\0\0\x0dselect 1\0";
const ROW: &[u8] = b"D\0\0\0\x0b\0\x01\0\0\0\x011";
const COMPLETE: &[u8] = b"C\0\0\0\x0dSELECT 1\0";

struct Rig {
    client: DuplexStream,
    server: DuplexStream,
    faults: Arc<Faults>,
    next: u64,
}

impl Rig {
    fn new() -> Self {
        let faults = Faults::new("p", 7);
        let (client, server) = connect(&faults, 1);
        Self {
            client,
            server,
            faults,
            next: 2,
        }
    }

    /// One with a client that has logged in.
    async fn ready() -> Self {
        let mut rig = Self::new();
        rig.log_in().await;
        rig
    }

    async fn log_in(&mut self) {
        self.up(STARTUP, STARTUP).await;
        let all = [AUTH_OK, PARAMETER, READY].concat();
        self.down(&all, &all).await;
    }

    async fn again(&mut self) {
        (self.client, self.server) = connect(&self.faults, self.next);
        self.next += 1;
        self.log_in().await;
    }

    fn toxic(&self, kind: &str, attributes: &Value) -> Arc<Toxic> {
        let map = attributes.as_object().unwrap();
        let (protocol, stream) = Protocol::parse(kind, None, map).unwrap();
        let kind = Kind::Protocol(Box::new(protocol));
        self.faults.add(Toxic::new("t", stream, 1.0, kind)).unwrap()
    }

    async fn up(&mut self, sent: &[u8], wanted: &[u8]) {
        self.client.write_all(sent).await.unwrap();
        gets(&mut self.server, wanted).await;
    }

    async fn down(&mut self, sent: &[u8], wanted: &[u8]) {
        self.server.write_all(sent).await.unwrap();
        gets(&mut self.client, wanted).await;
    }
}

fn connect(faults: &Arc<Faults>, number: u64) -> (DuplexStream, DuplexStream) {
    let (client, near) = duplex(1 << 20);
    let (far, server) = duplex(1 << 20);
    let faults = Arc::clone(faults);
    tokio::spawn(async move {
        let connection = Connection {
            number,
            ..Connection::default()
        };
        let stop = CancellationToken::new();
        carry(&faults, near, far, connection, stop).await;
    });
    (client, server)
}

async fn gets(side: &mut DuplexStream, wanted: &[u8]) {
    let mut found = vec![0; wanted.len()];
    let read = timeout(Duration::from_secs(5), side.read_exact(&mut found)).await;
    read.expect("it comes in time").expect("it comes");
    assert_eq!(
        String::from_utf8_lossy(&found),
        String::from_utf8_lossy(wanted)
    );
}

/// Nothing comes, for a while of the paused clock.
async fn gets_nothing(side: &mut DuplexStream) {
    let mut byte = [0];
    let read = timeout(Duration::from_secs(60), side.read(&mut byte)).await;
    assert!(read.is_err(), "{read:?}: {byte:?}");
}

async fn gets_the_end(side: &mut DuplexStream) {
    let mut byte = [0];
    let read = timeout(Duration::from_secs(5), side.read(&mut byte)).await;
    assert_eq!(read.expect("it ends in time").unwrap(), 0, "{byte:?}");
}

async fn within<T>(what: impl Fn() -> Option<T>) -> T {
    for _ in 0..1000 {
        if let Some(found) = what() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it did not come to that");
}

#[tokio::test(start_paused = true)]
async fn other_protocols_pass() {
    let mut rig = Rig::new();
    rig.toxic("pg_close", &json!({"at": "Query"}));
    rig.up(b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n")
        .await;
    rig.down(b"HTTP/1.1 200\r\n\r\n", b"HTTP/1.1 200\r\n\r\n")
        .await;
}

#[tokio::test(start_paused = true)]
async fn without_protocol_toxics_not_even_part_of_a_message_is_held_back() {
    let mut rig = Rig::new();
    for byte in STARTUP.chunks(1) {
        rig.up(byte, byte).await;
    }
    for byte in [AUTH_OK, READY].concat().chunks(1) {
        rig.down(byte, byte).await;
    }
    let toxic = rig.toxic(
        "pg_swallow",
        &json!({"at": "Query", "user": "alice", "database": "app"}),
    );
    rig.client.write_all(QUERY).await.unwrap();
    gets_nothing(&mut rig.server).await;
    assert_eq!(toxic.hits(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_side_that_has_finished_is_still_answered() {
    let mut rig = Rig::ready().await;
    rig.client.write_all(QUERY).await.unwrap();
    rig.client.shutdown().await.unwrap();
    gets(&mut rig.server, QUERY).await;
    gets_the_end(&mut rig.server).await;
    rig.down(READY, READY).await;
    rig.server.shutdown().await.unwrap();
    gets_the_end(&mut rig.client).await;
}

#[tokio::test(start_paused = true)]
async fn a_hold_stops_what_follows_until_it_is_released() {
    let mut rig = Rig::ready().await;
    let toxic = rig.toxic("pg_hold", &json!({"at": "ReadyForQuery", "name": "gate"}));
    rig.up(QUERY, QUERY).await;
    rig.down(&[ROW, COMPLETE, READY].concat(), &[ROW, COMPLETE].concat())
        .await;
    let held = within(|| rig.faults.holds().pop()).await;
    assert_eq!(
        (held.name.as_str(), held.message, held.connection),
        ("gate", "ReadyForQuery", 1)
    );
    assert_eq!(held.user.as_deref(), Some("alice"));
    gets_nothing(&mut rig.client).await;
    assert_eq!(rig.faults.release("gate", None), 1);
    gets(&mut rig.client, READY).await;
    assert_eq!((toxic.hits(), rig.faults.holds().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_hold_ends_with_its_toxic_or_with_its_time() {
    let mut rig = Rig::ready().await;
    rig.toxic("pg_hold", &json!({"at": "DataRow"}));
    rig.server.write_all(ROW).await.unwrap();
    gets_nothing(&mut rig.client).await;
    assert!(rig.faults.remove("t"));
    gets(&mut rig.client, ROW).await;
    rig.toxic(
        "pg_hold",
        &json!({"at": "DataRow", "timeout": 300, "edge": "after"}),
    );
    let start = Instant::now();
    rig.down(&[ROW, READY].concat(), &[ROW, READY].concat())
        .await;
    assert_eq!(start.elapsed().as_millis(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_delay_waits_at_each_edge() {
    for (edge, before, after) in [
        ("before", 0, ROW.len()),
        ("after", ROW.len(), 0),
        ("inside", 4, 8),
    ] {
        let mut rig = Rig::ready().await;
        let offset = if edge == "inside" { 4 } else { 0 };
        let attributes = json!({"at": "DataRow", "delay": 250, "edge": edge, "offset": offset});
        rig.toxic("pg_delay", &attributes);
        let start = Instant::now();
        rig.server.write_all(&[ROW, READY].concat()).await.unwrap();
        gets(&mut rig.client, &ROW[..before]).await;
        assert_eq!(start.elapsed().as_millis(), 0, "{edge}");
        gets(&mut rig.client, &ROW[before..]).await;
        let waited = if after == 0 { 0 } else { 250 };
        assert_eq!(start.elapsed().as_millis(), waited, "{edge}");
        gets(&mut rig.client, READY).await;
        assert_eq!(start.elapsed().as_millis(), 250, "{edge}");
    }
}

#[tokio::test(start_paused = true)]
async fn close_and_truncate_end_both_sides() {
    for (kind, attributes, passed) in [
        ("pg_close", json!({"at": "DataRow"}), 0),
        (
            "pg_close",
            json!({"at": "DataRow", "edge": "after"}),
            ROW.len(),
        ),
        (
            "pg_close",
            json!({"at": "DataRow", "edge": "inside", "offset": 5}),
            5,
        ),
        ("pg_truncate", json!({"at": "DataRow", "bytes": 3}), 3),
        (
            "pg_reset",
            json!({"at": "DataRow", "edge": "after"}),
            ROW.len(),
        ),
    ] {
        let mut rig = Rig::ready().await;
        rig.toxic(kind, &attributes);
        rig.down(&[ROW, READY].concat(), &ROW[..passed]).await;
        gets_the_end(&mut rig.client).await;
        gets_the_end(&mut rig.server).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_loses_everything_and_closes_when_it_is_removed() {
    let mut rig = Rig::ready().await;
    rig.toxic("pg_blackhole", &json!({"at": "Query"}));
    rig.client.write_all(QUERY).await.unwrap();
    gets_nothing(&mut rig.server).await;
    rig.server.write_all(READY).await.unwrap();
    gets_nothing(&mut rig.client).await;
    rig.faults.remove("t");
    gets_the_end(&mut rig.client).await;
    gets_the_end(&mut rig.server).await;
}

#[tokio::test(start_paused = true)]
async fn messages_are_replaced_duplicated_swallowed_and_split() {
    let three = [ROW, COMPLETE, READY].concat();
    for (kind, attributes, wanted) in [
        (
            "pg_swallow",
            json!({"at": "DataRow"}),
            [COMPLETE, READY].concat(),
        ),
        (
            "pg_duplicate",
            json!({"at": "ReadyForQuery"}),
            [&three[..], READY].concat(),
        ),
        (
            "pg_duplicate",
            json!({"at": "DataRow", "count": 2}),
            [ROW, ROW, &three[..]].concat(),
        ),
        (
            "pg_split",
            json!({"at": "DataRow", "size": 4, "delay": 10}),
            three.clone(),
        ),
        (
            "pg_replace",
            json!({"at": "CommandComplete", "text": "DELETE 9\u{0}"}),
            [ROW, b"C\0\0\0\x0dDELETE 9\0", READY].concat(),
        ),
    ] {
        let mut rig = Rig::ready().await;
        let toxic = rig.toxic(kind, &attributes);
        rig.down(&three, &wanted).await;
        assert_eq!(toxic.hits(), 1, "{kind}");
        gets_nothing(&mut rig.client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_goes_to_the_client_from_either_side() {
    let mut rig = Rig::ready().await;
    let error = pgtoxiproxy::pg::reply::error("ERROR", "53300", "no");
    let attributes = json!({"at": "Query", "sqlstate": "53300", "message": "no", "times": 1});
    rig.toxic("pg_error", &attributes);
    rig.client.write_all(QUERY).await.unwrap();
    gets(&mut rig.client, &[&error[..], READY].concat()).await;
    // The server has not seen that one, and sees the next.
    rig.up(QUERY, QUERY).await;
    rig.faults.remove("t");
    let fatal = pgtoxiproxy::pg::reply::error("FATAL", "57P01", "bye");
    let attributes = json!({"at": "CommandComplete", "severity": "FATAL", "sqlstate": "57P01",
        "message": "bye", "edge": "after"});
    rig.toxic("pg_error", &attributes);
    rig.down(
        &[COMPLETE, READY].concat(),
        &[COMPLETE, &fatal[..]].concat(),
    )
    .await;
    gets_the_end(&mut rig.client).await;
}

#[tokio::test(start_paused = true)]
async fn after_an_error_in_a_batch_the_server_sees_its_sync_only() {
    const PARSE: &[u8] = b"P\0\0\0\x10\0select 2\0\0\0";
    const SYNC: &[u8] = b"S\0\0\0\x04";
    const EXECUTE: &[u8] = b"E\0\0\0\x09\0\0\0\0\0";
    let mut rig = Rig::ready().await;
    rig.toxic("pg_error", &json!({"at": "Parse", "sql": "^select 2$"}));
    rig.up(
        &[PARSE, EXECUTE, SYNC, QUERY].concat(),
        &[SYNC, QUERY].concat(),
    )
    .await;
    let error = pgtoxiproxy::pg::reply::error("ERROR", "XX000", "injected by pgtoxiproxy");
    gets(&mut rig.client, &error).await;
}

#[tokio::test(start_paused = true)]
async fn a_point_is_narrowed_by_nth_times_user_and_sql() {
    for (attributes, hits) in [
        (json!({"at": "Query"}), 6),
        (json!({"at": "Query", "nth": 2}), 2),
        (json!({"at": "Query", "times": 4}), 4),
        (json!({"at": "Query", "user": "bob"}), 0),
        (json!({"at": "Query", "database": "app"}), 6),
        (json!({"at": "Query", "sql": "^select [0-9]$"}), 6),
        (json!({"at": "Query", "sql": "insert"}), 0),
        (json!({"at": "DataRow", "sql": "select 1"}), 6),
        (json!({"at": "any"}), 18),
    ] {
        let mut rig = Rig::ready().await;
        let mut attributes = attributes;
        attributes["delay"] = json!(1);
        let toxic = rig.toxic("pg_delay", &attributes);
        for _ in 0..2 {
            for _ in 0..3 {
                rig.up(QUERY, QUERY).await;
                rig.down(
                    &[ROW, COMPLETE, READY].concat(),
                    &[ROW, COMPLETE, READY].concat(),
                )
                .await;
            }
            if hits == 18 {
                // Any message of the server's, on the first connection alone: 3 queries of 3.
                break;
            }
            rig.again().await;
        }
        let wanted = if hits == 18 { 9 } else { hits };
        assert_eq!(toxic.hits(), wanted, "{attributes}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_an_ssl_request_can_be_held_and_turned_into_no() {
    let mut rig = Rig::new();
    rig.toxic("pg_replace", &json!({"at": "SSLResponse", "text": "N"}));
    rig.up(SSL_REQUEST, SSL_REQUEST).await;
    rig.down(b"S", b"N").await;
    // The talk goes on in plain text, and is read.
    rig.faults.remove("t");
    let toxic = rig.toxic("pg_delay", &json!({"at": "AuthenticationOk", "delay": 1}));
    rig.log_in().await;
    assert_eq!(toxic.hits(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_encrypted_passes_unread() {
    let mut rig = Rig::new();
    let toxic = rig.toxic("pg_swallow", &json!({"at": "any"}));
    rig.up(SSL_REQUEST, SSL_REQUEST).await;
    assert!(rig.faults.remove("t"));
    rig.down(b"S", b"S").await;
    let toxic2 = rig.toxic("pg_swallow", &json!({"at": "any"}));
    rig.down(READY, READY).await;
    rig.up(b"\x16\x03\x01abc", b"\x16\x03\x01abc").await;
    assert_eq!((toxic.hits(), toxic2.hits()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_events_tell_every_message_and_what_fired() {
    use pgtoxiproxy::engine::events::What;
    let mut rig = Rig::ready().await;
    rig.toxic("pg_delay", &json!({"at": "Query"}));
    rig.up(QUERY, QUERY).await;
    let told: Vec<(&str, usize)> = rig
        .faults
        .events(0)
        .iter()
        .filter_map(|event| match &event.what {
            What::Message {
                message, toxics, ..
            } => Some((*message, toxics.len())),
            _ => None,
        })
        .collect();
    let wanted = [
        ("StartupMessage", 0),
        ("AuthenticationOk", 0),
        ("ParameterStatus", 0),
        ("ReadyForQuery", 0),
        ("Query", 1),
    ];
    assert_eq!(told, wanted);
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_long_message_follows_its_beginning() {
    let mut long = b"D".to_vec();
    let body = vec![b'x'; 3 << 20];
    long.extend_from_slice(&u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    long.extend_from_slice(&body);
    long.extend_from_slice(READY);
    for (kind, attributes, wanted) in [
        (
            "pg_delay",
            json!({"at": "DataRow", "delay": 5, "edge": "after"}),
            long.clone(),
        ),
        ("pg_swallow", json!({"at": "DataRow"}), READY.to_vec()),
        (
            "pg_split",
            json!({"at": "DataRow", "size": 100_000}),
            long.clone(),
        ),
    ] {
        let mut rig = Rig::ready().await;
        rig.toxic(kind, &attributes);
        let (mut server, sent) = (rig.server, long.clone());
        let writer = tokio::spawn(async move {
            server.write_all(&sent).await.unwrap();
            server
        });
        gets(&mut rig.client, &wanted).await;
        drop(writer.await.unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However a conversation is cut into segments, and whatever looks for messages that do not come
    /// (or come, and are let through), both sides get what was sent.
    #[test]
    fn any_segmentation_passes_unchanged(
        cuts in proptest::collection::vec(1_usize..12, 1..60),
        armed in 0_u8..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut rig = Rig::new();
            match armed {
                1 => drop(rig.toxic("pg_close", &json!({"at": "any", "nth": 1000}))),
                2 => drop(rig.toxic("pg_delay", &json!({"at": "any", "delay": 1}))),
                3 => drop(rig.toxic("pg_delay", &json!({"at": "Query", "sql": "select"}))),
                _ => {}
            }
            let sent = [STARTUP, QUERY, QUERY, b"X\0\0\0\x04"].concat();
            send_cut(&mut rig.client, &sent, &cuts).await;
            gets(&mut rig.server, &sent).await;
            let sent = [AUTH_OK, PARAMETER, READY, ROW, ROW, COMPLETE, READY].concat();
            send_cut(&mut rig.server, &sent, &cuts).await;
            gets(&mut rig.client, &sent).await;
        });
    }
}

async fn send_cut(side: &mut DuplexStream, bytes: &[u8], cuts: &[usize]) {
    let mut left = bytes;
    for cut in cuts.iter().cycle() {
        if left.is_empty() {
            return;
        }
        let (now, later) = left.split_at((*cut).min(left.len()));
        side.write_all(now).await.unwrap();
        tokio::task::yield_now().await;
        left = later;
    }
}
