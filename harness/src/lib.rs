//! Starts PostgreSQL and poolers, drives them from outside by ports and bytes, and judges them.
//!
//! In scope: PostgreSQL instances of two kinds with one interface ([`instance`]), poolers under
//! test ([`pooler`]), faults between the two (`toxiproxy`), clients, the console, the ledger,
//! the audit, artefacts, and the clearing of what a dead run left ([`sweep`]). Out of scope: Gherkin (the
//! `steps` crate) and the pooler's own library, which this crate deliberately does not know.

pub mod artifacts;
pub mod audit;
pub mod certificate;
pub mod client;
pub mod console;
pub mod error;
pub mod instance;
pub mod ledger;
pub mod names;
pub mod owner;
pub mod pooler;
pub mod ports;
pub mod process;
pub mod provider;
pub mod relay;
pub mod scratch;
pub mod serverlog;
pub mod sweep;
#[cfg(feature = "faults")]
pub mod toxiproxy;

pub use error::{Error, Result};
pub use instance::{Instance, InstanceSpec, Method, Mode};
pub use pooler::{Pooler, PoolerKind, PoolerSpec};
pub use provider::Provider;
