//! Which pool a client comes to once it has proved itself.

use std::sync::Arc;

use super::Visitor;
use crate::auth::{Proof, StoredSecret};
use crate::auth_query::verifier::KeyEpoch;
use crate::client::around::{Around, Realm};
use crate::client::turn::unless_gone;
use crate::config::hba::HbaRule;
use crate::error::{Error, Result};
use crate::failpoint::failpoint;
use crate::pool::attachment::Attachment;
use crate::pool::dynamic;
use crate::pool::key::{Origin, PoolKey};
use crate::pool::keys::Keys;
use crate::pool::pool::Pool;
use crate::server::target::Credential;
use crate::wire::SqlState;

impl Visitor {
    pub(super) async fn log_in_static(
        &mut self,
        around: &Arc<Around>,
        realm: &Realm,
        rule: Option<&HbaRule>,
    ) -> Result<Attachment<Pool>> {
        let Some(user) = realm.database.users.get(self.user()) else {
            return Err(Error::wrong_password(self.user()));
        };
        let secret = StoredSecret::parse(user.password.expose());
        let proof = self
            .prove(around, rule, Some(&secret))
            .await?
            .into_proof(self.user())?;
        let server_user = user
            .server_login
            .as_ref()
            .map_or(&user.username, |login| &login.username);
        let key = PoolKey::new(&realm.database.name, server_user, Origin::Static);
        let epoch = KeyEpoch {
            fetch: self.current.epoch,
            hash: secret.fingerprint(),
        };
        let keys = Keys::new(epoch, &secret, proof);
        unless_gone(&mut self.pg, attach(around, &key, keys)).await
    }

    pub(super) async fn log_in_looked_up(
        &mut self,
        around: &Arc<Around>,
        realm: &Realm,
        rule: Option<&HbaRule>,
    ) -> Result<Attachment<Pool>> {
        let Some(service) = &realm.auth_query else {
            // No such user, but that is not for the client to know.
            let outcome = self.prove(around, rule, None).await?;
            return Err(outcome.into_proof(self.user()).err().unwrap_or_else(|| {
                Error::not_allowed(format!("no such user \"{}\"", self.user()))
            }));
        };
        let (secret, proof) = match self.prove_looked_up(around, service, rule).await {
            Ok(proven) => proven,
            Err(error) => {
                service.counters().login_failed();
                return Err(error);
            }
        };
        service.counters().login_succeeded();
        failpoint!("login_after_proof");
        let auth_query = realm.database.auth_query.as_ref();
        if let Some(login) = auth_query.and_then(|a| a.dedicated.as_ref()) {
            let key = PoolKey::new(&realm.database.name, &login.username, Origin::Dedicated);
            let nothing = Keys::new(KeyEpoch::default(), &StoredSecret::Empty, Proof::trusted());
            return unless_gone(&mut self.pg, attach(around, &key, nothing)).await;
        }
        let key = PoolKey::dynamic(&realm.database.name, self.user());
        let keys = Keys::new(secret.epoch, &secret.secret, proof);
        let settings = || {
            let current = around.current();
            let realm = current.databases.get(&*key.database)?;
            let auth_query = realm.database.auth_query.as_ref()?;
            if auth_query.dedicated.is_some() {
                return None;
            }
            let shared = current.shared(realm, &around.buffers);
            Some(shared.dynamic_pool(&key.user, &secret.startup_parameters))
        };
        let log_in = dynamic::log_in(&around.pools, &key, &keys, settings);
        let admitted = unless_gone(&mut self.pg, log_in).await;
        if let Err(error) = &admitted
            && error.sqlstate == SqlState::INVALID_PASSWORD
        {
            // PostgreSQL has another secret by now than the one that this login was checked against.
            service.note_wrong_password(self.user());
        }
        admitted
    }
}

/// A pool that needs no first login: attach, and learn what its servers report.
async fn attach(around: &Around, key: &PoolKey, keys: Keys) -> Result<Attachment<Pool>> {
    let Some(attachment) = around.pools.registry.attach(key) else {
        return Err(Error::shutdown(
            "the database was removed from the configuration",
        ));
    };
    let pool = attachment.pool();
    if !matches!(keys.credential, Credential::None) {
        pool.keys.offer(keys);
    }
    let ask = || async {
        let reported = dynamic::get_server_parameters(pool, None).await;
        reported.map_err(|error| error.for_client(pool))
    };
    pool.parameters.get_or_ask(ask).await?;
    pool.login_committed();
    Ok(attachment)
}
