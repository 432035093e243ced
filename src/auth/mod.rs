//! Challenge and response, pure: no sockets, no clock, no random numbers of its own.

pub mod cleartext;
pub mod md5;
pub mod proof;
pub mod scram;
pub mod secret;
pub mod stand_in;

pub use md5::Md5Answer;
pub use proof::Proof;
pub use secret::StoredSecret;
pub use stand_in::StandIns;
