//! The main file and those it includes, as one tree.

use std::path::Path;

use super::keys::Scope;
use super::problem::Place;
use super::reader::Reader;
use super::section::Section;
use super::tree::{self, Node, Value};

/// The merged tree; `None` when a file can't be read or parsed, which is reported.
pub(super) fn tree(reader: &Reader<'_>, path: &Path) -> Option<Node> {
    let text = match reader.text(path) {
        Ok(text) => text,
        Err(reason) => {
            reader.problem(&Place::whole(path), "", reason);
            return None;
        }
    };
    let mut main = parse(reader, path, &text)?;
    let included = included(reader, &main)?;
    for node in included {
        tree::merge(&mut main, node);
    }
    Some(main)
}

fn parse(reader: &Reader<'_>, path: &Path, text: &str) -> Option<Node> {
    let parsed = tree::parse(path, text);
    parsed.map_err(|problems| reader.problems(problems)).ok()
}

/// The trees of `include.files`, in their order; all are read before any fault ends the matter.
fn included(reader: &Reader<'_>, main: &Node) -> Option<Vec<Node>> {
    let root = Section::new(reader, Scope::Root, String::new(), &main.place, main)?;
    let Some(entry) = root.entry("include") else {
        return Some(Vec::new());
    };
    let path = root.key("include");
    let section = Section::new(reader, Scope::Include, path, &entry.place, &entry.node)?;
    let names = section.words("files").unwrap_or_default();
    let read = |name: &String| match reader.text(Path::new(name)) {
        Ok(text) => without_include(reader, parse(reader, Path::new(name), &text)?),
        Err(reason) => {
            section.problem("files", format!("{name}: {reason}"));
            None
        }
    };
    let trees: Vec<Option<Node>> = names.iter().map(read).collect();
    section.finish();
    trees.into_iter().collect()
}

/// Included files include nothing themselves, so that there are no circles.
fn without_include(reader: &Reader<'_>, tree: Node) -> Option<Node> {
    if let Value::Table(entries) = &tree.value
        && let Some(entry) = entries.iter().find(|entry| entry.key == "include")
    {
        let reason = "only the main file can include others";
        reader.problem(&entry.place, "include", reason);
        return None;
    }
    Some(tree)
}
