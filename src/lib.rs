//! pgturnstile: a compact PostgreSQL connection pooler whose users come from PostgreSQL.

pub mod admin;
pub mod app;
pub mod auth;
pub mod auth_query;
pub mod client;
pub mod config;
pub mod control;
pub mod drain;
pub mod error;
pub mod logging;
pub mod net;
pub mod pool;
pub mod server;
pub mod session;
pub mod wire;
pub mod world;

pub use error::{Error, ErrorKind, Result};
