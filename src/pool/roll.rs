//! The roll of a pool's servers, each on it from its dial to its burial.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::server::info::ServerInfo;

#[derive(Debug, Default)]
pub struct Roll {
    count: AtomicUsize,
    dialling: AtomicUsize,
    listed: Mutex<BTreeMap<u64, Arc<ServerInfo>>>,
}

/// One server on the roll; dropping it takes the server off.
#[derive(Debug)]
pub struct OnRoll {
    roll: Arc<Roll>,
    listed: Option<u64>,
}

impl Roll {
    /// Servers: live, dialling, or being buried.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub fn dialling(&self) -> usize {
        self.dialling.load(Ordering::Acquire)
    }

    /// Open servers, for lists.
    pub fn list(&self) -> Vec<Arc<ServerInfo>> {
        self.listed().values().cloned().collect()
    }

    fn listed(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<ServerInfo>>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A server is about to be dialled.
    pub fn enter(self: &Arc<Self>) -> OnRoll {
        self.count.fetch_add(1, Ordering::AcqRel);
        self.dialling.fetch_add(1, Ordering::AcqRel);
        OnRoll {
            roll: Arc::clone(self),
            listed: None,
        }
    }
}

impl OnRoll {
    /// The server is open: lists show it from now on.
    pub fn opened(&mut self, info: &Arc<ServerInfo>) {
        self.roll.dialling.fetch_sub(1, Ordering::AcqRel);
        self.listed = Some(info.id);
        self.roll.listed().insert(info.id, Arc::clone(info));
    }

    /// The server is being buried: lists show it no more, but it still counts.
    pub fn unlist(&self) {
        if let Some(id) = self.listed {
            self.roll.listed().remove(&id);
        }
    }
}

impl Drop for OnRoll {
    fn drop(&mut self) {
        match self.listed {
            Some(_) => self.unlist(),
            None => {
                self.roll.dialling.fetch_sub(1, Ordering::AcqRel);
            }
        }
        self.roll.count.fetch_sub(1, Ordering::AcqRel);
    }
}
