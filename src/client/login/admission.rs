//! Whether a client may come in this way at all: TLS and the HBA rules.

use super::Visitor;
use crate::client::hba::{self, Who};
use crate::config::hba::{HbaMethod, HbaRule};
use crate::config::settings::ClientTlsMode;
use crate::error::{Error, Result};
use crate::world::Endpoint;

impl Visitor {
    /// The HBA rule that admits this client; `None` = there are no rules, and the secret decides.
    pub(super) fn rule(&self) -> Result<Option<HbaRule>> {
        let general = &self.current.settings.general;
        let tls = self.pg.stream.tls().is_some();
        let local = self.peer.as_ref().is_some_and(Endpoint::is_unix);
        if general.client_tls.mode == ClientTlsMode::Require && !tls && !local {
            return Err(Error::not_allowed(
                "TLS is required here, connect with sslmode=require",
            ));
        }
        let Some(rules) = &general.hba else {
            return Ok(None);
        };
        let who = Who {
            local,
            tls,
            address: self.peer.as_ref().and_then(Endpoint::ip),
            database: self.database(),
            user: self.user(),
        };
        let rule = hba::decide(rules, &who);
        rule.filter(|rule| rule.method != HbaMethod::Reject)
            .cloned()
            .map(Some)
            .ok_or_else(|| self.no_hba_entry(rule.is_some(), tls))
    }

    /// In PostgreSQL's words (`ClientAuthentication` in src/backend/libpq/auth.c).
    pub(super) fn no_hba_entry(&self, rejected: bool, tls: bool) -> Error {
        let why = if rejected {
            "pg_hba.conf rejects connection"
        } else {
            "no pg_hba.conf entry"
        };
        let host = match self.peer.as_ref().and_then(Endpoint::ip) {
            Some(ip) => ip.to_string(),
            None => "[local]".to_owned(),
        };
        let encryption = if tls {
            "SSL encryption"
        } else {
            "no encryption"
        };
        let (user, database) = (self.user(), self.database());
        Error::not_allowed(format!(
            "{why} for host \"{host}\", user \"{user}\", database \"{database}\", {encryption}"
        ))
    }
}
