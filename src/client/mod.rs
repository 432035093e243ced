//! An application's connection, from its first byte to its last.

pub mod around;
pub mod cancel;
pub mod challenge;
#[expect(clippy::module_inception, reason = "the noun of the folder")]
pub mod client;
pub mod farewell;
pub mod hba;
pub mod hello;
pub mod idle;
pub mod login;
pub mod pump;
pub mod roster;
pub mod serve;
pub mod turn;
pub mod vetting;
