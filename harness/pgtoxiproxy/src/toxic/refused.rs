//! What is wrong with a body.

use std::fmt::Display;

/// Why a body was refused; the API answers 400 with this text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Refused {
    /// With the words that Toxiproxy begins such an answer with.
    pub fn body(reason: impl Display) -> Self {
        Self(format!("bad request body: {reason}"))
    }
}
