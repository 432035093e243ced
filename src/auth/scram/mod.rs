//! SCRAM-SHA-256 (RFC 5802, RFC 7677), both sides, able to pass a client's keys through.

pub mod client;
pub mod message;
pub mod secret;
pub mod server;
