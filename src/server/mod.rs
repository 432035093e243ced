//! A connection to PostgreSQL: how it is opened, kept clean, and buried.

pub mod cleanup;
pub mod conn;
pub mod connect;
pub mod undertaker;
