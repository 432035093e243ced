//! The keys that a pool opens servers with, where they come from its clients' logins.

use std::sync::{Mutex, PoisonError};

use crate::auth::{Proof, StoredSecret};
use crate::auth_query::verifier::KeyEpoch;
use crate::server::target::Credential;

/// What a login brings: its keys, and which fetched verifier they belong to.
#[derive(Debug, Clone)]
pub struct Keys {
    pub epoch: KeyEpoch,
    pub credential: Credential,
}

impl Keys {
    /// What a client's stored secret and its proof are good for at PostgreSQL.
    pub fn new(epoch: KeyEpoch, secret: &StoredSecret, proof: Proof) -> Self {
        let credential = match (secret, proof.keys) {
            (_, Some(keys)) => Credential::Scram(keys),
            (StoredSecret::Md5(hash), None) => Credential::Md5(hash.clone()),
            (StoredSecret::Plain(password), None) => Credential::Password(password.clone()),
            _ => Credential::None,
        };
        Self { epoch, credential }
    }
}

/// The latest keys. PostgreSQL's refusal is remembered, so that a stale pool asks it only once.
#[derive(Debug, Default)]
pub struct KeyRing(Mutex<Option<Ring>>);

#[derive(Debug)]
struct Ring {
    keys: Keys,
    refused: bool,
}

impl KeyRing {
    /// Takes keys of a later fetch, or keys where there were none.
    pub fn offer(&self, keys: Keys) {
        let mut ring = self.lock();
        let better = ring.as_ref().is_none_or(|held| {
            keys.epoch.fetch > held.keys.epoch.fetch
                || (matches!(held.keys.credential, Credential::None)
                    && !matches!(keys.credential, Credential::None))
        });
        if better {
            let refused = false;
            *ring = Some(Ring { keys, refused });
        }
    }

    /// The keys to open a server with; `None` = PostgreSQL has refused them.
    pub fn usable(&self) -> Option<Keys> {
        let ring = self.lock();
        match &*ring {
            Some(ring) if ring.refused => None,
            Some(ring) => Some(ring.keys.clone()),
            None => Some(Keys {
                epoch: KeyEpoch::default(),
                credential: Credential::None,
            }),
        }
    }

    /// PostgreSQL took no login with keys of that epoch.
    pub fn refused(&self, epoch: KeyEpoch) {
        if let Some(ring) = &mut *self.lock()
            && ring.keys.epoch == epoch
        {
            ring.refused = true;
        }
    }

    pub fn epoch(&self) -> KeyEpoch {
        self.lock()
            .as_ref()
            .map(|r| r.keys.epoch)
            .unwrap_or_default()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Ring>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Secret;

    fn keys(fetch: u64) -> Keys {
        Keys {
            epoch: KeyEpoch { fetch, hash: fetch },
            credential: Credential::Md5(Secret::new("md5")),
        }
    }

    #[test]
    fn only_a_later_fetch_brings_new_keys() {
        let ring = KeyRing::default();
        ring.offer(keys(2));
        ring.offer(keys(1));
        assert_eq!(ring.epoch().fetch, 2);
        ring.refused(keys(1).epoch);
        assert!(ring.usable().is_some(), "another epoch was refused");
        ring.refused(keys(2).epoch);
        assert!(ring.usable().is_none());
        ring.offer(keys(2));
        assert!(
            ring.usable().is_none(),
            "the same keys are as bad as before"
        );
        ring.offer(keys(3));
        assert!(ring.usable().is_some());
    }
}
