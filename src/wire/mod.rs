//! Bytes to meaning and back, without IO (PostgreSQL documentation, chapter "Frontend/Backend Protocol").
//!
//! `startup` and `frontend` read what clients send, `backend` what PostgreSQL sends; `encode` writes
//! to clients, `request` writes to PostgreSQL.

pub mod backend;
pub mod encode;
pub mod frame;
pub mod frontend;
mod read;
pub mod request;
pub mod sqlstate;
pub mod startup;
pub mod status;
mod write;

pub use frame::Malformed;
pub use sqlstate::SqlState;
pub use startup::CancelKey;
pub use status::TxStatus;
