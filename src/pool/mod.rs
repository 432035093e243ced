//! The pools: who has one, when it goes, and how a server is lent.

pub mod dynamic;
pub mod gate;
pub mod gc;
pub mod init_guard;
pub mod key;
pub mod lease;
pub mod registry;
pub mod slots;
pub mod sweep;
pub mod sync;
