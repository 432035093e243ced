//! A connection to PostgreSQL: how it is opened, kept clean, and buried.

pub mod cancelling;
pub mod cleanup;
pub mod conn;
pub mod connect;
pub mod exchange;
pub mod info;
pub mod undertaker;
