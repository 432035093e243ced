//! What a look-up knows of a user.

use crate::auth::StoredSecret;

/// Which fetched verifier a pool's keys came from. Epochs are ordered by their fetch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyEpoch {
    /// The number of the fetch, rising over all users of a database; 0 = never fetched.
    pub fetch: u64,
    /// A fingerprint of the verifier.
    pub hash: u64,
}

/// A user that the query found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSecret {
    pub secret: StoredSecret,
    pub fetch: u64,
    pub epoch: KeyEpoch,
    /// The user's own GUCs for servers opened as this user, names in lower case.
    pub startup_parameters: Vec<(String, String)>,
}

impl UserSecret {
    pub(super) fn new(
        secret: StoredSecret,
        fetch: u64,
        startup_parameters: Vec<(String, String)>,
    ) -> Self {
        let hash = secret.fingerprint();
        Self {
            secret,
            fetch,
            epoch: KeyEpoch { fetch, hash },
            startup_parameters,
        }
    }
}
