//! The pools: who has one, when it goes, and how a server is lent.

pub mod attachment;
pub mod checkout;
pub mod counters;
pub mod dynamic;
pub mod entry;
pub mod gate;
pub mod gc;
mod handle;
pub mod init_guard;
pub mod key;
pub mod keys;
pub mod lease;
pub mod parameters;
pub mod pause;
#[expect(clippy::module_inception, reason = "the noun of the folder")]
pub mod pool;
mod probe;
pub mod probing;
pub mod registry;
pub mod roll;
pub mod settings;
pub mod slots;
mod state;
pub mod sweep;
pub mod sync;

#[cfg(test)]
mod abandoned;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod stress;
