//! The tree to settings: defaults, checks within and between keys.

mod auth_query;
mod check;
mod general;
mod hba;
mod pool;
mod server;
mod startup;
mod tls;
mod user;
mod web;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::keys::Scope;
use super::reader::Reader;
use super::section::{Section, join};
use super::settings::{Database, Settings};
use super::tree::{Node, Value};
use server::Defaults;

/// PostgreSQL's own bound on connections (`MAX_BACKENDS` in postmaster.h): no pool can be larger.
const MAX_SERVERS: i64 = 262_143;

/// `None` when something required is missing; every problem is in the reader's report.
pub(super) fn settings(reader: &Reader<'_>, tree: &Node) -> Option<Settings> {
    let root = Section::new(reader, Scope::Root, String::new(), &tree.place, tree)?;
    // `config::file` has read and merged it.
    root.entry("include");
    web::check(&root, "web");
    web::check(&root, "prometheus");
    let section = general_section(&root);
    let (general, defaults) = match &section {
        Some(section) => (general::general(section), server::defaults(section)),
        None => (None, Defaults::default()),
    };
    let databases = pools(&root, &defaults);
    root.finish();
    let section = section?;
    let settings = general
        .zip(databases)
        .map(|(general, databases)| Settings { general, databases });
    if let Some(settings) = &settings {
        check::everything(&section, settings);
    }
    section.finish();
    settings
}

fn general_section<'a>(root: &Section<'a>) -> Option<Section<'a>> {
    let entry = root.require("general", root.entry("general"))?;
    let path = root.key("general");
    Section::new(root.reader, Scope::General, path, &entry.place, &entry.node)
}

fn pools(root: &Section<'_>, defaults: &Defaults) -> Option<BTreeMap<String, Arc<Database>>> {
    let entry = root.require("pools", root.entry("pools"))?;
    let Value::Table(entries) = &entry.node.value else {
        root.problem("pools", super::value::unexpected("a table", &entry.node));
        return None;
    };
    let mut databases = BTreeMap::new();
    for entry in entries {
        let path = join("pools", &entry.key);
        let reader = root.reader;
        let section = Section::new(reader, Scope::Pool, path, &entry.place, &entry.node);
        let database = section.and_then(|section| pool::database(section, &entry.key, defaults));
        if let Some(database) = database {
            databases.insert(entry.key.clone(), Arc::new(database));
        }
    }
    Some(databases)
}
