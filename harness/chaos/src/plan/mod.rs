//! What a run will do, worked out from its seed before it begins.
//!
//! ```text
//!   seed, seconds ─▶ Schedule: which fault begins when, and how long it stays ─▶ schedule.json
//! ```
//!
//! The same seed gives the same schedule, byte for byte. What comes of it may differ from run to run.

mod deck;
mod fault;
mod point;
mod schedule;
mod words;

pub use deck::at_points;
pub use fault::{Fault, LookUps, PoolerFault, ServerFault, Side, Stop, Trouble};
pub use point::{Action, Edge, Point};
pub use schedule::{Order, Planned, Schedule};
pub use words::NoFault;
