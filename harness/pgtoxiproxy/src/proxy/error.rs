//! Why a proxy or a toxic can't be had.

use crate::toxic::Refused;

/// The texts are those of Toxiproxy, which its clients show to their users.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("proxy not found")]
    NoProxy,
    #[error("toxic not found")]
    NoToxic,
    #[error("proxy already exists")]
    ProxyExists,
    #[error("toxic already exists")]
    ToxicExists,
    /// It can't listen there.
    #[error("{0}")]
    Listen(String),
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Error {
    /// A field that must be there is not.
    pub(super) fn missing(field: impl std::fmt::Display) -> Self {
        Self::Refused(Refused(format!("missing required field: {field}")))
    }

    pub(super) fn refused(sentence: impl Into<String>) -> Self {
        Self::Refused(Refused(sentence.into()))
    }
}
