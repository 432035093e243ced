//! Who may begin when. Faults lie over each other as the schedule says, but some take longer than
//! it says, and what needs a server or a pooler would then meet none.

use std::sync::Arc;

use tokio::sync::{
    Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard,
};

use crate::plan::{Fault, PoolerFault, ServerFault};

/// Nobody ever holds two of these: there is nothing to deadlock.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Held while PostgreSQL is down or stands still, and by whoever needs it awake.
    server: Arc<Mutex<()>>,
    /// Held for writing while the pooler is down, for reading by whoever needs it up.
    pooler: Arc<RwLock<()>>,
}

/// Leave to begin; its drop lets others have theirs.
#[derive(Debug)]
#[expect(dead_code, reason = "guards are there to be held")]
pub(super) enum Turn {
    Free,
    Server(OwnedMutexGuard<()>),
    PoolerUp(OwnedRwLockReadGuard<()>),
    PoolerDown(OwnedRwLockWriteGuard<()>),
}

impl Turns {
    /// Waits until such a fault can begin.
    pub(super) async fn of(&self, fault: &Fault) -> Turn {
        match fault {
            Fault::Server(_) | Fault::Password { .. } => {
                Turn::Server(Arc::clone(&self.server).lock_owned().await)
            }
            Fault::Pooler(PoolerFault::Kill | PoolerFault::Drain) => {
                Turn::PoolerDown(Arc::clone(&self.pooler).write_owned().await)
            }
            Fault::Pooler(_) => Turn::PoolerUp(Arc::clone(&self.pooler).read_owned().await),
            Fault::Network { .. } | Fault::AtPoint { .. } | Fault::LookUps(_) => Turn::Free,
        }
    }

    /// Leave to ask the pooler, unless it is down or about to be.
    pub(super) fn at_once(&self) -> Option<RwLockReadGuard<'_, ()>> {
        self.pooler.try_read().ok()
    }
}

/// Whether others have to wait until it has ended, not only until it has begun.
pub(super) fn is_kept(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Server(ServerFault::Restart(_) | ServerFault::Freeze)
            | Fault::Pooler(PoolerFault::Kill | PoolerFault::Drain)
    )
}
