//! Gate, checkout and release, dropped at every poll of every await: permits, slots and places in
//! the queue come home each time, also by way of the undertaker.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::yield_now;

use super::gate::Gate;
use super::key::PoolKey;
use super::keys::Keys;
use super::lease::Lease;
use super::pool::{Pool, Surroundings};
use super::registry::Registry;
use super::settings::{Place, PoolSettings};
use crate::config::settings::{
    Cleanup, CleartextRule, RequireAuth, ServerAddress, ServerTimes, ServerTls, ServerTlsMode,
    SocketOptions,
};
use crate::net::buffer::BufferPool;
use crate::net::tls::connect::Connector;
use crate::server::target::Credential;
use crate::server::undertaker::Undertaker;
use crate::wire::{TxStatus, encode};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);
/// Of the pool: one permit for the one that is dropped, none to spare.
const SIZE: usize = 1;

/// Polls `future`, whenever it is woken, until it has been pending `times` times; then drops it.
async fn poll_at_most<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 1 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// `make model` adds these up.
fn say_dropped(times: usize) {
    println!("dropped {times} times");
}

#[tokio::test]
async fn a_wait_at_the_gate_leaves_no_trace() {
    let (gate, world) = (Gate::new(1), World::new());
    let first = gate.try_enter().unwrap();
    assert!(poll_at_most(1, gate.enter(&world, None)).await.is_none());
    let timed = gate.enter(&world, Some(60 * SECOND));
    assert!(poll_at_most(1, timed).await.is_none());
    assert_eq!((gate.waiters(), gate.free()), (0, 0));
    drop(first);
    assert_eq!(gate.free(), 1);
    say_dropped(2);
}

#[tokio::test]
async fn a_permit_that_was_just_given_goes_to_the_next() {
    let (gate, world) = (Gate::new(1), World::new());
    let first = gate.try_enter().unwrap();
    let mut given = Box::pin(gate.enter(&world, None));
    let mut next = Box::pin(gate.enter(&world, None));
    assert!(poll_at_most(1, given.as_mut()).await.is_none());
    assert!(poll_at_most(1, next.as_mut()).await.is_none());
    assert_eq!(gate.waiters(), 2);
    drop(first);
    // Nobody polls it any more: the permit is its, and it never learns of it.
    drop(given);
    let permit = next.await.unwrap();
    assert_eq!((gate.waiters(), gate.free()), (0, 0));
    drop(permit);
    assert_eq!(gate.free(), 1);
    say_dropped(1);
}

#[tokio::test]
async fn a_checkout_that_dials_leaves_no_trace() {
    let stage = Stage::open().await;
    let mut cut = 0;
    loop {
        let lease = poll_at_most(cut + 1, stage.checkout()).await;
        if let Some(lease) = lease {
            drop(lease);
            stage.settle().await;
            break;
        }
        cut += 1;
        stage.settle().await;
    }
    say_dropped(cut);
    assert!(cut >= 3, "dial and login were one await: {cut}");
}

#[tokio::test]
async fn a_release_that_resets_leaves_no_trace() {
    let stage = Stage::open().await;
    let mut cut = 0;
    loop {
        let mut lease = stage.checkout().await;
        lease.server().dirt.dirty = true;
        // The server that a whole release gave back stays, with its slot; its permit does not.
        if poll_at_most(cut + 1, lease.release()).await.is_some() {
            break;
        }
        cut += 1;
        stage.settle().await;
    }
    say_dropped(cut);
    assert!(cut >= 2, "the reset was one await: {cut}");
    assert_eq!(stage.pool.gate.free(), SIZE);
    assert_eq!((stage.pool.servers(), stage.pool.slots.idle()), (1, 1));
}

#[tokio::test]
async fn who_waits_behind_a_dropped_checkout_gets_in() {
    let stage = Stage::open().await;
    let mut cut = 0;
    loop {
        let mut dropped = Box::pin(poll_at_most(cut + 1, stage.checkout()));
        let mut behind = Box::pin(stage.checkout());
        let first = poll_at_most(1, dropped.as_mut()).await;
        assert!(poll_at_most(1, behind.as_mut()).await.is_none());
        // Not yet cut: goes on to its end, whichever that is.
        let lease = match first {
            Some(end) => end,
            None => dropped.await,
        };
        let whole = lease.is_some();
        drop(lease);
        drop(stage.within(behind).await);
        stage.settle().await;
        if whole {
            break;
        }
        cut += 1;
    }
    say_dropped(cut);
    assert!(cut >= 3, "dial and login were one await: {cut}");
}

/// A pool before a server that lets everybody in, word by word.
struct Stage {
    pool: Arc<Pool>,
    undertaker: Undertaker,
}

impl Stage {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket));
            }
        });
        let world = World::new();
        let undertaker = Undertaker::new(world.clone(), SECOND);
        let around = Surroundings {
            world,
            undertaker: undertaker.clone(),
            registry: Registry::default(),
            server_ids: Arc::new(AtomicU64::new(1)),
        };
        let pool = Pool::new(PoolKey::dynamic("db", "sam"), settings(port), around);
        let pool = Arc::new(pool);
        Self { pool, undertaker }
    }

    async fn checkout(&self) -> Lease {
        self.pool.checkout(1, None::<&Keys>).await.unwrap()
    }

    async fn within<F: Future>(&self, future: F) -> F::Output {
        tokio::time::timeout(10 * SECOND, future)
            .await
            .expect("nobody let it in")
    }

    /// Everything comes home, and nobody is left waiting.
    async fn settle(&self) {
        let pool = &self.pool;
        let home = async {
            let at_home = || {
                pool.gate.free() == SIZE
                    && pool.servers() == 0
                    && self.undertaker.undertaking() == 0
            };
            while !at_home() {
                yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(10 * SECOND, home).await;
        let found = (
            pool.gate.free(),
            pool.servers(),
            self.undertaker.undertaking(),
        );
        assert!(in_time.is_ok(), "permits, servers, burials: {found:?}");
        assert_eq!((pool.gate.waiters(), pool.dialling()), (0, 0));
        assert!(pool.list_servers().is_empty());
    }
}

/// Speaks as PostgreSQL does, and waits before each word, so that each is an await of its own.
async fn serve(mut socket: TcpStream) {
    let mut words = vec![message(encode::authentication_ok)];
    for (name, value) in [("server_version", "15.0"), ("client_encoding", "UTF8")] {
        words.push(message(|out| encode::parameter_status(out, name, value)));
    }
    words.push(message(|out| encode::ready_for_query(out, TxStatus::Idle)));
    let length = socket.read_u32().await.unwrap_or(4) as usize;
    let _ = socket.read_exact(&mut vec![0; length - 4]).await;
    say(&mut socket, &words).await;
    let done = [
        message(|out| encode::command_complete(out, "RESET")),
        message(|out| encode::ready_for_query(out, TxStatus::Idle)),
    ];
    while socket.read_u8().await.is_ok_and(|tag| tag == b'Q') {
        let length = socket.read_u32().await.unwrap_or(4) as usize;
        let _ = socket.read_exact(&mut vec![0; length - 4]).await;
        say(&mut socket, &done).await;
    }
}

async fn say(socket: &mut TcpStream, words: &[Vec<u8>]) {
    for word in words {
        for _ in 0..20 {
            yield_now().await;
        }
        let _ = socket.write_all(word).await;
    }
}

fn message(build: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    build(&mut bytes);
    bytes
}

fn settings(port: u16) -> PoolSettings {
    let tls = ServerTls {
        mode: ServerTlsMode::Disable,
        ca: None,
        client_pair: None,
    };
    let times = ServerTimes {
        connect: 10 * SECOND,
        idle: None,
        lifetime: None,
        idle_check: None,
    };
    PoolSettings {
        epoch: 1,
        size: SIZE,
        min_size: 0,
        cleanup: Cleanup::Auto,
        times,
        query_wait: None,
        cancel_wait: SECOND,
        fair_slice: SECOND,
        prepared_statements: true,
        pool_statements: 8,
        server_statements: 8,
        max_concurrent_creates: 1,
        round_robin: false,
        user: "sam".to_owned(),
        credential: Some(Credential::None),
        own_parameters: Vec::new(),
        place: place(port, &tls),
    }
}

fn place(port: u16, tls: &ServerTls) -> Place {
    Place {
        address: ServerAddress::Tcp {
            host: "127.0.0.1".to_owned(),
            port,
        },
        database: "db".to_owned(),
        application_name: "pgturnstile".to_owned(),
        tls: Arc::new(Connector::load(tls).unwrap()),
        require_auth: RequireAuth {
            none: true,
            password: CleartextRule::Protected,
            md5: true,
            scram_sha_256: true,
        },
        startup_parameters: Vec::new(),
        sockets: SocketOptions {
            buffer_size: None,
            keepalive_idle: 5 * SECOND,
            keepalive_interval: 5 * SECOND,
            keepalive_count: 5,
            user_timeout: None,
            no_delay: true,
        },
        buffers: BufferPool::new(1 << 20),
    }
}
