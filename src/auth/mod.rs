//! Challenge and response, pure: no sockets, no clock, no random numbers of its own.

pub mod cleartext;
pub mod md5;
pub mod proof;
pub mod scram;
pub mod secret;

pub use proof::Proof;
pub use secret::StoredSecret;
