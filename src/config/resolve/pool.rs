//! One `pools.<name>` section.

use super::server::{self, Defaults};
use super::{auth_query, user};
use crate::config::section::Section;
use crate::config::settings::{Cleanup, Database, PoolMode};
use crate::config::tree::Node;
use crate::config::value::text;

/// Names that the admin console answers to, before pools are looked at.
const CONSOLE: &[&str] = &["pgturnstile", "pgbouncer", "pgdoorman"];

pub(super) fn database(section: Section<'_>, name: &str, defaults: &Defaults) -> Option<Database> {
    let itself = |reason| (&section.place, section.path.as_str(), reason);
    if name.is_empty() || name.contains('\0') {
        let (place, key, reason) = itself("not a name that a client could ask for");
        section.reader.problem(place, key, reason);
    }
    if CONSOLE.contains(&name) {
        let (place, key, reason) = itself("can't be reached: the admin console has this name");
        section.reader.warn(place, key, reason);
    }
    let mode = mode(&section).unwrap_or(PoolMode::Transaction);
    let server = server::server(&section, name, defaults);
    let cleanup = cleanup(&section, defaults);
    let users = user::users(&section, mode);
    let auth_query = auth_query::auth_query(&section, &server.database);
    section.finish();
    Some(Database {
        name: name.to_owned(),
        mode,
        cleanup,
        users,
        auth_query: auth_query.ok()?,
        server,
    })
}

/// Also of users, who may differ from their pool.
pub(super) fn mode(section: &Section<'_>) -> Option<PoolMode> {
    section.read("pool_mode", |node: &Node| match text(node)? {
        "transaction" | "Transaction" => Ok(PoolMode::Transaction),
        "session" | "Session" | "statement" | "Statement" => {
            Err("only \"transaction\" is supported yet".to_owned())
        }
        _ => Err("must be \"transaction\"".to_owned()),
    })
}

/// The older `cleanup_server_connections = false` is our `cleanup = "never"`.
fn cleanup(section: &Section<'_>, defaults: &Defaults) -> Option<Cleanup> {
    let older = section.boolean("cleanup_server_connections");
    let own = server::cleanup(section);
    if older == Some(false) && own.is_none() {
        let reason = "false means cleanup = \"never\": clients see what others left in a session";
        section.warn("cleanup_server_connections", reason);
        return Some(Cleanup::Never);
    }
    own.or(defaults.cleanup)
}
