//! SCRAM-SHA-256 (RFC 5802, RFC 7677), both sides, able to pass a client's keys through.
//!
//! ```text
//! client                                              server
//!   | client-first   n,,n=user,r=C                       |
//!   |--------------------------------------------------->| AwaitClientFirst
//!   | server-first   r=CS,s=salt,i=4096                  |
//!   |<---------------------------------------------------|
//!   | client-final   c=biws,r=CS,p=proof                 |
//!   |--------------------------------------------------->| AwaitClientFinal -> ScramKeys
//!   | server-final   v=signature                         |
//!   |<---------------------------------------------------|
//! ```

pub mod client;
mod derive;
pub mod message;
pub mod secret;
pub mod server;

/// The mechanism without channel binding.
pub const SCRAM_SHA_256: &str = "SCRAM-SHA-256";
/// The mechanism with channel binding.
pub const SCRAM_SHA_256_PLUS: &str = "SCRAM-SHA-256-PLUS";
