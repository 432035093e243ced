//! pgturnstile: a compact PostgreSQL connection pooler whose users come from PostgreSQL.
//!
//! In scope: pools of server connections per user and database, `auth_query` passthrough, a faithful
//! and fair relay in transaction mode, and what an operator needs to run it.
//! Out of scope: routing by content, rewriting of SQL, failover, storing anybody's password.
//!
//! A map, from the door inwards; whoever stands higher may use what stands lower:
//!
//! ```text
//! main, logging     the command line
//! app               makes everything once, hands it out, ends it
//! admin   drain     the console; leaving
//! control           what an operator can have done: reload, pause, resume
//! client            a connection from its first byte to its last: hello, login, turns, the pump
//! pool  auth_query  who has a pool and when it goes, leases; users looked up in PostgreSQL
//! server            opening, cleaning, cancelling and burying connections to PostgreSQL
//! net               sockets with TLS, frames over them, the one door for sends
//! session  auth     pure: what is owed, prepared and set; challenge and response
//! wire              pure: bytes and their meaning
//! config  error  world     leaves: settings, the one error type, the one door to the outside
//! failpoint         a leaf too: faults for the tests, nothing in any other build
//! ```

pub mod admin;
pub mod app;
pub mod auth;
pub mod auth_query;
pub mod client;
pub mod config;
pub mod control;
pub mod drain;
pub mod error;
pub mod failpoint;
pub mod logging;
pub mod net;
pub mod pool;
pub mod server;
pub mod session;
pub mod wire;
pub mod world;

pub use error::{Error, ErrorKind, Result};
