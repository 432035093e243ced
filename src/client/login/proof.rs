//! How a client proves who it is, whichever way its secret is known.

use std::sync::Arc;
use std::time::Duration;

use super::Visitor;
use crate::auth::{Proof, StoredSecret};
use crate::auth_query::service::AuthQueryService;
use crate::auth_query::verifier::UserSecret;
use crate::client::around::Around;
use crate::client::challenge::{self, Ask, Method, Outcome};
use crate::config::hba::{HbaMethod, HbaRule};
use crate::error::{Error, Result};
use crate::world::Endpoint;

impl Visitor {
    pub(super) async fn prove_looked_up(
        &mut self,
        around: &Arc<Around>,
        service: &AuthQueryService,
        rule: Option<&HbaRule>,
    ) -> Result<(Arc<UserSecret>, Proof)> {
        let user = self.user().to_owned();
        let limit = self.time_to_look_up(around);
        let found = service.look_up(&user, limit).await?;
        let outcome = self
            .prove(around, rule, found.as_deref().map(|f| &f.secret))
            .await?;
        match (outcome, found) {
            (Outcome::Proven(proof), Some(found)) => Ok((found, proof)),
            (Outcome::WrongMd5(answer), Some(found)) => {
                // The hash may be of yesterday: the same answer is tried on today's.
                let limit = self.time_to_look_up(around);
                let newer = service.look_up_again(&user, found.fetch, limit).await?;
                let proven = newer.and_then(|newer| {
                    let proof = answer.fits(&user, &newer.secret)?;
                    Some((newer, proof))
                });
                proven.ok_or_else(|| Error::wrong_password(&user))
            }
            (Outcome::Refused, Some(_)) => {
                service.note_wrong_password(&user);
                Err(Error::wrong_password(&user))
            }
            (_, _) => Err(Error::wrong_password(&user)),
        }
    }

    /// A little less than what is left of the login, so that the client is told which of the two
    /// was too slow.
    pub(super) fn time_to_look_up(&self, around: &Around) -> Duration {
        let left = self.deadline.saturating_duration_since(around.world.now());
        left.saturating_sub((left / 10).min(Duration::from_millis(250)))
    }

    pub(super) async fn prove(
        &mut self,
        around: &Around,
        rule: Option<&HbaRule>,
        secret: Option<&StoredSecret>,
    ) -> Result<Outcome> {
        let method = match rule.map(|rule| rule.method) {
            None => Method::of_secret(secret),
            Some(HbaMethod::Trust) => Method::Trust,
            Some(HbaMethod::Md5) => Method::Md5,
            Some(HbaMethod::Password) => Method::Cleartext,
            Some(HbaMethod::ScramSha256 | HbaMethod::Reject) => Method::Scram,
        };
        if method == Method::Cleartext && self.pg.stream.tls().is_none() {
            let local = self.peer.as_ref().is_some_and(Endpoint::is_unix);
            if !local {
                let message = "password authentication is refused without TLS";
                return Err(Error::not_allowed(message));
            }
        }
        // Trust says nothing of who exists: an unknown user is still nobody.
        if method == Method::Trust && secret.is_none() {
            return Ok(Outcome::Refused);
        }
        let user = self.hello.get("user").unwrap_or_default().to_owned();
        let ask = Ask {
            user: &user,
            method,
            secret,
            stand_ins: &around.stand_ins,
            endpoint_hash: self.endpoint.as_deref(),
        };
        challenge::challenge(&mut self.pg, &around.world, ask).await
    }
}
