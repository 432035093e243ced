//! The example file loads, as it stands and with every example taken, and names every key.

use super::*;
use crate::config::keys::{Fate, Scope, all};
use crate::config::tree::{Entry, Value, parse};

const EXAMPLE: &str = include_str!("../../../pgturnstile.example.toml");

/// Other spellings of what the example shows, named in its prose only.
const IN_PROSE: &[&str] = &[
    "prometheus",
    "path",
    "content",
    "client_prepared_statements_cache_size",
];

/// The example with the `#` taken from every line that has a key, a table or a rule behind it.
fn taken() -> String {
    let line = |line: &'static str| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => rest,
        _ => line,
    };
    EXAMPLE.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn it_loads() {
    assert_eq!(Folder::new().warned("pgturnstile.toml", EXAMPLE), [""; 0]);
}

#[test]
fn it_loads_with_every_example_taken() {
    let folder = Folder::new();
    std::fs::copy(folder.path("server.crt"), folder.path("client.crt")).unwrap();
    std::fs::copy(folder.path("server.key"), folder.path("client.key")).unwrap();
    std::fs::copy(folder.path("server.crt"), folder.path("ca.crt")).unwrap();
    folder.write("app_owner.secret", "x");
    let text = taken().replace("APP_OWNER_PASSWORD", "SECRET");
    assert_eq!(folder.warned("pgturnstile.toml", &text), [""; 0]);
}

#[test]
fn it_names_every_key_that_is_obeyed() {
    let tree = parse(Path::new("e.toml"), &taken()).ok().unwrap();
    let Value::Table(root) = &tree.value else {
        panic!("a table expected");
    };
    let app = below(below(root, "pools"), "app");
    let Value::List(users) = &find(app, "users").node.value else {
        panic!("a list expected");
    };
    let Value::Table(user) = &users[0].value else {
        panic!("a table expected");
    };
    for key in all().filter(|key| key.fate == Fate::Obeyed && !IN_PROSE.contains(&key.name)) {
        for scope in key.scopes {
            let entries = match scope {
                Scope::Root => root,
                Scope::General => below(root, "general"),
                Scope::Pool => app,
                Scope::User => user,
                Scope::AuthQuery => below(app, "auth_query"),
                Scope::Hba => continue,
                Scope::Include => below(root, "include"),
                Scope::Web => below(root, "web"),
            };
            find(entries, key.name);
        }
    }
    for name in IN_PROSE {
        assert!(EXAMPLE.contains(name), "{name}");
    }
}

fn find<'a>(entries: &'a [Entry], key: &str) -> &'a Entry {
    let found = entries.iter().find(|entry| entry.key == key);
    found.unwrap_or_else(|| panic!("the example lacks {key}"))
}

fn below<'a>(entries: &'a [Entry], key: &str) -> &'a [Entry] {
    match &find(entries, key).node.value {
        Value::Table(entries) => entries,
        _ => panic!("{key} is no table"),
    }
}
