//! An application's connection, from its first byte to its last.

pub mod cancel;
pub mod around;
pub mod challenge;
pub mod farewell;
pub mod idle;
pub mod hba;
pub mod hello;
pub mod login;
pub mod pump;
pub mod roster;
pub mod serve;
pub mod turn;
