//! Clients that scenarios speak through: a driver as applications use it, and a wire client that
//! sends and receives single messages, sound or hostile.

pub mod canceller;
pub mod compose;
pub mod copy;
pub mod driver;
pub mod failure;
pub mod handshake;
pub mod login;
pub mod message;
pub mod session;
pub mod trace;
pub mod wire;

pub use canceller::Canceller;
pub use driver::Driver;
pub use failure::Failure;
pub use login::{Endpoint, Login, Roots, Tls};
pub use message::{Column, Message};
pub use session::{Answer, Session};
pub use trace::Trace;
pub use wire::Wire;
