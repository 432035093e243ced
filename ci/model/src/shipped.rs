//! The files that are shipped, as they are. `sync` is the only one in whose place another stands.
#![allow(
    dead_code,
    clippy::pedantic,
    clippy::use_self,
    reason = "the pooler uses all of it and lints it; here only what is modelled is used"
)]

#[path = "../../../src/pool/attachment.rs"]
pub mod attachment;
#[path = "../../../src/pool/counters.rs"]
pub mod counters;
#[path = "../../../src/pool/entry.rs"]
pub mod entry;
#[path = "../../../src/pool/gc.rs"]
pub mod gc;
#[path = "../../../src/pool/handle.rs"]
mod handle;
#[path = "../../../src/pool/init_guard.rs"]
pub mod init_guard;
#[path = "../../../src/pool/key.rs"]
pub mod key;
#[path = "../../../src/pool/pause.rs"]
pub mod pause;
#[path = "../../../src/pool/probe.rs"]
mod probe;
#[path = "../../../src/pool/probing.rs"]
pub mod probing;
#[path = "../../../src/pool/registry.rs"]
pub mod registry;
#[path = "../../../src/pool/state.rs"]
mod state;

use super::sync;
