//! Where a password may come from: the file itself, the environment, or a file of its own.

use zeroize::Zeroizing;

use super::reader::{Reader, relative_to};
use super::settings::Secret;
use super::tree::{Entry, Node, Value};
use super::value::{text, unexpected};

/// Room for any SCRAM verifier or token; a longer one is a wrong file.
const LONGEST: usize = 4096;

/// Reads a secret. An error names where it should come from, never what it is.
pub(super) fn read(reader: &Reader<'_>, node: &Node) -> Result<Secret, String> {
    let Value::Table(entries) = &node.value else {
        return match &node.value {
            Value::Text(_) => checked(text(node)?),
            Value::Int(_) => text(node).and_then(checked),
            _ => Err(unexpected(
                "a text, { env = \"…\" } or { file = \"…\" }",
                node,
            )),
        };
    };
    let [Entry { key, node, .. }] = entries.as_slice() else {
        return Err("expected exactly one of env and file".to_owned());
    };
    match key.as_str() {
        "env" => from_environment(reader, text(node)?),
        "file" => from_file(reader, node),
        _ => Err("expected exactly one of env and file".to_owned()),
    }
}

fn from_environment(reader: &Reader<'_>, name: &str) -> Result<Secret, String> {
    match reader.variable(name) {
        Some(value) => checked(&value),
        None => Err(format!("the environment has no variable {name}")),
    }
}

/// One line end at the end of the file is not part of the secret.
fn from_file(reader: &Reader<'_>, node: &Node) -> Result<Secret, String> {
    let path = relative_to(&node.place.file, text(node)?);
    let content: Zeroizing<String> = reader
        .text(&path)
        .map_err(|reason| format!("{}: {reason}", path.display()))?;
    let line = content.strip_suffix('\n').unwrap_or(&content);
    checked(line.strip_suffix('\r').unwrap_or(line))
}

fn checked(text: &str) -> Result<Secret, String> {
    if text.len() > LONGEST {
        return Err(format!("longer than {LONGEST} bytes"));
    }
    if text.contains('\0') {
        return Err("can't have a NUL in it".to_owned());
    }
    if text.starts_with("jwt-pkey-fpath:") {
        return Err("JWT keys are not supported".to_owned());
    }
    Ok(Secret::new(text))
}
