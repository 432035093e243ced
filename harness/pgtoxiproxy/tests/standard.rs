//! Toxiproxy's own toxics on whole connections, in process, with a paused clock: what they add is
//! measured to the millisecond.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use pgtoxiproxy::engine::{Connection, Faults, carry};
use pgtoxiproxy::toxic::{Kind, Standard, Stream, Toxic};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

fn connect(faults: &Arc<Faults>, number: u64) -> (DuplexStream, DuplexStream) {
    let (client, near) = duplex(1 << 22);
    let (far, server) = duplex(1 << 22);
    let faults = Arc::clone(faults);
    tokio::spawn(async move {
        let connection = Connection {
            number,
            ..Connection::default()
        };
        carry(&faults, near, far, connection, CancellationToken::new()).await;
    });
    (client, server)
}

fn add(faults: &Faults, name: &str, stream: Stream, toxicity: f32, toxic: Standard) -> Arc<Toxic> {
    let toxic = Toxic::new(name, stream, toxicity, Kind::Standard(toxic));
    faults.add(toxic).unwrap()
}

fn down(faults: &Faults, toxic: Standard) -> Arc<Toxic> {
    add(faults, "t", Stream::Downstream, 1.0, toxic)
}

/// How long these bytes take from the server to the client.
async fn passage(client: &mut DuplexStream, server: &mut DuplexStream, bytes: usize) -> Duration {
    let start = Instant::now();
    server.write_all(&vec![b'x'; bytes]).await.unwrap();
    let mut found = vec![0; bytes];
    client.read_exact(&mut found).await.unwrap();
    start.elapsed()
}

async fn end_of(side: &mut DuplexStream) -> Duration {
    let start = Instant::now();
    let mut rest = Vec::new();
    let _ = side.read_to_end(&mut rest).await;
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn latency_is_added_once_and_not_for_each_chunk() {
    let faults = Faults::new("p", 1);
    let (mut client, mut server) = connect(&faults, 1);
    let toxic = down(
        &faults,
        Standard::Latency {
            latency: 200,
            jitter: 0,
        },
    );
    assert_eq!(passage(&mut client, &mut server, 10).await.as_millis(), 200);
    assert_eq!(
        passage(&mut client, &mut server, 1 << 20).await.as_millis(),
        200
    );
    assert_eq!(toxic.hits(), 1);
    // The other way is as quick as ever.
    let start = Instant::now();
    client.write_all(b"x").await.unwrap();
    server.read_u8().await.unwrap();
    assert_eq!(start.elapsed().as_millis(), 0);
}

#[tokio::test(start_paused = true)]
async fn jitter_stays_in_its_bounds_and_a_seed_replays_it() {
    let mut runs = Vec::new();
    for seed in [5, 5, 6] {
        let faults = Faults::new("p", seed);
        let (mut client, mut server) = connect(&faults, 1);
        down(
            &faults,
            Standard::Latency {
                latency: 100,
                jitter: 50,
            },
        );
        let mut times = Vec::new();
        for _ in 0..20 {
            times.push(passage(&mut client, &mut server, 1).await.as_millis());
        }
        assert!(
            times.iter().all(|time| (50..=151).contains(time)),
            "{times:?}"
        );
        runs.push(times);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test(start_paused = true)]
async fn toxicity_picks_connections_and_a_seed_picks_the_same() {
    let pick = async |seed| {
        let faults = Faults::new("p", seed);
        let latency = Standard::Latency {
            latency: 10,
            jitter: 0,
        };
        add(&faults, "t", Stream::Downstream, 0.3, latency);
        let mut picked = Vec::new();
        for number in 1..=200 {
            let (mut client, mut server) = connect(&faults, number);
            picked.push(!passage(&mut client, &mut server, 1).await.is_zero());
        }
        let hits = faults.toxic("t").unwrap().hits();
        assert_eq!(hits, picked.iter().filter(|slow| **slow).count() as u64);
        picked
    };
    let first = pick(1).await;
    let count = first.iter().filter(|slow| **slow).count();
    assert!((30..=90).contains(&count), "{count} of 200 at 0.3");
    assert_eq!(first, pick(1).await);
    assert_ne!(first, pick(2).await);
}

#[tokio::test(start_paused = true)]
async fn bandwidth_carries_so_much_in_a_second() {
    let faults = Faults::new("p", 1);
    let (mut client, mut server) = connect(&faults, 1);
    down(&faults, Standard::Bandwidth { rate: 1000 });
    let took = passage(&mut client, &mut server, 2_000_000)
        .await
        .as_millis();
    assert!((1900..=2100).contains(&took), "{took} ms");
}

#[tokio::test(start_paused = true)]
async fn bandwidth_of_nothing_is_a_hit_and_lets_go_when_it_is_removed() {
    let faults = Faults::new("p", 1);
    let (mut client, mut server) = connect(&faults, 1);
    let toxic = down(&faults, Standard::Bandwidth { rate: 0 });
    server.write_all(b"x").await.unwrap();
    assert!(
        timeout(Duration::from_secs(9), client.read_u8())
            .await
            .is_err()
    );
    assert_eq!(toxic.hits(), 1);
    faults.remove("t");
    assert_eq!(client.read_u8().await.unwrap(), b'x');
}

#[tokio::test(start_paused = true)]
async fn a_close_is_slow_and_data_is_not() {
    let faults = Faults::new("p", 1);
    let (mut client, mut server) = connect(&faults, 1);
    down(&faults, Standard::SlowClose { delay: 500 });
    assert_eq!(passage(&mut client, &mut server, 10).await.as_millis(), 0);
    server.shutdown().await.unwrap();
    assert_eq!(end_of(&mut client).await.as_millis(), 500);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_counts_once_and_closes_although_data_comes() {
    let faults = Faults::new("p", 1);
    let (mut client, mut server) = connect(&faults, 1);
    down(&faults, Standard::Timeout { timeout: 300 });
    let writer = tokio::spawn(async move {
        while server.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let start = Instant::now();
    let mut all = Vec::new();
    client.read_to_end(&mut all).await.unwrap();
    assert_eq!((start.elapsed().as_millis(), all.len()), (300, 0));
    drop(client);
    writer.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_timeout_without_end_closes_when_it_is_removed() {
    let faults = Faults::new("p", 1);
    let (mut client, mut server) = connect(&faults, 1);
    down(&faults, Standard::Timeout { timeout: 0 });
    server.write_all(b"x").await.unwrap();
    let waited = timeout(Duration::from_secs(60), client.read_u8()).await;
    assert!(waited.is_err());
    faults.remove("t");
    assert_eq!(end_of(&mut client).await.as_millis(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_reset_comes_without_data_and_on_older_connections() {
    let faults = Faults::new("p", 1);
    let (mut client, mut server) = connect(&faults, 1);
    assert_eq!(passage(&mut client, &mut server, 10).await.as_millis(), 0);
    let toxic = down(&faults, Standard::ResetPeer { timeout: 250 });
    assert_eq!(end_of(&mut client).await.as_millis(), 250);
    assert_eq!(end_of(&mut server).await.as_millis(), 0);
    assert_eq!(toxic.hits(), 1);
}

#[tokio::test(start_paused = true)]
async fn so_many_bytes_pass_and_then_both_sides_end() {
    let faults = Faults::new("p", 1);
    let (mut client, mut server) = connect(&faults, 1);
    down(&faults, Standard::LimitData { bytes: 70 });
    server.write_all(&[b'x'; 50]).await.unwrap();
    server.write_all(&[b'x'; 50]).await.unwrap();
    let mut all = Vec::new();
    client.read_to_end(&mut all).await.unwrap();
    assert_eq!(all.len(), 70);
    let _ = end_of(&mut server).await;
}

#[tokio::test(start_paused = true)]
async fn slices_come_apart() {
    let faults = Faults::new("p", 1);
    let (mut client, mut server) = connect(&faults, 1);
    let (average_size, delay) = (10, 1000);
    let size_variation = 5;
    down(
        &faults,
        Standard::Slicer {
            average_size,
            size_variation,
            delay,
        },
    );
    server.write_all(&[b'x'; 1000]).await.unwrap();
    let (mut total, mut slices) = (0, 0);
    while total < 1000 {
        let mut slice = [0; 1000];
        let read = client.read(&mut slice).await.unwrap();
        assert!((1..=15).contains(&read), "{read}");
        (total, slices) = (total + read, slices + 1);
    }
    assert!((66..=200).contains(&slices), "{slices}");
}

#[tokio::test(start_paused = true)]
async fn toxics_act_one_behind_the_other() {
    let faults = Faults::new("p", 1);
    let (mut client, mut server) = connect(&faults, 1);
    let latency = Standard::Latency {
        latency: 100,
        jitter: 0,
    };
    add(&faults, "a", Stream::Downstream, 1.0, latency);
    add(&faults, "b", Stream::Downstream, 1.0, latency);
    assert_eq!(passage(&mut client, &mut server, 10).await.as_millis(), 200);
    faults.remove("a");
    assert_eq!(passage(&mut client, &mut server, 10).await.as_millis(), 100);
    faults.clear();
    assert_eq!(passage(&mut client, &mut server, 10).await.as_millis(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_removed_toxic_held_goes_on_at_once_and_in_order() {
    let faults = Faults::new("p", 1);
    let (mut client, mut server) = connect(&faults, 1);
    down(
        &faults,
        Standard::Latency {
            latency: 60_000,
            jitter: 0,
        },
    );
    server.write_all(b"abc").await.unwrap();
    server.shutdown().await.unwrap();
    assert!(
        timeout(Duration::from_secs(1), client.read_u8())
            .await
            .is_err()
    );
    faults.remove("t");
    let start = Instant::now();
    let mut all = Vec::new();
    client.read_to_end(&mut all).await.unwrap();
    assert_eq!((start.elapsed().as_millis(), &all[..]), (0, &b"abc"[..]));
}
