//! Clients that do all that clients do, and write down what they asked and what they got.
//!
//! ```text
//!   Troupe ─▶ client: log in ─▶ trick, trick, trick … ─▶ leave ─▶ rest ─▶ log in …
//!                                 └─ Asked, Answered      └─ politely, rudely, thrown out
//! ```
//!
//! A *trick* is one kind of work ([`tricks::TRICKS`]); a later feature adds its line there. What a
//! client says of an outcome is never more than it knows: a write is acknowledged when its COMMIT
//! was, and it did not happen only where an error says so.

mod asked;
mod cast;
mod client;
mod desk;
mod effect;
mod line;
mod origin;
mod pace;
mod presence;
mod scene;
mod tally;
mod transaction;
mod tricks;
mod troupe;

pub use tally::Counts;
pub use troupe::Troupe;
