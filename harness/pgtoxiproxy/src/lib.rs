//! A fault proxy: the Toxiproxy v2 HTTP API, its toxics, and toxics that know the PostgreSQL
//! protocol.
//!
//! In scope: everything between two byte streams (delays, cuts, resets, barriers at a named message),
//! proxies on TCP, the API. Out of scope: UDP, TLS client certificates, protocols other than
//! PostgreSQL's (their bytes pass, the standard toxics work on them).
//!
//! | module | what it is |
//! |---|---|
//! | [`toxic`] | what a toxic is: a name, a stream, a kind with its attributes; JSON in and out |
//! | [`pg`] | PostgreSQL's bytes: frames, the names of messages, a conversation's state; no IO |
//! | [`engine`] | carries one connection through the toxics of its proxy, over any tokio streams |
//! | [`proxy`] | listeners and connections on TCP, and the collection of proxies by name |
//! | [`api`] | the HTTP API |
//! | [`options`] | the command line |
//!
//! Arrows point one way: `api -> proxy -> engine -> {toxic, pg}`.

pub mod api;
pub mod engine;
pub mod options;
pub mod pg;
pub mod proxy;
mod stream;
pub mod toxic;

/// The version of the Toxiproxy API that is spoken.
pub const API_VERSION: &str = "2.12.0";
