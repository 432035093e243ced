//! What a client that proved itself leaves behind.

use std::sync::Arc;

use super::scram::secret::ScramKeys;

/// A client is who it says it is. Only the verifying code of this folder, and the trust of an HBA
/// rule, make one.
#[derive(Debug, Clone)]
#[allow(
    clippy::manual_non_exhaustive,
    reason = "the rest of this crate can't make one either"
)]
pub struct Proof {
    /// Good for logging in to a server that has the same verifier; only a SCRAM secret gives them.
    pub keys: Option<Arc<ScramKeys>>,
    _made_here: (),
}

impl Proof {
    /// An HBA rule asks for no proof.
    pub fn trusted() -> Self {
        Self::without_keys()
    }

    pub(super) fn without_keys() -> Self {
        Self {
            keys: None,
            _made_here: (),
        }
    }

    pub(super) fn with_keys(keys: ScramKeys) -> Self {
        Self {
            keys: Some(Arc::new(keys)),
            _made_here: (),
        }
    }
}
