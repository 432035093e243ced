//! The fault proxy between a pooler and PostgreSQL, driven from outside.
//!
//! One server serves a run ([`server`]); each scenario makes a proxy of its own in it ([`proxy`]).
//! What Toxiproxy's plain clients can say goes through `toxiproxy_rust` ([`plain`]), the rest
//! through a small client of the HTTP API ([`client`]).

pub mod client;
mod container;
pub mod plain;
pub mod proxy;
pub mod server;

pub use client::{Client, Held, NewToxic, Toxic};
pub use proxy::Proxy;
pub use server::Server;
