//! TLS on both sides.

pub mod accept;
pub mod connect;
pub mod endpoint;
