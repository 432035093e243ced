//! What a statement comes to: rows and a tag, in text or binary as the client wants them.

use crate::error::{Error, ErrorKind, Result};
use crate::wire::SqlState;
use crate::wire::encode::{self, Column};

/// A value. Integers fit the column that they are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Text(String),
    Number(i64),
    Null,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<i32> for Cell {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

/// The answer to one statement.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    /// Empty = a statement without rows.
    pub(super) columns: Vec<Column<'static>>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// Of the CommandComplete; `None` = the query was empty.
    pub(super) tag: Option<&'static str>,
    pub(super) notice: Option<Notice>,
}

#[derive(Debug, Clone)]
pub(super) struct Notice {
    pub(super) message: &'static str,
    pub(super) detail: Option<String>,
}

impl Reply {
    pub(super) fn table(columns: &[Column<'static>], rows: Vec<Vec<Cell>>) -> Self {
        debug_assert!(rows.iter().all(|row| row.len() == columns.len()));
        Self {
            columns: columns.to_vec(),
            rows,
            tag: Some("SHOW"),
            notice: None,
        }
    }

    pub(super) fn done(tag: &'static str) -> Self {
        Self {
            tag: Some(tag),
            ..Self::default()
        }
    }

    /// Rows and the end of the statement; the notice goes ahead.
    pub(super) fn body(&self, formats: &[i16], out: &mut Vec<u8>) {
        if let Some(notice) = &self.notice {
            encode::notice(out, notice.message, notice.detail.as_deref());
        }
        for row in &self.rows {
            push_row(&self.columns, row, formats, out);
        }
        match self.tag {
            Some(tag) => encode::command_complete(out, tag),
            None => encode::empty_query(out),
        }
    }
}

pub(super) fn push_row(columns: &[Column<'_>], row: &[Cell], formats: &[i16], out: &mut Vec<u8>) {
    let values: Vec<_> = row
        .iter()
        .enumerate()
        .map(|(at, cell)| value(cell, columns[at].type_oid, format(formats, at)))
        .collect();
    encode::data_row(out, values.iter().map(Option::as_deref));
}

/// RowDescription, or NoData; `formats` as Bind gives them.
pub(super) fn describe(columns: &[Column<'_>], formats: &[i16], out: &mut Vec<u8>) {
    if columns.is_empty() {
        return encode::no_data(out);
    }
    let mut columns = columns.to_vec();
    for (at, column) in columns.iter_mut().enumerate() {
        column.format = format(formats, at);
    }
    encode::row_description(out, &columns);
}

/// There is text and binary. PostgreSQL looks only when it sends a first row
/// (`printtup_prepare_info` in src/backend/access/common/printtup.c).
///
/// # Errors
/// 22023 for any other format.
pub(super) fn check_formats(formats: &[i16]) -> Result<()> {
    match formats.iter().find(|code| !matches!(code, 0 | 1)) {
        Some(code) => Err(Error::new(
            ErrorKind::Unsupported,
            SqlState::INVALID_PARAMETER_VALUE,
            format!("unsupported format code: {code}"),
        )),
        None => Ok(()),
    }
}

/// Bind's rule: none = all text, one = for all, else one each.
fn format(formats: &[i16], at: usize) -> i16 {
    match formats {
        [] => 0,
        [one] => *one,
        each => each.get(at).copied().unwrap_or(0),
    }
}

fn value(cell: &Cell, type_oid: u32, format: i16) -> Option<Vec<u8>> {
    match cell {
        Cell::Null => None,
        Cell::Text(text) => Some(text.clone().into_bytes()),
        Cell::Number(number) if format == 1 => Some(binary(*number, type_oid)),
        Cell::Number(number) => Some(number.to_string().into_bytes()),
    }
}

fn binary(number: i64, type_oid: u32) -> Vec<u8> {
    match type_oid {
        23 => i32::try_from(number)
            .unwrap_or(i32::MAX)
            .to_be_bytes()
            .to_vec(),
        1700 => numeric(number),
        _ => number.to_be_bytes().to_vec(),
    }
}

/// `numeric_send` (src/backend/utils/adt/numeric.c): digits of base 10,000, the highest first.
fn numeric(number: i64) -> Vec<u8> {
    let mut digits = Vec::new();
    let mut rest = number.unsigned_abs();
    while rest > 0 {
        digits.push(u16::try_from(rest % 10_000).unwrap_or(0));
        rest /= 10_000;
    }
    digits.reverse();
    let count = u16::try_from(digits.len()).unwrap_or(0);
    let sign: u16 = if number < 0 { 0x4000 } else { 0 };
    let head = [count, count.saturating_sub(1), sign, 0];
    let all = head.into_iter().chain(digits);
    all.flat_map(u16::to_be_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sent_as_asked() {
        let number = Cell::Number(12_345_678);
        assert_eq!(value(&number, 1700, 0).unwrap(), b"12345678");
        assert_eq!(value(&number, 23, 1).unwrap(), 12_345_678_i32.to_be_bytes());
        assert_eq!(value(&number, 20, 1).unwrap(), 12_345_678_i64.to_be_bytes());
        // 1234 * 10^4 + 5678
        let wanted: Vec<u8> = [2_u16, 1, 0, 0, 1234, 5678]
            .into_iter()
            .flat_map(u16::to_be_bytes)
            .collect();
        assert_eq!(value(&number, 1700, 1).unwrap(), wanted);
        assert_eq!(numeric(0), [0; 8]);
        assert_eq!(value(&Cell::Null, 25, 1), None);
    }

    #[test]
    fn there_are_two_formats() {
        assert!(check_formats(&[]).is_ok() && check_formats(&[0, 1]).is_ok());
        let error = check_formats(&[0, 7]).unwrap_err();
        assert_eq!(error.sqlstate, SqlState::INVALID_PARAMETER_VALUE);
        assert_eq!(error.message, "unsupported format code: 7");
    }

    #[test]
    fn one_format_serves_all_columns() {
        assert_eq!(
            (format(&[], 3), format(&[1], 3), format(&[0, 1], 1)),
            (0, 1, 1)
        );
    }
}
