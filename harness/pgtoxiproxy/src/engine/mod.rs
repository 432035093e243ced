//! Carries one connection through the toxics of its proxy, over any tokio streams.
//!
//! ```text
//! client ─ read ─ [tracker] ─ [stage] … [stage] ─ write ─ server      the line upstream
//! client ─ write ─ [stage] … [stage] ─ [tracker] ─ read ─ server      the line downstream
//! ```
//! Each line is pulled at its end ([`stage`]). The tracker stands first: it knows the protocol and
//! does what the `pg_*` toxics say; behind it stand the standard toxics in the order of their
//! creation. One task carries both lines, so what one of them decides the other can do.

mod carrier;
mod chain;
mod connection;
mod dice;
mod ending;
pub mod events;
mod faults;
pub mod holds;
mod line;
mod script;
mod shared;
mod source;
pub mod stage;
pub mod standard;
pub mod tls;
mod tracker;
mod wire;

pub use carrier::carry;
pub use connection::{Connection, Traffic};
pub use dice::Dice;
pub use faults::{Faults, Taken};
pub use wire::Wire;
