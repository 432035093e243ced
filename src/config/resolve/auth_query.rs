//! `pools.<name>.auth_query`: users from PostgreSQL.

use std::time::Duration;

use super::MAX_SERVERS;
use super::user::{min_pool_size, server_login};
use crate::config::keys::Scope;
use crate::config::section::Section;
use crate::config::settings::AuthQuery;

/// There is a block, and something required is missing in it; the report says what.
pub(super) struct Unusable;

pub(super) fn auth_query(
    pool: &Section<'_>,
    database: &str,
) -> Result<Option<AuthQuery>, Unusable> {
    let Some(entry) = pool.entry("auth_query") else {
        return Ok(None);
    };
    let path = pool.key("auth_query");
    let section = Section::new(
        pool.reader,
        Scope::AuthQuery,
        path,
        &entry.place,
        &entry.node,
    );
    let section = section.ok_or(Unusable)?;
    let block = block(&section, database);
    section.finish();
    block.map(Some).ok_or(Unusable)
}

fn block(section: &Section<'_>, database: &str) -> Option<AuthQuery> {
    let query = query(section);
    let user = section.require("user", section.name("user"));
    let seconds = |key, default| {
        section
            .duration(key)
            .unwrap_or(Duration::from_secs(default))
    };
    let pool_size = section.integer("pool_size", 1..=MAX_SERVERS).unwrap_or(40);
    let block = AuthQuery {
        password: section.secret("password").unwrap_or_default(),
        database: section
            .name("database")
            .unwrap_or_else(|| database.to_owned()),
        workers: section.integer("workers", 1..=MAX_SERVERS).unwrap_or(2),
        dedicated: server_login(section, "server_user"),
        pool_size,
        min_pool_size: min_pool_size(section, Some(pool_size)),
        cache_ttl: seconds("cache_ttl", 1),
        cache_failure_ttl: seconds("cache_failure_ttl", 30),
        min_interval: seconds("min_interval", 1),
        query: query?,
        user: user?,
    };
    Some(block)
}

/// Without `$1` it would answer every name alike.
fn query(section: &Section<'_>) -> Option<String> {
    let query = section.require("query", section.name("query"))?;
    if !query.contains("$1") {
        section.problem("query", "must have $1 in it, the name of the user");
    }
    Some(query)
}
