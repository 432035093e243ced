//! `pools.<name>.users`: a list, or a table whose keys are numbers.

use std::collections::BTreeMap;

use super::{MAX_SERVERS, pool};
use crate::config::keys::Scope;
use crate::config::problem::Place;
use crate::config::section::{Section, join};
use crate::config::settings::{PoolMode, ServerLogin, StaticUser};
use crate::config::tree::{Node, Value};
use crate::config::value::unexpected;

pub(super) fn users(section: &Section<'_>, mode: PoolMode) -> BTreeMap<String, StaticUser> {
    let mut users: BTreeMap<String, (StaticUser, Place)> = BTreeMap::new();
    for (path, place, node) in items(section) {
        let Some(item) = Section::new(section.reader, Scope::User, path, place, node) else {
            continue;
        };
        let place = item.place_of("username").clone();
        let user = user(&item, mode);
        if let Some((_, first)) = user.as_ref().and_then(|user| users.get(&user.username)) {
            let reason = format!("this user is there twice, first on line {}", first.line());
            item.problem("username", reason);
        } else if let Some(user) = user {
            users.insert(user.username.clone(), (user, place));
        }
        item.finish();
    }
    users
        .into_iter()
        .map(|(name, (user, _))| (name, user))
        .collect()
}

/// The full path, place and node of each user.
fn items<'a>(section: &Section<'a>) -> Vec<(String, &'a Place, &'a Node)> {
    let Some(entry) = section.entry("users") else {
        return Vec::new();
    };
    let path = section.key("users");
    match &entry.node.value {
        Value::List(items) => {
            let numbered = items.iter().enumerate();
            numbered
                .map(|(n, item)| (join(&path, &n.to_string()), &item.place, item))
                .collect()
        }
        Value::Table(entries) => {
            for entry in entries.iter().filter(|entry| !is_number(&entry.key)) {
                let reason = "the key of a user must be a number";
                section
                    .reader
                    .problem(&entry.place, &join(&path, &entry.key), reason);
            }
            let numbered = entries.iter().filter(|entry| is_number(&entry.key));
            numbered
                .map(|e| (join(&path, &e.key), &e.place, &e.node))
                .collect()
        }
        _ => {
            section.problem("users", unexpected("a list of tables", &entry.node));
            Vec::new()
        }
    }
}

fn is_number(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

/// `None` when something required is missing.
fn user(section: &Section<'_>, pool_mode: PoolMode) -> Option<StaticUser> {
    let username = section.require("username", section.name("username"));
    let password = section.require("password", section.secret("password"));
    let pool_size = section.integer("pool_size", 1..=MAX_SERVERS);
    let pool_size = section.require("pool_size", pool_size);
    let min_pool_size = min_pool_size(section, pool_size);
    let mode = pool::mode(section).unwrap_or(pool_mode);
    let lifetime = section.entry("server_lifetime");
    let lifetime = lifetime.map(|_| section.limit("server_lifetime", None));
    let server_login = server_login(section, "server_username");
    Some(StaticUser {
        username: username?,
        password: password?,
        pool_size: pool_size?,
        min_pool_size,
        mode,
        lifetime,
        server_login,
    })
}

/// Also of the `auth_query` block.
pub(super) fn min_pool_size(section: &Section<'_>, pool_size: Option<u32>) -> u32 {
    let min = section
        .integer("min_pool_size", 0..=MAX_SERVERS)
        .unwrap_or(0);
    if let Some(size) = pool_size.filter(|size| min > *size) {
        section.problem(
            "min_pool_size",
            format!("more than pool_size, which is {size}"),
        );
    }
    min
}

/// A fixed login at PostgreSQL: the user under `user_key`, and `server_password`; also of the
/// `auth_query` block. Without a password PostgreSQL is expected to ask for none.
pub(super) fn server_login(section: &Section<'_>, user_key: &'static str) -> Option<ServerLogin> {
    let username = section.name(user_key);
    let password = section.secret("server_password");
    if section.entry("server_password").is_some() && section.entry(user_key).is_none() {
        section.problem("server_password", format!("needs {user_key} too"));
    }
    Some(ServerLogin {
        username: username?,
        password: password.unwrap_or_default(),
    })
}
