//! A connection to PostgreSQL: how it is opened, kept clean, and buried.

mod authenticate;
pub mod cancel;
pub mod cancelling;
pub mod cleanup;
pub mod conn;
pub mod connect;
mod dial;
mod dialling;
mod encrypt;
pub mod exchange;
pub mod info;
mod startup;
pub mod target;
pub mod undertaker;
