//! The admin console: PgBouncer's commands and columns, over the simple and the extended protocol.
//!
//! `words` and `command` turn text into what is asked, `run` does it, `reply` is what comes of it, `session`
//! speaks the protocol, `show` has a file for each list.

mod command;
mod portal;
mod reply;
mod run;
mod session;
mod show;
mod words;

pub use session::serve;
