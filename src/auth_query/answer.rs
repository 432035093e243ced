//! What the rows of an `auth_query` mean.

use std::error::Error as StdError;
use std::fmt;

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Kind, Type};
use zeroize::Zeroizing;

use super::parameters;
use crate::auth::StoredSecret;

/// A user that PostgreSQL knows.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) secret: StoredSecret,
    pub(super) startup_parameters: Vec<(String, String)>,
}

/// An answer that can't be right, in words for the operator.
#[derive(Debug, thiserror::Error)]
pub(super) enum Wrong {
    #[error("it gives more than one row for a user")]
    ManyRows,
    #[error("none of its {0} columns is named passwd or password")]
    NoPassword(usize),
    #[error("the column \"{0}\" is not text")]
    NotText(String),
}

/// No row, and a password that is NULL or empty, mean that there is no such user.
pub(super) fn read(rows: &[Row]) -> Result<Option<Found>, Wrong> {
    let row = match rows {
        [] => return Ok(None),
        [row] => row,
        _ => return Err(Wrong::ManyRows),
    };
    let names: Vec<&str> = row
        .columns()
        .iter()
        .map(tokio_postgres::Column::name)
        .collect();
    let of = |wanted: &str| names.iter().position(|name| *name == wanted);
    let only = (names.len() == 1).then_some(0);
    let column = of("passwd").or_else(|| of("password")).or(only);
    let column = column.ok_or(Wrong::NoPassword(names.len()))?;
    let password = text(row, column)?.filter(|password| !password.is_empty());
    let Some(password) = password else {
        return Ok(None);
    };
    let mut startup_parameters = Vec::new();
    if let Some(column) = of("startup_parameters")
        && let Some(json) = text(row, column)?
    {
        let dropped = |name: &str| {
            tracing::warn!(parameter = ?name, "auth_query: a startup parameter of a user is not usable");
        };
        startup_parameters = parameters::parse(&json, dropped);
    }
    Ok(Some(Found {
        secret: StoredSecret::parse(&password),
        startup_parameters,
    }))
}

/// A value as text, wiped when it is dropped; `None` = NULL.
fn text(row: &Row, column: usize) -> Result<Option<Zeroizing<String>>, Wrong> {
    let value: Result<Option<Text>, _> = row.try_get(column);
    let wrong = |_| Wrong::NotText(row.columns()[column].name().to_owned());
    Ok(value.map_err(wrong)?.map(|text| text.0))
}

/// A value of a type whose binary form is its text.
struct Text(Zeroizing<String>);

impl<'a> FromSql<'a> for Text {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        // The binary form of jsonb has its version, 1, before the text (jsonb.c, `jsonb_send`).
        let raw = match (base(kind), raw) {
            (base, [1, rest @ ..]) if *base == Type::JSONB => rest,
            (base, _) if *base == Type::JSONB => return Err("unknown version of jsonb".into()),
            (_, raw) => raw,
        };
        Ok(Self(Zeroizing::new(std::str::from_utf8(raw)?.to_owned())))
    }

    fn accepts(kind: &Type) -> bool {
        let texts = [
            Type::TEXT,
            Type::VARCHAR,
            Type::BPCHAR,
            Type::NAME,
            Type::UNKNOWN,
            Type::JSON,
            Type::JSONB,
        ];
        texts.contains(base(kind)) || base(kind).name() == "citext"
    }
}

/// The type below all domains.
fn base(kind: &Type) -> &Type {
    match kind.kind() {
        Kind::Domain(below) => base(below),
        _ => kind,
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
