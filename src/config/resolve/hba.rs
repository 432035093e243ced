//! `general.pg_hba`: a text of rules, `{ path = "…" }` or `{ content = "…" }`.

use crate::config::hba::{HbaRule, Source, parse};
use crate::config::keys::Scope;
use crate::config::section::Section;
use crate::config::tree::{Entry, Value};
use crate::config::value::{text, unexpected};

/// `None` = not given. A given text without rules lets nobody in, as PostgreSQL's would.
pub(super) fn rules(general: &Section<'_>) -> Option<Vec<HbaRule>> {
    let entry = general.entry("pg_hba")?;
    match &entry.node.value {
        Value::Text(_) => Some(inline(general, "pg_hba", entry)),
        Value::Table(_) => {
            let path = general.key("pg_hba");
            let node = &entry.node;
            let section = Section::new(general.reader, Scope::Hba, path, &entry.place, node)?;
            let rules = either(&section);
            section.finish();
            Some(rules)
        }
        _ => {
            let wanted = "a text, { path = \"…\" } or { content = \"…\" }";
            general.problem("pg_hba", unexpected(wanted, &entry.node));
            None
        }
    }
}

fn either(section: &Section<'_>) -> Vec<HbaRule> {
    match (section.entry("path"), section.entry("content")) {
        (Some(_), None) => file(section),
        (None, Some(entry)) => inline(section, "content", entry),
        _ => {
            let reason = "expected exactly one of path and content";
            section
                .reader
                .problem(&section.place, &section.path, reason);
            Vec::new()
        }
    }
}

fn inline(section: &Section<'_>, key: &'static str, entry: &Entry) -> Vec<HbaRule> {
    match text(&entry.node) {
        Ok(text) => {
            let source = Source::Inline(&entry.place);
            parse(section.reader, &source, &section.key(key), text)
        }
        Err(reason) => {
            section.problem(key, reason);
            Vec::new()
        }
    }
}

fn file(section: &Section<'_>) -> Vec<HbaRule> {
    let Some(path) = section.file("path") else {
        return Vec::new();
    };
    match section.reader.text(&path.value) {
        Ok(text) => {
            let source = Source::File(&path.value);
            parse(section.reader, &source, &section.path, &text)
        }
        Err(reason) => {
            section.problem("path", format!("{}: {reason}", path.value.display()));
            Vec::new()
        }
    }
}
