//! Sockets, TLS and protocol frames over them.

pub mod buffer;
pub mod listen;
pub mod outbox;
pub mod pg;
pub mod stream;
pub mod tls;
