//! PostgreSQL's bytes: the names of messages, frames, a conversation's state. No IO.

pub mod frame;
pub mod message;
pub mod reply;
pub mod talk;
