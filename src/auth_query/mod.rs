//! Users and their verifiers, looked up in PostgreSQL.
//!
//! ```text
//! service  one per database: look_up, coalesced per user
//!   cache     answers and their ages
//!   executor  connections of its own, and who waits for them
//!     worker    one connection and the prepared query
//!       session   our login, handed to tokio-postgres
//!       answer    what the columns of a row mean
//! ```

mod answer;
pub mod cache;
pub mod counters;
pub mod executor;
mod parameters;
pub mod service;
mod session;
pub mod verifier;
mod worker;

pub use counters::{AuthQueryStats, Counters};
pub use service::AuthQueryService;
pub use verifier::{KeyEpoch, UserSecret};
