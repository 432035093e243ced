//! The admin console.

pub mod command;
pub mod reply;
pub mod show;
