//! What lists show of a server: plain facts, and a few words that its holder keeps up to date.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::SystemTime;

use crate::world::Endpoint;

/// The states of PgBouncer's SHOW SERVERS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ServerState {
    /// Being opened.
    New,
    Active,
    Idle,
    /// Being reset or asked whether it lives.
    Tested,
    /// Done with its client, but a cancel request for it is under way.
    BeingCanceled,
}

impl ServerState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Active => "active",
            Self::Idle => "idle",
            Self::Tested => "tested",
            Self::BeingCanceled => "being_canceled",
        }
    }

    fn from_number(number: u8) -> Self {
        match number {
            0 => Self::New,
            1 => Self::Active,
            2 => Self::Idle,
            3 => Self::Tested,
            _ => Self::BeingCanceled,
        }
    }
}

/// One server, for SHOW SERVERS. Shared between its holder and its pool's list.
#[derive(Debug)]
pub struct ServerInfo {
    /// Unique in the process.
    pub id: u64,
    pub backend_pid: i32,
    pub peer: Option<Endpoint>,
    pub local: Option<Endpoint>,
    /// Version and cipher; empty = plain.
    pub tls: String,
    pub application_name: String,
    pub connected: SystemTime,
    /// The settings epoch it was opened under.
    pub epoch: u64,
    state: AtomicU8,
    /// The client that holds it; 0 = nobody.
    client: AtomicU64,
    /// Milliseconds from `connected` to the start of its latest lease.
    requested: AtomicU64,
    statements: AtomicU32,
}

impl ServerInfo {
    pub fn new(id: u64, facts: Facts) -> Self {
        Self {
            id,
            backend_pid: facts.backend_pid,
            peer: facts.peer,
            local: facts.local,
            tls: facts.tls,
            application_name: facts.application_name,
            connected: facts.connected,
            epoch: facts.epoch,
            state: AtomicU8::new(ServerState::New as u8),
            client: AtomicU64::new(0),
            requested: AtomicU64::new(0),
            statements: AtomicU32::new(0),
        }
    }

    pub fn state(&self) -> ServerState {
        ServerState::from_number(self.state.load(Ordering::Relaxed))
    }

    pub fn set_state(&self, state: ServerState) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    /// Lent to a client, `since` milliseconds after it was opened.
    pub fn lend(&self, client: u64, since: u64) {
        self.client.store(client, Ordering::Relaxed);
        self.requested.store(since, Ordering::Relaxed);
        self.set_state(ServerState::Active);
    }

    pub fn rest(&self) {
        self.client.store(0, Ordering::Relaxed);
        self.set_state(ServerState::Idle);
    }

    pub fn client(&self) -> u64 {
        self.client.load(Ordering::Relaxed)
    }

    /// When its latest lease began.
    pub fn requested(&self) -> SystemTime {
        let since = self.requested.load(Ordering::Relaxed);
        self.connected + std::time::Duration::from_millis(since)
    }

    pub fn statements(&self) -> u32 {
        self.statements.load(Ordering::Relaxed)
    }

    pub fn set_statements(&self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.statements.store(count, Ordering::Relaxed);
    }
}

/// What is known of a server when it has been opened.
#[derive(Debug)]
pub struct Facts {
    pub backend_pid: i32,
    pub peer: Option<Endpoint>,
    pub local: Option<Endpoint>,
    pub tls: String,
    pub application_name: String,
    pub connected: SystemTime,
    pub epoch: u64,
}
