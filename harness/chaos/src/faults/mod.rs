//! The schedule, acted out: each fault is put in place, stays, and is taken away again.
//!
//! ```text
//!   play ─▶ act, one task a fault ─▶ place ──┬─▶ network, look-ups   toxics of the two proxies
//!                begin … stay … end          ├─▶ server, password    PostgreSQL itself
//!                                            └─▶ pooler              signals, files, console
//! ```
//!
//! Taking away works from the fault alone, whatever became of its beginning, so that a fault which
//! half failed leaves nothing behind. [`lift_all`] knows not even the faults.

mod act;
mod current;
mod lift;
mod network;
mod password;
mod place;
mod play;
mod pooler;
mod server;
mod toxic;
mod turns;

pub use current::Current;
pub use lift::lift_all;
pub use play::play;
pub use pooler::CHANGED_POOL_SIZES;
pub(crate) use toxic::number_of;
