//! Single values of the tree, read as one type or refused with a sentence.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::tree::{Node, Value};
use super::units;

/// A text without NUL, which PostgreSQL's protocol can't carry.
pub(super) fn text(node: &Node) -> Result<&str, String> {
    match &node.value {
        Value::Text(text) if text.contains('\0') => Err("can't have a NUL in it".to_owned()),
        Value::Text(text) => Ok(text),
        Value::Int(_) | Value::Bool(_) => Err(format!(
            "expected a text, found {}: put it in quotation marks",
            node.value.kind()
        )),
        _ => Err(unexpected("a text", node)),
    }
}

pub(super) fn unexpected(wanted: &str, node: &Node) -> String {
    format!("expected {wanted}, found {}", node.value.kind())
}

pub(super) fn integer<T: TryFrom<i64>>(
    node: &Node,
    range: RangeInclusive<i64>,
) -> Result<T, String> {
    let Value::Int(number) = node.value else {
        return Err(unexpected("a number", node));
    };
    let fitting = range.contains(&number).then(|| T::try_from(number).ok());
    fitting
        .flatten()
        .ok_or_else(|| format!("must be from {} to {}", range.start(), range.end()))
}

pub(super) fn duration(node: &Node) -> Result<Duration, String> {
    match &node.value {
        Value::Int(count) => units::milliseconds(*count),
        Value::Text(text) => units::duration(text),
        _ => Err(unexpected("a time such as \"500ms\"", node)),
    }
}

pub(super) fn comma_list(text: &str) -> Vec<String> {
    let words = text.split(',').map(str::trim);
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a value asks for nothing: 0, false, nothing in it, or one of these texts.
pub(super) fn is_off(node: &Node, texts: &[&str]) -> bool {
    match &node.value {
        Value::Null | Value::Bool(false) | Value::Int(0) => true,
        Value::Text(text) => {
            let is_zero = units::duration(text).is_ok_and(|time| time.is_zero());
            text.trim().is_empty() || is_zero || texts.contains(&text.as_str())
        }
        Value::List(items) => items.is_empty(),
        Value::Table(entries) => entries.is_empty(),
        _ => false,
    }
}
