//! The turn against a reference: a model of PostgreSQL's main loop answers what a client sends, and
//! after every step the turn is judged by what the model knows.
//!
//! ```text
//!   menu ──► Conversation { turn, main loop, replies on their way } ──► a complaint, or nothing
//!              ▲ explore: every order up to a depth   ▲ random: long ones
//! ```
//!
//! docs/turn.md tells what is covered and what is not.

mod conversation;
mod explore;
mod judge;
mod key;
mod main_loop;
mod menu;
mod random;
mod said;

use std::fmt;

use said::{Fate, Request};

/// One step of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    /// The next reply reaches the turn.
    Deliver,
    /// The pump sends its probe, which the turn wanted.
    Probe,
    Say(Say),
}

/// What goes to the server at once, as the pump puts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Say {
    Client(Request),
    /// The client's parameters, ahead of all else: Parse, Bind, Execute and Sync of ours.
    Parameters(Fate),
    /// A statement is prepared ahead of the Bind that needs it.
    Prepared(Fate),
    /// It was in doubt whether the server has it: Close, Parse, then the Bind.
    PreparedAnew,
    /// A Close that stands in for the client's Parse.
    StandIn,
    /// Behind a client's Parse the oldest statement is closed.
    Evicting,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deliver => write!(f, "  <- a reply"),
            Self::Probe => write!(f, "  => the probe"),
            Self::Say(Say::Client(request)) => write!(f, "-> {request:?}"),
            Self::Say(say) => write!(f, "-> {say:?}"),
        }
    }
}
