//! Bytes to meaning and back, without IO (PostgreSQL documentation, chapter "Frontend/Backend Protocol").

pub mod backend;
pub mod encode;
pub mod frame;
pub mod frontend;
pub mod sqlstate;
pub mod startup;
pub mod status;

pub use sqlstate::SqlState;
