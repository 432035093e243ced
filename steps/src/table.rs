//! The tables and lists of the features: rows of cells, with or without a heading, names.

use cucumber::gherkin::Step as GherkinStep;

use crate::surprise::{Step, Surprise};

/// All rows of a step's table, the heading included.
pub fn rows(step: &GherkinStep) -> Step<&[Vec<String>]> {
    let table = step
        .table
        .as_ref()
        .ok_or_else(|| Surprise::new("the step needs a table"))?;
    Ok(&table.rows)
}

/// The rows of a two-column table.
pub fn pairs(step: &GherkinStep) -> Step<Vec<(&str, &str)>> {
    rows(step)?
        .iter()
        .map(|row| match &row[..] {
            [name, value] => Ok((name.as_str(), value.as_str())),
            _ => Err(Surprise::new("the table needs two columns")),
        })
        .collect()
}

/// The heading, and the rows below it.
pub fn headed(step: &GherkinStep) -> Step<(&[String], &[Vec<String>])> {
    let (heading, rows) = rows(step)?
        .split_first()
        .ok_or_else(|| Surprise::new("the table is empty"))?;
    Ok((heading, rows))
}

/// The names in `alice, bob and carol`.
pub fn list(names: &str) -> Vec<&str> {
    names
        .split(", ")
        .flat_map(|part| part.split(" and "))
        .collect()
}

/// `24*Sync` is 24 times `Sync`; everything else is itself, once.
pub fn times(text: &str) -> (usize, &str) {
    match text.split_once('*') {
        Some((count, rest)) => match count.parse() {
            Ok(count) => (count, rest),
            Err(_) => (1, text),
        },
        None => (1, text),
    }
}

/// Whether a text fits a pattern, in which one `*` may stand for any text.
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        Some((head, tail)) => {
            let rest = text.strip_prefix(head);
            rest.is_some_and(|rest| rest.ends_with(tail))
        }
        None => pattern == text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_multiplies() {
        assert_eq!(times("24*Sync"), (24, "Sync"));
        assert_eq!(times("select 2*3"), (1, "select 2*3"));
    }

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(matches("3.* x", "3.2 x") && matches("x", "x"));
        assert!(!matches("3.* x", "3.2 y") && !matches("3.*", "4.0"));
    }
}
