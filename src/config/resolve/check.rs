//! Checks that need the whole: what can't work although every key is right by itself.

use crate::config::hba::{HbaMethod, HbaRule, NameMatch};
use crate::config::section::Section;
use crate::config::settings::{Database, Settings};

/// `general` is the section that the findings are pinned to.
pub(super) fn everything(general: &Section<'_>, settings: &Settings) {
    let rules = settings.general.hba.iter().flatten();
    for rule in rules.filter(|rule| rule.method == HbaMethod::Trust) {
        trust_without_keys(general, settings, rule);
    }
    let console = &settings.general.console;
    for (key, names) in [
        ("admin_users", &console.admin_users),
        ("stats_users", &console.stats_users),
    ] {
        for name in names {
            if !settings
                .databases
                .values()
                .any(|d| d.users.contains_key(name))
            {
                general.warn(key, format!("no pool has a static user \"{name}\""));
            }
        }
    }
}

/// SCRAM keys are learnt from the client's own proof, which a trust rule does not ask for.
fn trust_without_keys(general: &Section<'_>, settings: &Settings, rule: &HbaRule) {
    let passes_through = |d: &&Database| {
        d.auth_query
            .as_ref()
            .is_some_and(|block| block.dedicated.is_none())
    };
    let databases = settings.databases.values().map(|database| &**database);
    for database in databases
        .filter(passes_through)
        .filter(|d| applies(rule, &d.name))
    {
        let reason = format!(
            "the trust rule on line {} lets clients of {} in without a proof: where PostgreSQL asks \
             for SCRAM there are no keys to log in with (SQLSTATE 28000)",
            rule.line, database.name
        );
        general.warn("pg_hba", reason);
    }
}

fn applies(rule: &HbaRule, database: &str) -> bool {
    rule.databases.iter().any(|name| match name {
        NameMatch::All | NameMatch::SameUser => true,
        NameMatch::Exact(name) => name == database,
        NameMatch::Pattern(pattern) => pattern.matches(database),
        NameMatch::Replication => false,
    })
}
