//! Users and their verifiers, looked up in PostgreSQL.

pub mod cache;
pub mod executor;
pub mod verifier;
