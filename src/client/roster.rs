//! Who is here: every client, for lists, limits, cancel requests and the drain.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::pool::pool::Pool;
use crate::server::cancelling::CancelTarget;
use crate::wire::CancelKey;
use crate::world::{Endpoint, World};

/// A secret of protocol 3.0, and of 3.2 (`MAX_CANCEL_KEY_LENGTH` is 256; PostgreSQL 18 sends 32).
const SHORT_SECRET: usize = 4;
const LONG_SECRET: usize = 32;

/// The clients of the process; clones are the same roster.
#[derive(Debug, Clone, Default)]
pub struct Roster(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Clients from their hello on, those that are logging in included.
    count: AtomicUsize,
    next_id: AtomicU64,
    by_id: Mutex<BTreeMap<u64, Arc<ClientInfo>>>,
    by_pid: Mutex<BTreeMap<i32, Arc<ClientInfo>>>,
    /// What everybody was asked, those who come later too.
    asked: AtomicU8,
    changed: Notify,
}

/// What lists show of a client, and how it is reached.
#[derive(Debug)]
pub struct ClientInfo {
    /// Unique in the process.
    pub id: u64,
    pub key: CancelKey,
    pub user: Arc<str>,
    pub database: Arc<str>,
    pub peer: Option<Endpoint>,
    pub local: Option<Endpoint>,
    /// The process at the other end of a unix socket.
    pub remote_pid: Option<i32>,
    /// Version and cipher; empty = plain.
    pub tls: Box<str>,
    pub application_name: Box<str>,
    pub connected: SystemTime,
    /// `None` = at the console.
    pub pool: Option<Arc<Pool>>,
    born: Instant,
    /// Milliseconds from `born` to its latest request.
    requested: AtomicU64,
    statements: AtomicU32,
    standing: Mutex<Standing>,
    asked: AtomicU8,
    /// Who waits for something to be asked: the client's own task. Smaller than a `Notify` and its
    /// future, of which every resting client would have one.
    waker: Mutex<Option<Waker>>,
}

/// Where a client stands with regard to servers.
#[derive(Debug, Clone)]
enum Standing {
    /// No server, and nothing asked.
    Idle,
    Waiting {
        since: Instant,
    },
    /// It holds this server, which may be impossible to cancel.
    Lent {
        server: u64,
        cancel: Option<Arc<CancelTarget>>,
    },
}

/// The states of PgBouncer's SHOW CLIENTS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientState {
    Idle,
    Waiting { since: Instant },
    Active { server: u64 },
}

/// Set beside what was asked until its task has seen it.
const RUNG: u8 = 0x80;

/// What somebody asks of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Asked {
    /// A cancel request came while it waited.
    Cancel = 1,
    /// Leave at the end of the turn: the pooler shuts down.
    Drain = 2,
    /// Leave at the end of the turn: its database or user was removed.
    Dropped = 4,
}

impl ClientInfo {
    pub fn state(&self) -> ClientState {
        match &*self.standing() {
            Standing::Idle => ClientState::Idle,
            Standing::Waiting { since } => ClientState::Waiting { since: *since },
            Standing::Lent { server, .. } => ClientState::Active { server: *server },
        }
    }

    /// When it last asked for something.
    pub fn requested(&self) -> SystemTime {
        self.connected + Duration::from_millis(self.requested.load(Ordering::Relaxed))
    }

    pub fn statements(&self) -> u32 {
        self.statements.load(Ordering::Relaxed)
    }

    pub fn set_statements(&self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.statements.store(count, Ordering::Relaxed);
    }

    pub(super) fn rests(&self) {
        *self.standing() = Standing::Idle;
    }

    pub(super) fn waits(&self, now: Instant) {
        self.asked
            .fetch_and(!(Asked::Cancel as u8), Ordering::AcqRel);
        self.note_request(now);
        *self.standing() = Standing::Waiting { since: now };
    }

    /// From now on a cancel request goes to this server.
    pub(super) fn holds(&self, server: u64, cancel: Option<Arc<CancelTarget>>) {
        *self.standing() = Standing::Lent { server, cancel };
    }

    pub fn note_request(&self, now: Instant) {
        let since = now.saturating_duration_since(self.born).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.requested.store(since, Ordering::Relaxed);
    }

    pub fn ask(&self, what: Asked) {
        self.asked.fetch_or(what as u8 | RUNG, Ordering::AcqRel);
        let waker = lock(&self.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// What was asked concerned something that is over.
    pub fn forget(&self, what: Asked) {
        self.asked.fetch_and(!(what as u8), Ordering::AcqRel);
    }

    pub fn is_asked(&self, what: Asked) -> bool {
        self.asked.load(Ordering::Acquire) & what as u8 != 0
    }

    /// Why it has to leave at the end of its turn, if it has to.
    pub fn farewell(&self) -> Option<Error> {
        if self.is_asked(Asked::Drain) {
            return Some(Error::shutdown(
                "terminating connection: the pooler is shutting down",
            ));
        }
        self.is_asked(Asked::Dropped)
            .then(|| Error::shutdown("terminating connection: the database or user was removed"))
    }

    /// Ready when something was asked since the last time it was; only one task may wait.
    pub fn poll_woken(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut waker = lock(&self.waker);
        if !waker
            .as_ref()
            .is_some_and(|known| known.will_wake(cx.waker()))
        {
            *waker = Some(cx.waker().clone());
        }
        drop(waker);
        // Looked at after the waker is in place, so that no call falls in between.
        if self.asked.fetch_and(!RUNG, Ordering::AcqRel) & RUNG == 0 {
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Resolves when something was asked since the last time it did.
    ///
    /// # Cancel safety
    /// A dropped call changes nothing.
    pub async fn woken(&self) {
        poll_fn(|cx| self.poll_woken(cx)).await;
    }

    /// What a cancel request for it does now: the server to be asked, already announced.
    fn cancel(&self) -> Option<(Arc<CancelTarget>, Arc<Pool>)> {
        let standing = self.standing();
        match &*standing {
            Standing::Lent {
                cancel: Some(target),
                ..
            } => {
                // Under the lock, so that the server can't be lent on between look and count.
                target.announce();
                Some((Arc::clone(target), self.pool.clone()?))
            }
            Standing::Waiting { .. } => {
                self.ask(Asked::Cancel);
                None
            }
            Standing::Idle => {
                // At the console it ends a waiting command.
                if self.pool.is_none() {
                    self.ask(Asked::Cancel);
                }
                None
            }
            Standing::Lent { .. } => None,
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known of a client once it has logged in.
#[derive(Debug)]
pub struct Introduction {
    pub user: Arc<str>,
    pub database: Arc<str>,
    pub peer: Option<Endpoint>,
    pub local: Option<Endpoint>,
    pub remote_pid: Option<i32>,
    pub tls: Box<str>,
    pub application_name: Box<str>,
    pub pool: Option<Arc<Pool>>,
    /// Protocol 3.2: a long secret.
    pub long_key: bool,
}

/// One client counted, from its hello on.
#[derive(Debug)]
pub struct Seat(Arc<Inner>);

/// A client on the roster; dropping it takes the client off.
#[derive(Debug)]
pub struct Present {
    inner: Arc<Inner>,
    pub info: Arc<ClientInfo>,
}

impl Roster {
    /// Counts a client that has said hello.
    ///
    /// # Errors
    /// 53300 when `max` are here.
    pub fn sit_down(&self, max: usize) -> Result<Seat> {
        let seat = Seat(Arc::clone(&self.0));
        if self.0.count.fetch_add(1, Ordering::AcqRel) >= max {
            return Err(Error::too_many_clients());
        }
        Ok(seat)
    }

    /// Lists a client that has logged in, and gives it the key for its cancel requests.
    pub fn enter(&self, world: &World, who: Introduction) -> Present {
        let mut secret = [0; LONG_SECRET];
        world.fill_random(&mut secret);
        let secret = &secret[..if who.long_key {
            LONG_SECRET
        } else {
            SHORT_SECRET
        }];
        let mut by_pid = lock(&self.0.by_pid);
        let mut pid = random_pid(world);
        while by_pid.contains_key(&pid) {
            pid = random_pid(world);
        }
        let info = Arc::new(ClientInfo {
            id: self.0.next_id.fetch_add(1, Ordering::Relaxed) + 1,
            key: CancelKey::new(pid, secret),
            user: who.user,
            database: who.database,
            peer: who.peer,
            local: who.local,
            remote_pid: who.remote_pid,
            tls: who.tls,
            application_name: who.application_name,
            connected: world.wall(),
            pool: who.pool,
            born: world.now(),
            requested: AtomicU64::new(0),
            statements: AtomicU32::new(0),
            standing: Mutex::new(Standing::Idle),
            asked: AtomicU8::new(self.0.asked.load(Ordering::Acquire)),
            waker: Mutex::new(None),
        });
        by_pid.insert(pid, Arc::clone(&info));
        drop(by_pid);
        lock(&self.0.by_id).insert(info.id, Arc::clone(&info));
        let inner = Arc::clone(&self.0);
        Present { inner, info }
    }

    /// Clients from their hello on.
    pub fn count(&self) -> usize {
        self.0.count.load(Ordering::Acquire)
    }

    /// Those that have logged in, in the order in which they came.
    pub fn list(&self) -> Vec<Arc<ClientInfo>> {
        lock(&self.0.by_id).values().cloned().collect()
    }

    pub fn cancel_keys(&self) -> usize {
        lock(&self.0.by_pid).len()
    }

    /// A cancel request has come: the server to be asked, already announced. The secret is compared
    /// in constant time, so that it can't be guessed byte by byte.
    pub(super) fn cancel(&self, key: &CancelKey) -> Option<(Arc<CancelTarget>, Arc<Pool>)> {
        use subtle::ConstantTimeEq;
        let client = lock(&self.0.by_pid).get(&key.pid).cloned()?;
        let same: bool = client.key.secret().ct_eq(key.secret()).into();
        same.then(|| client.cancel()).flatten()
    }

    pub fn ask_all(&self, what: Asked) {
        self.0.asked.fetch_or(what as u8, Ordering::AcqRel);
        self.list().iter().for_each(|client| client.ask(what));
    }

    /// Resolves when nobody is here.
    ///
    /// # Cancel safety
    /// A dropped call changes nothing.
    pub async fn empty(&self) {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            // The console's clients have no seat, but are to be told goodbye as the others are.
            if self.count() == 0 && lock(&self.0.by_id).is_empty() {
                return;
            }
            changed.await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::AcqRel);
        self.0.changed.notify_waiters();
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        lock(&self.inner.by_pid).remove(&self.info.key.pid);
        lock(&self.inner.by_id).remove(&self.info.id);
        self.inner.changed.notify_waiters();
    }
}

/// Positive, as the process numbers that drivers expect.
fn random_pid(world: &World) -> i32 {
    let mut bytes = [0; 4];
    world.fill_random(&mut bytes);
    (i32::from_be_bytes(bytes) & i32::MAX).max(1)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
