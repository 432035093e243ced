//! Logging in to the admin console.

use std::sync::Arc;

use super::{Admitted, Visitor};
use crate::auth::StoredSecret;
use crate::client::around::Around;
use crate::config::hba::HbaMethod;
use crate::config::settings::Secret;
use crate::error::Result;

/// The names of the console's database.
pub const CONSOLE: [&str; 3] = ["pgbouncer", "pgdoorman", "pgturnstile"];

/// What the console reports of itself (drivers look at these before anything else).
pub(super) const CONSOLE_PARAMETERS: [(&str, &str); 8] = [
    ("server_version", "1.25.2/bouncer"),
    ("client_encoding", "UTF8"),
    ("server_encoding", "UTF8"),
    ("DateStyle", "ISO"),
    ("TimeZone", "GMT"),
    ("standard_conforming_strings", "on"),
    ("is_superuser", "on"),
    ("integer_datetimes", "on"),
];

impl Visitor {
    pub(super) async fn log_in_to_console(&mut self, around: &Arc<Around>) -> Result<Admitted> {
        let rule = self.rule()?;
        let general = &self.current.settings.general;
        let console = general.console.clone();
        let user = self.user().to_owned();
        let main = user == console.username;
        let admin = main || console.admin_users.contains(&user);
        let known = admin || console.stats_users.contains(&user);
        let password = if main {
            Some(console.password)
        } else {
            self.static_password(&user)
        };
        let secret = password
            .filter(|password| known && !password.expose().is_empty())
            .map(|password| StoredSecret::parse(password.expose()));
        // A general trust rule opens databases, never the console.
        let rule = rule.filter(|rule| {
            rule.method != HbaMethod::Trust || CONSOLE.iter().any(|name| rule.names_database(name))
        });
        let outcome = self.prove(around, rule.as_ref(), secret.as_ref()).await?;
        outcome.into_proof(&user)?;
        Ok(Admitted::Console { admin })
    }

    pub(super) fn static_password(&self, user: &str) -> Option<Secret> {
        let databases = self.current.databases.values();
        let mut found = databases.filter_map(|realm| realm.database.users.get(user));
        found.next().map(|user| user.password.clone())
    }
}
