//! Where idle servers wait: bb8 as a holder of slots.
//!
//! bb8 never opens a connection here: `connect` gives an empty slot at once, and whoever got it
//! dials in its own task, with its own error and its own time-out. A slot that comes home without a
//! clean server is thrown away. How many slots there are is the gate's business, so bb8 has no bound
//! of its own, no timers and no waiters.

use std::convert::Infallible;
use std::fmt;

use bb8::{ManageConnection, PooledConnection, QueueStrategy};

use super::roll::OnRoll;
use crate::server::conn::ServerConn;

/// A server of the pool, and its place on the pool's roll.
#[derive(Debug)]
pub struct Member {
    pub server: ServerConn,
    pub roll: OnRoll,
}

/// Room for one server.
#[derive(Debug, Default)]
pub struct Slot(pub Option<Box<Member>>);

/// A slot in somebody's hands; dropped, it goes home or, if unclean, away.
pub type TakenSlot = PooledConnection<'static, Empty>;

/// Makes empty slots.
#[derive(Debug)]
pub struct Empty;

impl ManageConnection for Empty {
    type Connection = Slot;
    type Error = Infallible;

    async fn connect(&self) -> Result<Slot, Infallible> {
        Ok(Slot::default())
    }

    async fn is_valid(&self, _: &mut Slot) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, slot: &mut Slot) -> bool {
        slot.0
            .as_ref()
            .is_none_or(|member| !member.server.is_clean())
    }
}

pub struct Slots(bb8::Pool<Empty>);

impl fmt::Debug for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.state())
    }
}

impl Slots {
    /// `fifo`: lend the server that has been idle longest (`server_round_robin`).
    pub fn new(fifo: bool) -> Self {
        let strategy = if fifo {
            QueueStrategy::Fifo
        } else {
            QueueStrategy::Lifo
        };
        Self(
            bb8::Pool::builder()
                .max_size(u32::MAX)
                .min_idle(None)
                .idle_timeout(None)
                .max_lifetime(None)
                .retry_connection(false)
                .test_on_check_out(false)
                .queue_strategy(strategy)
                .build_unchecked(Empty),
        )
    }

    /// A slot, with an idle server in it if there is one. The caller holds a permit.
    ///
    /// # Cancel safety
    /// A dropped call may leave an empty slot among the idle ones; the next lease dials into it.
    pub async fn take(&self) -> TakenSlot {
        loop {
            // An empty slot costs nothing and can't fail; bb8's time-out is for its own bound,
            // which is never reached.
            if let Ok(slot) = self.0.get_owned().await {
                return slot;
            }
        }
    }

    /// Puts a server among the idle ones; gives it back if there is no room, which never is.
    pub fn add(&self, member: Box<Member>) -> Result<(), Box<Member>> {
        use bb8::AddError;
        match self.0.add(Slot(Some(member))) {
            Ok(()) => Ok(()),
            Err(AddError::Broken(slot) | AddError::NoCapacity(slot)) => slot.0.map_or(Ok(()), Err),
        }
    }

    /// Slots at home, nearly all with an idle server in them.
    pub fn idle(&self) -> u32 {
        self.0.state().idle_connections
    }
}
